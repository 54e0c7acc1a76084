# SPDX-License-Identifier: Apache-2.0
"""The noise of a generated pair is found, and what low doses are mixed from has less of it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from lessgad.dose.noise import add_noise
from lessgad.dose.source_pair import ScanNoise, denoised_source_pair, scan_noise
from lessgad.errors import StudyError
from lessgad.preparation.normalization import LEVEL
from lessgad.preparation.pair import prepare_pair
from lessgad.preparation.settings import PreparationSettings
from lessgad.volume import Volume

ALIGNED = PreparationSettings(alignment="aligned")
SIGMA = {"pre_contrast": 3.0, "standard_dose": 5.0}  # where tissue is at 100
GAIN = 2.5  # of the T1ce


@pytest.fixture(scope="module")
def truth():
    """T1 and T1ce of a head without noise, tissue at 100."""
    x, y = np.meshgrid(np.arange(96.0), np.arange(110.0), indexing="ij")
    radius = np.hypot((x - 47.5) / 40, (y - 54.5) / 48)[..., None].repeat(8, axis=2)
    t1 = np.where(radius < 1, 150.0, 0.0)
    t1[radius < 0.93] = 25.0
    waves = (np.sin(x / 11) + np.cos(y / 17))[..., None].repeat(8, axis=2)
    t1 = np.where(radius < 0.86, 100 + 4 * waves, t1)
    tumor = np.hypot(x - 60, y - 70)[..., None].repeat(8, axis=2) < 9
    return t1, t1 + np.where(tumor, 90.0, 0.0)


@pytest.fixture(scope="module")
def scans(truth):
    rng = np.random.default_rng(1)
    arrays = [
        add_noise(image, sigma, rng).astype(np.float32) for image, sigma in zip(truth, SIGMA.values(), strict=True)
    ]
    affine = np.diag([1.0, 1.0, 3.0, 1.0])
    return Volume(arrays[0], affine), Volume(np.float32(GAIN) * arrays[1], affine)


@pytest.fixture(scope="module")
def pair(scans):
    return prepare_pair(*scans, ALIGNED)


def normalized(sigma):
    """On [−1, 1] tissue at 100 lies 2 / LEVEL above true zero."""
    return sigma / 100 * 2 / LEVEL


def test_both_levels_are_found_on_the_common_scale(scans, pair):
    noise = scan_noise(pair, scans[1], required=True)
    for name, sigma in SIGMA.items():
        assert getattr(noise, name).sigma == pytest.approx(normalized(sigma), rel=0.08), name
        assert getattr(noise, name).source == "air"


def test_noise_is_that_of_the_scan_not_of_what_was_resampled(scans, pair):
    smoothed = replace(pair, registered=0 * pair.registered, calibrated=0 * pair.calibrated)
    assert scan_noise(smoothed, scans[1], required=True) == scan_noise(pair, scans[1], required=True)


def test_the_gain_of_the_scanner_does_not_matter(scans, pair):
    louder = Volume(4 * scans[1].array, scans[1].affine)
    found = scan_noise(prepare_pair(scans[0], louder, ALIGNED), louder, required=True)
    expected = scan_noise(pair, scans[1], required=True)
    assert found.standard_dose.sigma == pytest.approx(expected.standard_dose.sigma, rel=1e-3)


def test_end_points_are_nearer_to_the_truth_than_the_scans(truth, scans, pair):
    noise = scan_noise(pair, scans[1], required=True)
    clean = denoised_source_pair(pair, noise)
    noisy = pair.normalized_pre_contrast, pair.normalized_standard_dose
    inner = binary_erosion((truth[0] > 80) & (truth[0] < 120), np.ones((5, 5, 1)))
    true_t1ce = pair.to_pre_contrast.apply((GAIN * truth[1]).astype(np.float32))
    for one, scan, image in zip(clean, noisy, (truth[0], true_t1ce), strict=True):
        assert one.dtype == np.float32
        assert -1 <= one.min() <= one.max() <= 1
        true = pair.normalization.apply(image)
        errors = [float(np.sqrt(np.mean((found - true)[inner] ** 2))) for found in (one, scan)]
        assert errors[0] < 0.6 * errors[1]
        assert float(np.mean((one - true)[inner])) == pytest.approx(0, abs=0.1 * normalized(SIGMA["standard_dose"]))


def test_without_an_estimate_the_scans_are_left_as_they_are(pair):
    clean = denoised_source_pair(pair, ScanNoise(None, None))
    np.testing.assert_array_equal(clean[0], pair.normalized_pre_contrast)
    np.testing.assert_array_equal(clean[1], pair.normalized_standard_dose)


def test_a_scan_without_noise_is_an_error_only_where_noise_shall_be_matched(scans, pair):
    steps = Volume(np.round(scans[1].array / 150) * np.float32(150), scans[1].affine)
    flat = Volume(np.where(steps.array > 0, np.float32(150), np.float32(0)), steps.affine)
    with pytest.raises(StudyError, match=r"noise of the T1ce cannot be used.*set simulation\.noise to \{snr: 20\}"):
        scan_noise(pair, flat, required=True)
    known = scan_noise(pair, flat, required=False)
    assert known.standard_dose is None
    assert known.pre_contrast is not None
