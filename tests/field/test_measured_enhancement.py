# SPDX-License-Identifier: Apache-2.0
"""What a low dose says of the enhancement."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import binary_opening, gaussian_filter

from lessgad.cohort.acquisition import Acquisition
from lessgad.dose.simulation import SimulationSettings, dose_curve
from lessgad.field.gaussian_averages import N_AVERAGES, RIM, WIDTHS_MM, _opened_in_plane, gaussian_averages
from lessgad.field.kernel_sources import N_CONSTANTS, NOISE_CHANNEL, kernel_sources, n_source_channels
from lessgad.field.measured_enhancement import (
    LEAST_DOSE,
    LEVELS_OF_GAIN,
    STANDS_OUT,
    ScanFacts,
    finest_evidence,
    full_dose_gain,
    measured_enhancement,
    noise_of_averages,
)

SPACING = (1.5, 0.8, 0.9)
SEQUENCE = Acquisition(
    field_strength_t=1.5,
    echo_time_ms=10.0,
    repetition_time_ms=500.0,
    scanning_sequence=("SE",),
    flip_angle_rad=1.57,
)


def pair(enhancement=0.4):
    rng = np.random.default_rng(0)
    t1 = np.full((15, 24, 26), -0.45, np.float32) + gaussian_filter(rng.normal(0, 0.3, (15, 24, 26)), 3)
    t1ce = t1.astype(np.float32).copy()
    t1ce[:, 6:18, 6:20] += np.float32(enhancement)
    return t1.astype(np.float32), t1ce


def test_averages_are_those_of_scipy_away_from_the_ends():
    image = np.random.default_rng(1).normal(0, 1, (25, 40, 44)).astype(np.float32)
    found = gaussian_averages(image, SPACING, [12])
    for width, average in zip(WIDTHS_MM, found, strict=True):
        sigmas = [width / mm for mm in SPACING]
        expected = gaussian_filter(image, sigmas, truncate=2.5, mode="nearest")[12] if width else image[12]
        inner = (slice(9, -9), slice(9, -9))
        assert np.abs(average[0][inner] - expected[inner]).max() < 0.02


@given(st.tuples(*[st.integers(1, 12)] * 3), st.floats(0.01, 0.5), st.integers(0, 99))
def test_a_mask_is_opened_as_scipy_opens_it(shape, share, seed):
    mask = np.random.default_rng(seed).random(shape) > share
    np.testing.assert_array_equal(_opened_in_plane(mask), binary_opening(mask, np.ones((1, RIM, RIM), bool)))


def test_a_constant_stays_one_up_to_the_ends():
    image = np.full((5, 9, 8), 0.3, np.float32)
    assert gaussian_averages(image, SPACING, range(5)) == pytest.approx(0.3, abs=1e-6)


@given(st.floats(0.03, 1.0))
def test_a_linear_noise_free_dose_comes_back_whole(dose):
    t1, t1ce = pair()
    low = t1 + np.float32(dose) * (t1ce - t1)
    found = measured_enhancement(t1, low, dose, ScanFacts(SPACING), [7])
    assert found.averages[0, 0] == pytest.approx(t1ce[7] - t1[7], abs=2e-5)


@given(st.floats(0.05, 0.9), st.floats(0.05, 0.8))
def test_a_dose_curve_is_undone_where_the_image_is_smooth(dose, enhancement):
    t1 = np.full((9, 30, 30), -0.45, np.float32)
    t1ce = t1 + np.float32(enhancement)
    curve = dose_curve(SEQUENCE, SimulationSettings())
    low = curve.mix(t1 + 1, t1ce + 1, dose) - 1
    found = measured_enhancement(t1, low, dose, ScanFacts(SPACING, curve=curve), [4])
    assert found.averages[1, 0] == pytest.approx(np.float32(enhancement), rel=0.01)
    linear = measured_enhancement(t1, low, dose, ScanFacts(SPACING), [4])
    assert linear.averages[1, 0].mean() >= enhancement - 1e-4  # more than it is: signal saturates


@pytest.mark.parametrize("noise", [0.0, 0.004])
def test_a_small_lesion_has_its_own_gain_and_not_that_of_its_surroundings(noise):
    dose, saturation, spacing = 0.3, 0.7, (1.0, 1.0, 1.0)
    z, y, x = np.ogrid[-8:9, -12:13, -12:13]
    lesion = z**2 + y**2 + x**2 <= 3**2
    truth = np.where(lesion, 1.0, 0.0)
    low = 1 + dose * truth / (1 - saturation * (1 - dose) * truth)
    low = low + noise * np.random.default_rng(4).standard_normal(low.shape)
    t1 = np.zeros(low.shape, np.float32)
    found = measured_enhancement(t1, (low - 1).astype(np.float32), dose, ScanFacts(spacing, saturation=saturation))
    inner = lesion & (z**2 + y**2 + x**2 <= 2**2)
    assert found.averages[0][inner].mean() == pytest.approx(1.0, abs=0.04)
    widest = gaussian_averages((low - 1).astype(np.float32), spacing, range(17), (WIDTHS_MM[LEVELS_OF_GAIN[0]],))[0]
    diluted = full_dose_gain(widest, np.ones(widest.shape), dose, ScanFacts(spacing, saturation=saturation))
    assert (diluted * (low - 1))[inner].mean() > 1.1


def test_the_narrowest_average_that_stands_out_is_the_evidence():
    rng = np.random.default_rng(5)
    smooth, noise = rng.uniform(-1, 1, (N_AVERAGES, 3, 20, 20)), (0.3, 0.2, 0.1, 0.05, 0.02)
    found = finest_evidence(smooth, noise)
    for index in np.ndindex(found.shape):
        levels = [k for k in (1, 2) if smooth[k][index] > STANDS_OUT * noise[k]]
        assert found[index] == smooth[levels[0] if levels else 3][index]


def test_where_nothing_was_measured_nothing_enhances():
    t1, t1ce = pair()
    for dose in (0.0, 0.99 * LEAST_DOSE):
        assert not measured_enhancement(t1, t1ce, dose, ScanFacts(SPACING), [3]).averages.any()
    one = np.ones((1, 2, 2), np.float32)
    assert full_dose_gain(0 * one, one, LEAST_DOSE, ScanFacts(SPACING)) == pytest.approx(1 / LEAST_DOSE)


def measured_noise(smoothing):
    """Noise of each average as it is measured, and as it is, of noise that is smoothed in plane."""
    rng = np.random.default_rng(2)
    t1 = np.full((21, 60, 64), -0.4, np.float32)
    noise = rng.normal(0, 1, t1.shape).astype(np.float32)
    noise = gaussian_filter(noise, (0, smoothing, smoothing)) if smoothing else noise
    noise *= np.float32(0.03) / noise.std()
    found = measured_enhancement(t1, t1 + noise, 0.2, ScanFacts((1.0, 1.0, 1.0)), range(5, 16))
    truth = [gaussian_filter(noise, width, truncate=2.5)[5:16].std() if width else noise.std() for width in WIDTHS_MM]
    return np.array(found.noise), np.array(truth)


@pytest.mark.parametrize("smoothing", [0.0, 1.0])
def test_the_measured_noise_is_a_little_low_and_follows_the_noise(smoothing):
    """Details of neighboring averages depend on each other; their squares add up to 0.55 to 1 of the noise."""
    found, truth = measured_noise(smoothing)
    assert (found[:4] > 0.55 * truth[:4]).all()
    assert (found[:4] < 1.05 * truth[:4]).all()


def test_correlated_noise_is_seen_by_what_averaging_leaves_of_it():
    assert (measured_noise(1.0)[0][1:4] > 1.3 * measured_noise(0.0)[0][1:4]).all()


def test_noise_adds_up_from_the_details():
    assert noise_of_averages((3.0, 4.0)) == pytest.approx((np.sqrt(9 + 16 + 4), np.sqrt(16 + 4), 2.0))


def test_misalignment_is_the_slope_times_the_distance():
    t1 = np.tile((0.02 * np.arange(40, dtype=np.float32) - 0.9)[None, None], (5, 30, 1))
    found = measured_enhancement(t1, t1, 0.2, ScanFacts((1.0, 1.0, 0.5), misalignment_mm=0.3), [2])
    assert found.misalignment[0, 15, 12:28] == pytest.approx(0.3 * 0.04, rel=1e-3)
    aligned = measured_enhancement(t1, t1, 0.2, ScanFacts((1.0, 1.0, 0.5), misalignment_mm=0.0), [2])
    assert not aligned.misalignment.any()


def test_sources_hold_what_they_say():
    t1, t1ce = pair()
    low = t1 + np.float32(0.1) * (t1ce - t1)
    evidence = measured_enhancement(t1, low, 0.1, ScanFacts(SPACING, 0.02), [0, 7])
    sources = kernel_sources(evidence, 2)
    assert sources.shape == (2, n_source_channels(2), 24, 26)
    assert np.array_equal(sources[1, :5], (t1 + 1)[5:10])
    assert np.array_equal(sources[0, 0], (t1 + 1)[0])  # beyond the end the last slice again
    assert sources[1, 5:10] == pytest.approx(10 * (low - t1)[5:10], rel=1e-5, abs=1e-6)
    assert np.array_equal(sources[:, 10 : 10 + N_AVERAGES], np.moveaxis(evidence.averages, 0, 1))
    constants = sources[0, -N_CONSTANTS:, 3, 4]
    assert constants[:N_AVERAGES] == pytest.approx(evidence.noise)
    assert (constants[N_AVERAGES], constants[N_AVERAGES + 1]) == pytest.approx((0.02, 0.1))
    assert constants[-2:] == pytest.approx((np.log(0.85), np.log(1.5)))
    assert sources[0, NOISE_CHANNEL, 0, 0] == pytest.approx(evidence.noise[2])


def test_some_of_the_slices_are_the_same_alone():
    t1, t1ce = pair()
    both = measured_enhancement(t1, t1ce, 0.3, ScanFacts(SPACING), [2, 9, 11])
    part = both.of(slice(1, 3))
    assert part.numbers == (9, 11)
    assert np.array_equal(kernel_sources(both, 2)[1:], kernel_sources(part, 2))


@pytest.mark.parametrize("missing", ["pre_contrast", "low_dose"])
def test_where_one_scan_ends_nothing_enhances(missing):
    """The other scan there is no enhancement, nor the lack of it; beside it averages are those of what both cover."""
    t1, t1ce = pair()
    low = t1 + np.float32(0.1) * (t1ce - t1)
    whole = measured_enhancement(t1, low, 0.1, ScanFacts(SPACING), [7])
    cut = {"pre_contrast": t1.copy(), "low_dose": low.copy()}
    cut[missing][:, :, 16:] = -1
    found = measured_enhancement(cut["pre_contrast"], cut["low_dose"], 0.1, ScanFacts(SPACING), [7])
    assert not found.averages[:, 0, :, 16:].any()
    assert found.averages[1, 0, :, :15] == pytest.approx(whole.averages[1, 0, :, :15], abs=0.15)
    assert np.abs(found.averages).max() <= np.abs(whole.averages).max() + 1e-4
