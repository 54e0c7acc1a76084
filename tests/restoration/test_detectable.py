# SPDX-License-Identifier: Apache-2.0
"""The smallest error that the check can find."""

import numpy as np
import pytest
from made_scene import CURVE, DELTA, SHAPE, SIGMA, SPACING, Scene, whole_ball

from lessgad.dose.dose_curve import DoseCurve
from lessgad.dose.simulator import LowDoseSimulator
from lessgad.restoration.discrepancy import find_discrepancy


@pytest.mark.slow
@pytest.mark.parametrize("curve", [None, CURVE])
@pytest.mark.parametrize(("dose", "diameter_mm"), [(0.1, 5.0), (0.1, 10.0), (0.3, 5.0), (0.3, 10.0)])
def test_what_is_called_detectable_is_found_half_of_the_time(dose: float, diameter_mm: float, curve: DoseCurve | None):
    """30 % less is found in fewer than half of the images, 25 % more in more than half."""
    where, n = whole_ball(diameter_mm), 24
    smallest = Scene(dose, curve).check().detectable[diameter_mm]

    def share(factor: float) -> float:
        found = (
            Scene(dose, curve, seed, in_restored=factor * smallest * where).check().unsupported for seed in range(n)
        )
        return float(np.mean([mask[where > 0].any() for mask in found]))

    assert share(0.7) < 0.5 < share(1.25)


def test_less_dose_or_more_noise_hides_more():
    by_dose = [Scene(dose).check().detectable[5.0] for dose in (0.05, 0.1, 0.3, 1.0)]
    assert by_dose == sorted(by_dose, reverse=True)
    noisy = Scene(sigma=2 * SIGMA, sigma_pre_contrast=2 * SIGMA).check().detectable
    quiet = Scene().check().detectable
    assert all(noisy[d] > quiet[d] for d in quiet)
    assert quiet[5.0] > quiet[10.0]


def test_with_the_curve_a_tenth_of_the_dose_tells_more():
    """10 % of the dose gives more than 10 % of the enhancement."""
    assert Scene(0.1, CURVE).check().detectable[5.0] < Scene(0.1).check().detectable[5.0]


def test_the_limit_can_be_told_for_a_region():
    pre, low, truth = Scene(0.2).images()
    given = {"dose": 0.2, "simulator": LowDoseSimulator(sigma=SIGMA), "head": np.ones(SHAPE, bool),
             "spacing_mm": SPACING, "sigma_pre_contrast": SIGMA, "least_error": DELTA}  # fmt: skip
    border = np.zeros(SHAPE, bool)
    border[0] = True
    everywhere = find_discrepancy(pre, low, truth, **given).detectable
    at_border = find_discrepancy(pre, low, truth, region=border, **given).detectable
    none = find_discrepancy(pre, low, truth, region=np.zeros(SHAPE, bool), **given).detectable
    assert at_border[5.0] > 1.1 * everywhere[5.0]  # fewer neighbors to average with
    assert none == everywhere
