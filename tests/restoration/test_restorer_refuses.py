# SPDX-License-Identifier: Apache-2.0
"""What a restorer refuses: models, doses and scans it can do nothing with."""

import numpy as np
import pytest
from small_model import model

from lessgad import Restorer
from lessgad.errors import CalibrationError, DoseError, ModelError, StudyError


def test_a_model_that_is_not_there(tmp_path):
    with pytest.raises(ModelError, match=r"no model\.yaml"):
        Restorer.load(str(tmp_path / "nowhere"))


def test_a_model_with_pre_contrast_asks_for_it(tmp_path, scan):
    restorer = model(tmp_path, inputs=("pre_contrast", "low_dose"))
    assert restorer.needs_pre_contrast
    with pytest.raises(ModelError, match="pre-contrast"):
        restorer.restore(scan, 0.1)
    assert not model(tmp_path / "other").needs_pre_contrast


def test_a_model_of_one_dose_refuses_others(tmp_path, scan):
    restorer = model(tmp_path, dose=0.3)
    for near in (0.3, 0.304):
        restorer.restore(scan, near)
    for other in (0.1, 0.31, 0.0, 1.0):
        with pytest.raises(DoseError, match="30 %"):
            restorer.restore(scan, other)
    with pytest.raises(DoseError, match="30 %"):
        model(tmp_path / "t1", dose=0.3, inputs=("pre_contrast", "low_dose")).restore(scan, 0.1)


def test_a_model_of_dose_zero_refuses_others(tmp_path, scan):
    restorer = model(tmp_path, dose=0.0)
    restorer.restore(scan, 0.0)
    with pytest.raises(DoseError, match="0 %"):
        restorer.restore(scan, 0.1)


@pytest.mark.parametrize("dose", [-0.1, 1.01, 10.0, float("nan"), float("inf")])
@pytest.mark.parametrize("trained", [None, 0.3])
def test_what_is_no_dose_is_refused(tmp_path, scan, dose, trained):
    with pytest.raises(DoseError, match="between 0 and 1"):
        model(tmp_path, dose=trained).restore(scan, dose)


def test_what_is_no_head_is_refused(lopsided, tmp_path, scan):
    restorer = model(tmp_path)
    with pytest.raises((CalibrationError, StudyError)):
        restorer.restore(scan.with_array(np.full(lopsided.SHAPE, 3.0, dtype=np.float32)), 0.1)


def test_a_model_without_a_t2_takes_none(tmp_path, scan):
    with pytest.raises(ModelError, match="Leave --t2 out"):
        model(tmp_path).restore(scan, 0.3, t2=scan)
