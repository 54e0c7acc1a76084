# SPDX-License-Identifier: Apache-2.0
"""Noise makes no enhancement: where nothing differs but the noise, the mean difference is zero."""

import numpy as np
import pytest

from lessgad.dose.noise import add_noise
from lessgad.field.measured_enhancement import ScanFacts, measured_enhancement
from lessgad.field.scan_difference import scan_difference
from lessgad.restoration.gaussian_baseline import scaled_average

SIGMA, OF_T1, SHAPE = 0.06, 0.02, (12, 64, 64)


def scans(level, seed=0):
    rng = np.random.default_rng(seed)
    tissue = np.full(SHAPE, level, np.float32)
    return tuple(add_noise(tissue, sigma, rng).astype(np.float32) for sigma in (OF_T1, SIGMA))


@pytest.mark.parametrize("level", [0.2, 0.4, 0.8])
def test_tissue_alone(level):
    t1, low = scans(level)
    standard_error = np.hypot(SIGMA, OF_T1) / np.sqrt(t1.size)
    assert abs(scan_difference(t1, low, SIGMA, OF_T1).mean()) < 4 * standard_error
    assert (low - t1).mean() == pytest.approx((SIGMA**2 - OF_T1**2) / (2 * level), abs=6 * standard_error)


def test_an_unknown_noise_takes_nothing_off():
    t1, low = scans(0.4)
    for known in ((0.0, OF_T1), (SIGMA, 0.0)):
        np.testing.assert_array_equal(scan_difference(t1, low, *known), low - t1)


def test_what_was_not_scanned_is_minus_the_t1():
    t1, low = scans(0.4)
    low[:, :20] = 0
    t1[:, :10] = 0
    found = scan_difference(t1, low, SIGMA, OF_T1)
    np.testing.assert_array_equal(found[:, :20], -t1[:, :20])


def test_a_tenth_of_the_dose_without_contrast_shows_none():
    t1, low = scans(0.3)
    images = t1 - 1, low - 1
    told = ScanFacts((1.0, 1.0, 1.0), OF_T1, misalignment_mm=0.0, sigma_low_dose=SIGMA)
    untold = ScanFacts((1.0, 1.0, 1.0), OF_T1, misalignment_mm=0.0)
    assert measured_enhancement(*images, 0.1, untold).averages[4].mean() == pytest.approx(0.053, abs=0.006)
    assert abs(measured_enhancement(*images, 0.1, told).averages[4].mean()) < 0.006
    assert abs(scaled_average(*images, 0.1, told, 2.2).mean()) < 0.006
