# SPDX-License-Identifier: Apache-2.0
"""Whether what a field guesses at dose 0 serves validation patients, by fields that are right or wrong on purpose."""

import numpy as np
import pytest

from lessgad.dose.simulator import LowDoseSimulator
from lessgad.field.conditional_field import ConditionalField
from lessgad.field.presets import FieldSettings
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.slices import RestoredSlices
from lessgad.training import validation
from lessgad.training.validation import ValidationSlices
from lessgad.training.zero_dose_assessment import assess_zero_dose_estimate

FIELD = ConditionalField(
    FieldSettings(channels=(4, 8), n_blocks=1, feature_channels=4, field_width=4, n_hidden_layers=1)
)


def patient(number, enhancement):
    t1 = np.random.default_rng(number).uniform(-0.8, 0.2, (3, 24, 20)).astype(np.float32)
    t1ce, judged = t1.copy(), np.zeros(t1.shape, dtype=bool)
    judged[:, 5:15, 4:14] = True
    t1ce[judged] += np.float32(enhancement)
    return ValidationSlices(t1, t1ce, (t1, t1ce), LowDoseSimulator(), judged, (1.0, 1.0), f"p{number}")


@pytest.fixture
def guesses_half(monkeypatch):
    """A field that lets everything in the box enhance by ½, whether it does or not."""

    def restore(_field, images, _dose, _spacing_mm, _settings, _numbers, _facts):
        guess = images["low_dose"].copy()
        guess[:, 5:15, 4:14] += np.float32(0.5)
        return RestoredSlices(guess, None)

    monkeypatch.setattr(validation, "restore_slices_in_full", restore)


@pytest.mark.usefixtures("guesses_half")
def test_a_guess_that_is_always_near_serves():
    found = assess_zero_dose_estimate(
        lambda _: FIELD, [patient(n, 0.5 + 0.02 * (n + 1)) for n in range(8)], RestorationSettings()
    )
    assert found.n_patients == 8
    assert 0 < found.bound_db < found.gain_db
    assert found.serves
    gains = [20 * np.log10((0.5 + 0.02 * (n + 1)) / (0.02 * (n + 1))) for n in range(8)]
    assert found.gain_db == pytest.approx(np.mean(gains), abs=0.01)
    assert "guessed from the T1" in found.words


@pytest.mark.usefixtures("guesses_half")
def test_a_guess_that_helps_on_the_mean_but_not_for_sure_is_not_shown():
    found = assess_zero_dose_estimate(
        lambda _: FIELD, [patient(n, 0.5 + 0.02 if n % 2 else 0.1) for n in range(8)], RestorationSettings()
    )
    assert found.gain_db > 0
    assert not found.serves
    assert "the T1 is given back" in found.words


@pytest.mark.usefixtures("guesses_half")
def test_intervals_around_the_t1_cover_what_it_does_not_show():
    found = assess_zero_dose_estimate(lambda _: FIELD, [patient(n, 0.3) for n in range(4)], RestorationSettings())
    assert found.intervals.factor(0.0) == pytest.approx(0.3, abs=1e-6)


@pytest.mark.usefixtures("guesses_half")
def test_two_patients_show_nothing():
    found = assess_zero_dose_estimate(lambda _: FIELD, [patient(n, 0.5) for n in range(2)], RestorationSettings())
    assert (found.n_patients, found.bound_db, found.serves) == (0, None, False)  # infinitely good ones are not counted
    found = assess_zero_dose_estimate(lambda _: FIELD, [patient(n, 0.51) for n in range(2)], RestorationSettings())
    assert (found.n_patients, found.bound_db, found.serves) == (2, None, False)
