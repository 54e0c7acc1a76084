# SPDX-License-Identifier: Apache-2.0
"""The smooth factor between two scans of one head, against factors that are known."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from threadpoolctl import threadpool_limits

from lessgad.phantom import scanner
from lessgad.phantom.patient import draw_patient, scan_patient
from lessgad.preparation.bias_field_ratio import BiasFieldRatio, find_bias_field_ratio
from lessgad.preparation.intensity_scale import find_intensity_scale
from lessgad.preparation.settings import PreparationSettings

SHAPE, SPACING_MM = (60, 72, 24), (2.5, 2.5, 4.0)


def head():
    x, y, z = np.indices(SHAPE)
    return ((x - 30) / 26) ** 2 + ((y - 36) / 32) ** 2 + ((z - 12) / 14) ** 2 < 1


def t1(seed=0):
    rng = np.random.default_rng(seed)
    tissue = 100 + 40 * ndimage.zoom(rng.uniform(-1, 1, (8, 9, 6)), (7.5, 8, 4), order=1)
    noise = rng.normal(0, 3, SHAPE)
    return np.where(head(), tissue + noise, np.abs(noise)).astype(np.float32)


def wavy(coefficients):
    return BiasFieldRatio(np.asarray(coefficients, dtype=np.float64), (4, 4, 0), (56, 68, 23)).over(SHAPE)


def error_of(found, truth):
    """SD of the logarithm over the head."""
    return float(np.std((np.log(found.over(SHAPE)) - np.log(truth))[head()]))


def test_nothing_is_found_between_equal_images():
    image = t1()
    found = find_bias_field_ratio(image, 3 * image, head(), SPACING_MM)
    np.testing.assert_allclose(found.over(SHAPE), 1.0, atol=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31))
def test_a_smooth_factor_is_found(seed):
    coefficients = np.random.default_rng(seed).normal(0, 0.03, (3, 3, 2))
    coefficients[np.indices((3, 3, 2)).sum(axis=0) > 3] = 0
    truth, image = wavy(coefficients), t1()
    found = find_bias_field_ratio(image, image / truth, head(), SPACING_MM)
    assert (BiasFieldRatio.from_dict(json.loads(json.dumps(found.to_dict()))).over(SHAPE) == found.over(SHAPE)).all()
    assert error_of(found, truth) < 0.08 * float(np.std(np.log(truth)[head()])) + 1e-4


def test_shading_that_changes_within_centimeters_is_found():
    """A scan is brighter at the end of its slices on one side, by half-waves of 2.5 cm and less."""
    coefficients = np.zeros((3, 1, 5))
    coefficients[[0, 1, 2, 0], 0, [4, 3, 2, 3]] = 0.02, 0.02, 0.01, -0.02
    truth, image = wavy(coefficients), t1()
    noise = np.random.default_rng(4).normal(0, 3, SHAPE).astype(np.float32)
    found = find_bias_field_ratio(image, image / truth + noise, head(), SPACING_MM)
    assert error_of(found, truth) < 0.15 * float(np.std(np.log(truth)[head()]))


def test_the_number_of_threads_does_not_matter():
    image = t1()
    other = image / wavy(np.random.default_rng(5).normal(0, 0.03, (3, 3, 2)))
    found = []
    for n_threads in (1, 2, 7):
        with threadpool_limits(n_threads):
            found.append(find_bias_field_ratio(image, other, head(), SPACING_MM).coefficients)
    np.testing.assert_array_equal(found[1:], found[:-1])


def test_the_windows_of_the_images_do_not_matter():
    image = t1()
    other = image / wavy([[[0.0, 0.03], [0.04, 0.0]], [[-0.05, 0.0], [0.02, 0.0]]]) + np.float32(2) * (image > 50)
    one = find_bias_field_ratio(image, other, head(), SPACING_MM).over(SHAPE)
    np.testing.assert_allclose(find_bias_field_ratio(3 * image, 7 * other, head(), SPACING_MM).over(SHAPE), one, 1e-5)


@pytest.mark.parametrize("enhancement", [0.04, 0.3])
def test_slices_that_enhance_for_the_most_part_are_not_shading(enhancement):
    """Three fifths of the lowest quarter of the head enhance, as muscle and mucosa do; there is no shading at all."""
    x, _, z = np.indices(SHAPE)
    grows = (z < 6) & (x % 15 < 9)
    image = t1()
    noise = np.random.default_rng(3).normal(0, 3, SHAPE).astype(np.float32)
    other = image * (1 + np.float32(enhancement) * grows) + noise
    found = np.log(find_bias_field_ratio(image, other, head(), SPACING_MM).over(SHAPE))
    lost = found[head() & (z >= 6)].mean() - found[head() & (z < 6)].mean()
    assert lost < 0.33 * np.log1p(enhancement)


@pytest.mark.parametrize("noise_percent", [0, 3, 5])
@pytest.mark.parametrize("enhancement", [0.1, 0.3, 1.0])
def test_a_large_tumor_is_not_taken_for_shading(enhancement, noise_percent):
    """A ball of 5 cm that enhances, in a head with a gradient of ±5 % from left to right, and noise of its own."""
    x, y, z = np.indices(SHAPE)
    tumor = (2.5 * (x - 40)) ** 2 + (2.5 * (y - 30)) ** 2 + (4 * (z - 12)) ** 2 < 25**2
    truth, image = wavy([[[0.0]], [[0.05]]]), t1()
    noise = np.random.default_rng(9).normal(0, noise_percent, SHAPE).astype(np.float32)
    other = image / truth * (1 + np.float32(enhancement) * tumor) + noise
    found = np.log(find_bias_field_ratio(image, other, head(), SPACING_MM).over(SHAPE)) - np.log(truth)
    assert abs(found[tumor].mean() - found[head() & ~tumor].mean()) < 0.1 * np.log1p(enhancement)
    assert found[head() & ~tumor].std() < 0.01


def test_its_mean_logarithm_over_the_head_is_zero():
    image = t1()
    truth = wavy([[[0.2]], [[0.05]], [[0.03]]])
    found = np.log(find_bias_field_ratio(image, image / truth, head(), SPACING_MM).over(SHAPE))
    assert found[head()].mean() == pytest.approx(0, abs=0.003)


def test_too_little_to_go_by_is_one_factor():
    image = t1()[:, :, :1]
    corner = np.zeros_like(image, dtype=bool)
    corner[:20, :20] = True
    assert (find_bias_field_ratio(image, image, corner, SPACING_MM).over(image.shape) == 1).all()


def test_a_single_slice_has_no_waves_across():
    image = t1()[:, :, 12:13]
    truth = wavy([[[0.0]], [[0.05]]])[:, :, 12:13]
    found = find_bias_field_ratio(image, image / truth, head()[:, :, 12:13], SPACING_MM)
    assert not found.coefficients[:, :, 1:].any()
    assert np.std((np.log(found.over(image.shape)) - np.log(truth))[head()[:, :, 12:13]]) < 0.005


@pytest.mark.slow
@pytest.mark.parametrize("dose", [0.1, 1.0])
def test_the_coil_of_the_phantom_is_taken_out(monkeypatch, dose):
    """T1 and a scan after contrast with a coil of its own each; the truth is what the coil did."""
    fields, sensitivity = [], scanner.coil_sensitivity

    def noted(shape, weights):
        fields.append(sensitivity(shape, weights))
        return fields[-1]

    monkeypatch.setattr(scanner, "coil_sensitivity", noted)
    study = scan_patient(draw_patient(3, 5), (0.1,))[0]
    coil = dict(zip((0.0, 1.0, 0.1), fields, strict=False))
    fixed, scan = study.pre_contrast, study.scans[dose]
    to_scan = np.linalg.inv(scan.image.affine) @ scan.motion @ fixed.affine

    def moved(array, order):
        array = array.astype(np.float32)
        return ndimage.affine_transform(
            array, to_scan[:3, :3], to_scan[:3, 3], fixed.array.shape, order=order, mode="nearest"
        )

    pre, post = fixed.array.astype(np.float32), moved(scan.image.array, 3)
    truth = np.log(moved(coil[dose], 1)) - np.log(coil[0.0])
    spread = {}
    for method in ("robust", "smooth"):
        scale = find_intensity_scale(pre, post, fixed.spacing_mm, PreparationSettings(calibration=method))
        inner = ndimage.binary_erosion(scale.head, iterations=3)
        log = 0.0 if scale.gain is None else np.log(scale.gain.over(pre.shape))
        spread[method] = float(np.std((log + truth)[inner]))
    assert spread["smooth"] < 0.5 * spread["robust"]
