# SPDX-License-Identifier: Apache-2.0
"""Recovery, false and missed enhancement."""

import math
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.errors import VolumeError
from lessgad.evaluation.enhancement import enhancement_scores
from lessgad.evaluation.enhancement_reference import enhancement_reference


def scores(study, image, sigma=0.02):
    return enhancement_scores(image.astype(np.float32), study.reference(), sigma)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([0.0, 0.01, 0.05]), st.sampled_from([-0.1, 0.0, 0.05, 0.2, 0.5]))
def test_the_standard_dose_recovers_all_and_has_nothing_false_or_missed(made_study, seed, sigma, gain):
    study = made_study(seed=seed, sigma=sigma, gain=gain)
    result = scores(study, study.standard_dose)
    assert (result.false_ml, result.missed_ml) == (0, 0)
    assert result.recovery == 1 if gain > 0 else math.isnan(result.recovery) or sigma > 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([0.0, 0.01, 0.05]))
def test_the_image_before_contrast_recovers_nothing_and_misses_all_that_enhances(made_study, seed, sigma):
    study = made_study(seed=seed, sigma=sigma)
    reference = study.reference()
    result = scores(study, study.pre_contrast)
    assert (result.recovery, result.false_ml, result.cep_percent) == (0, 0, 0)
    enhancing = (study.standard_dose - study.pre_contrast > reference.threshold.value) & study.tumor
    assert enhancing.sum() > 110
    assert result.missed_ml == pytest.approx(enhancing.sum() / 1000)


def test_by_hand_on_voxels_of_a_millimeter_and_a_half(made_study):
    """Half the tumor comes back in full, a quarter at half, a quarter not at all; the threshold lies at 0.2."""
    study = made_study(spacing_mm=(0.5, 1.0, 3.0), tumor_box=(slice(8, 16), slice(10, 14), slice(8, 12)))
    image = study.standard_dose.copy()
    image[12:14, 10:14, 8:12] -= 0.2001
    image[14:16, 10:14, 8:12] = study.pre_contrast[14:16, 10:14, 8:12]
    result = scores(study, image)
    assert study.reference().threshold.value == pytest.approx(0.2)
    assert result.recovery == pytest.approx(0.5 + 0.25 * 0.1999 / 0.4, abs=1e-6)
    assert result.missed_ml == pytest.approx(64 * 1.5 / 1000)
    assert result.false_ml == 0
    lesion = 0.5 + 0.4 * result.recovery
    assert result.cep_percent == pytest.approx(100 * 0.4 * result.recovery / 0.5, abs=1e-4)
    assert result.lbr == pytest.approx(lesion / 0.5, abs=1e-6)
    assert result.cnr == pytest.approx((lesion - 0.5) / 0.02, abs=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.floats(-2, 3), st.integers(0, 100))
def test_scaling_the_enhancement_scales_the_recovery(made_study, factor, seed):
    study = made_study(sigma=0.03, seed=seed)
    image = study.pre_contrast + factor * (study.standard_dose - study.pre_contrast)
    assert scores(study, image).recovery == pytest.approx(factor, abs=1e-5)


@pytest.mark.parametrize(
    ("spacing", "n_voxels", "expected_ml"),
    [
        ((1.0, 1.0, 1.0), 9, 0.0),
        ((1.0, 1.0, 1.0), 10, 0.010),
        ((0.5, 0.5, 2.0), 19, 0.0),
        ((0.5, 0.5, 2.0), 20, 0.010),
        ((1.0, 1.0, 3.0), 3, 0.0),
        ((1.0, 1.0, 3.0), 4, 0.012),
    ],
)
def test_a_false_blob_is_counted_from_ten_cubic_millimeters_on(made_study, spacing, n_voxels, expected_ml):
    study = made_study(spacing_mm=spacing)
    image = study.standard_dose.copy()
    image[3, 3 : 3 + n_voxels, 4] += 0.3
    assert scores(study, image).false_ml == pytest.approx(expected_ml)
    image[3, 3 : 3 + n_voxels, 4] -= 0.15
    assert scores(study, image).false_ml == 0


