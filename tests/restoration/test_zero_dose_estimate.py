# SPDX-License-Identifier: Apache-2.0
"""What `restore` gives at dose 0: the guess where it is shown to help, else the T1."""

import numpy as np
import pytest
from small_model import model

from lessgad import Restorer
from lessgad.errors import ModelError
from lessgad.restoration.conformal_intervals import IntervalCalibration, write_intervals
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.zero_dose_estimate import ZeroDoseEstimate, read_zero_dose_estimate, write_zero_dose_estimate

AROUND = IntervalCalibration(doses=(0.0,), factors=(0.25,), n_patients=9)


def guess(bound_db):
    return ZeroDoseEstimate(n_patients=9, gain_db=1.5, bound_db=bound_db, intervals=AROUND)


def loaded(folder, bound_db):
    model(folder, bias=0.2)
    write_intervals(folder, IntervalCalibration(doses=(0.0, 1.0), factors=(1.0, 1.0), n_patients=9))
    write_zero_dose_estimate(folder, guess(bound_db))
    return Restorer.load(folder, RestorationSettings(precision="fp32"))


@pytest.mark.parametrize("bound_db", [None, -0.4, 0.0])
def test_where_the_guess_is_not_shown_to_help_the_t1_is_given_back(tmp_path, lopsided, bound_db):
    t1, _ = lopsided.pair()
    found = loaded(tmp_path, bound_db).restore_in_full(t1, 0.0)
    np.testing.assert_array_equal(found.image.array, t1.array)
    assert any("the T1 is given back" in words for words in found.cautions)
    finer = loaded(tmp_path, bound_db).restore_in_full(t1, 0.0, spacing_mm=(0.5, 0.5))
    assert finer.image.array.shape[0] >= 2 * t1.array.shape[0] - 2
    assert float(np.ptp(finer.image.array)) == pytest.approx(float(np.ptp(t1.array)), rel=0.3)
    inside = found.half_width.array[found.half_width.array > 0]
    assert float(np.ptp(inside)) == pytest.approx(0, abs=1e-4), "the field says nothing: one width for all"


def test_a_model_without_intervals_has_none_at_dose_0(tmp_path, lopsided):
    t1, _ = lopsided.pair()
    model(tmp_path, bias=0.2)
    write_zero_dose_estimate(tmp_path, guess(-0.4))
    assert Restorer.load(tmp_path, RestorationSettings(precision="fp32")).restore_in_full(t1, 0.0).half_width is None


def test_where_it_is_shown_to_help_the_guess_is_given_and_said_to_be_one(tmp_path, lopsided):
    t1, _ = lopsided.pair()
    restorer = loaded(tmp_path, 0.3)
    found = restorer.restore_in_full(t1, 0.0)
    assert float((found.image.array - t1.array).max()) > 1
    assert any("guessed from the T1" in words for words in found.cautions)
    assert not any("dose 0" in words for words in restorer.restore_in_full(t1, 0.3).cautions)


def test_a_model_that_nobody_looked_into_gives_its_guess_with_a_caution(tmp_path, lopsided):
    t1, _ = lopsided.pair()
    model(tmp_path, bias=0.2)
    found = Restorer.load(tmp_path, RestorationSettings(precision="fp32")).restore_in_full(t1, 0.0)
    assert float((found.image.array - t1.array).max()) > 1
    assert any("was not looked into" in words for words in found.cautions)


def test_a_guess_comes_back_from_disk(tmp_path):
    assert read_zero_dose_estimate(tmp_path) is None
    write_zero_dose_estimate(tmp_path, guess(-0.1))
    assert read_zero_dose_estimate(tmp_path) == guess(-0.1)
    (tmp_path / "guess.yaml").write_text("n_patients: many")
    with pytest.raises(ModelError, match=r"guess\.yaml"):
        read_zero_dose_estimate(tmp_path)