def test_blobs_that_touch_at_a_corner_are_two(made_study):
    study = made_study()
    image = study.standard_dose.copy()
    image[3, 3:9, 4] += 0.3
    image[4, 9:15, 4] += 0.3
    assert scores(study, image).false_ml == 0
    image[3, 9, 4] += 0.3
    assert scores(study, image).false_ml == pytest.approx(0.013)


@pytest.mark.parametrize(
    ("spacing", "axis", "beyond", "counts"),
    [
        ((1.0, 1.0, 1.0), 2, 3, False),
        ((1.0, 1.0, 1.0), 2, 4, True),
        ((1.0, 1.0, 3.0), 2, 1, False),
        ((1.0, 1.0, 3.0), 2, 2, True),
        ((1.0, 1.0, 3.5), 2, 1, True),
        ((0.5, 1.0, 1.0), 0, 6, False),
        ((0.5, 1.0, 1.0), 0, 7, True),
    ],
)
def test_the_rim_of_the_tumor_is_three_millimeters_wide(made_study, spacing, axis, beyond, counts):
    """A plate on the tumor's lower face, `beyond` voxels away from it."""
    study = made_study(spacing_mm=spacing)
    plate = list(np.ix_(range(10, 16), range(10, 15), range(8, 12)))
    plate[axis] = np.array([{0: 10, 2: 8}[axis] - beyond]).reshape(1, 1, 1)
    image = study.standard_dose.copy()
    image[tuple(plate)] += 0.3
    n_voxels = {0: 20, 2: 30}[axis]
    assert scores(study, image).false_ml == pytest.approx(n_voxels * np.prod(spacing) / 1000 if counts else 0)


def test_outside_the_head_nothing_is_false(made_study):
    study = made_study()
    image = np.where(study.head, study.standard_dose, 1.0)
    assert scores(study, image).false_ml == 0


def test_a_vessel_that_the_standard_dose_shows_is_not_false(made_study):
    study = made_study()
    study.standard_dose[4, 4:20, 5] += 0.8
    image = study.standard_dose.copy()
    image[4, 4:20, 5] += 0.1
    assert scores(study, image).false_ml == 0
    assert scores(study, study.pre_contrast).missed_ml == pytest.approx(0.12), "a vessel is no tumor"


@pytest.mark.parametrize(("n_voxels", "expected_ml"), [(9, 0.0), (10, 0.010)])
def test_a_hole_in_a_large_tumor_counts_from_ten_cubic_millimeters_on(made_study, n_voxels, expected_ml):
    study = made_study()
    image = study.standard_dose.copy()
    hole = np.argwhere(study.tumor)[:n_voxels]
    image[tuple(hole.T)] = study.pre_contrast[tuple(hole.T)]
    assert scores(study, image).missed_ml == pytest.approx(expected_ml)


def test_a_lesion_smaller_than_the_smallest_cluster_can_be_missed(made_study):
    study = made_study()
    study.tumor[20:22, 20:22, 14:16] = True
    study.standard_dose[20:22, 20:22, 14:16] += 0.4
    image = study.standard_dose.copy()
    image[20:22, 20:22, 14:15] = study.pre_contrast[20:22, 20:22, 14:15]
    assert scores(study, image).missed_ml == pytest.approx(0.004)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.permutations([0, 1, 2]), st.tuples(*[st.sampled_from([1, -1])] * 3))
def test_the_order_of_slices_and_axes_makes_no_difference(made_study, seed, order, direction):
    random = np.random.default_rng(seed)
    study = made_study(spacing_mm=(0.8, 1.0, 2.5), sigma=0.05, seed=seed)
    image = study.standard_dose + random.normal(0, 0.2, study.shape).astype(np.float32)
    before = scores(study, image)
    for name in ("pre_contrast", "standard_dose", "tumor", "head"):
        setattr(study, name, getattr(study, name)[tuple(slice(None, None, d) for d in direction)].transpose(order))
    image = image[tuple(slice(None, None, d) for d in direction)].transpose(order)
    study.spacing_mm = tuple(study.spacing_mm[axis] for axis in order)
    assert astuple(scores(study, image)) == pytest.approx(astuple(before), rel=1e-5)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.5, 0.5, 1.5), (0.9, 0.9, 3.0), (1.0, 1.0, 6.0)])
@pytest.mark.parametrize("known", [True, False])
def test_noise_alone_is_hardly_ever_false_enhancement(made_study, spacing, known):
    """Independent noise on T1, T1ce and a method's image, 230 000 voxels: less than 1 in 50 000 counts."""
    study = made_study(shape=(70, 70, 56), spacing_mm=spacing, sigma=0.05, gain=0.0, seed=3)
    reference = enhancement_reference(
        study.pre_contrast, study.standard_dose, study.tumor, study.head, spacing, (0.05, 0.05) if known else None
    )
    noise = np.random.default_rng(4).normal(0, 0.05, study.shape).astype(np.float32)
    image = np.where(study.head, -0.5, -1.0).astype(np.float32) + noise
    head_ml = study.head.sum() * np.prod(spacing) / 1000
    assert enhancement_scores(image, reference, 0.05).false_ml < head_ml / 50_000


def test_a_tumor_that_does_not_enhance_has_no_recovery(made_study):
    """Of 200 with noise alone, three standard errors let 0.13 % through: none or one."""
    studies = (made_study(shape=(20, 19, 16), sigma=0.05, gain=0.0, seed=seed) for seed in range(200))
    undefined = [math.isnan(scores(study, study.standard_dose).recovery) for study in studies]
    assert sum(undefined) >= 198
    darker = made_study(gain=-0.2)
    assert math.isnan(scores(darker, darker.standard_dose).recovery)
    faint = made_study(sigma=0.05, gain=0.05)
    assert scores(faint, faint.standard_dose).recovery == 1


def test_a_tumor_that_differs_no_more_than_other_tissue_has_no_recovery(made_study):
    """Texture that T1 and T1ce do not share does not average out as noise does."""
    for gain, defined in ((0.15, False), (0.25, True)):
        study = made_study(gain=gain)
        texture = 0.1 * np.random.default_rng(4).standard_normal(study.shape) * (study.head & ~study.tumor)
        study.standard_dose = (study.standard_dose + texture).astype(np.float32)
        of_study = enhancement_scores(study.standard_dose, study.reference(), None)
        assert math.isnan(of_study.recovery) is not defined


def test_the_noise_of_a_region_falls_with_its_size(made_study):
    """120 voxels: 3·0.05·√2/√120 = 0.0194 is what their mean must exceed."""
    for gain, defined in ((0.015, False), (0.025, True)):
        study = made_study(gain=gain)
        reference = study.reference(sigmas=(0.05, 0.05))
        assert math.isnan(enhancement_scores(study.standard_dose, reference, None).recovery) is not defined


def test_images_that_do_not_fit_are_an_error(made_study):
    study = made_study()
    with pytest.raises(VolumeError, match="28, 26, 20"):
        enhancement_scores(study.pre_contrast[1:], study.reference(), None)
    study.tumor[:] = False
    with pytest.raises(VolumeError):
        study.reference()


def test_a_study_may_have_its_tumor_up_to_the_border_of_the_head_and_beyond(made_study):
    study = made_study(tumor_box=(slice(0, 6), slice(0, 6), slice(0, 6)))
    result = scores(study, study.pre_contrast)
    assert result.missed_ml == pytest.approx(0.216)
    assert result.recovery == 0


def test_background_is_tissue_within_thirteen_millimeters_that_does_not_enhance(made_study):
    study = made_study(shape=(60, 26, 20), tumor_box=(slice(30, 34), slice(10, 15), slice(8, 12)))
    study.standard_dose[22:26, 12, 10] += 0.8
    study.pre_contrast[38:40, 12, 10] = study.standard_dose[38:40, 12, 10] = -0.98
    reference = study.reference()
    line = np.zeros(study.shape, bool)
    line[reference.box] = reference.background
    expected = [*range(17, 22), 26, 37, *range(40, 47)]
    assert np.flatnonzero(line[:, 12, 10]).tolist() == expected
    assert not (line & ~study.head).any()
