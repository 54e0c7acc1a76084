# SPDX-License-Identifier: Apache-2.0
"""Values that left the range of their data type are found by the holes they leave; whole and saturated scans pass."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from lessgad.errors import StudyError
from lessgad.preparation.scan_checks import check_intensities
from lessgad.preparation.wrapped_values import steps_into_holes

SHAPE = (72, 84, 40)


def bright_head(seed: int, noise: float = 2.0) -> np.ndarray:
    """A head of tissue 100 with spots, up to 350, that fade into it, as fat and vessels do."""
    rng = np.random.default_rng(seed)
    place = np.indices(SHAPE).astype(np.float64)
    middle = (np.array(SHAPE) - 1)[:, None, None, None] / 2
    head = (((place - middle) / (0.45 * np.array(SHAPE))[:, None, None, None]) ** 2).sum(axis=0) < 1
    image = ndimage.gaussian_filter(np.where(head, 100.0, 0.0), 1.0)
    for _ in range(6):
        at = middle[:, 0, 0, 0] + rng.uniform(-0.2, 0.2, 3) * SHAPE
        distance = ((place - at[:, None, None, None]) ** 2).sum(axis=0)
        image = np.maximum(image, 350 * np.exp(-distance / (2 * rng.uniform(3.5, 6) ** 2)) * head)
    return np.abs(image + noise * rng.standard_normal(SHAPE)).astype(np.float32)


def wrapped(image: np.ndarray, bits: int, over: float) -> np.ndarray:
    """Stored without a sign, in too few bits: its brightest value is `over` times what they hold."""
    return (np.rint(image * (over * 2**bits / image.max())).astype(np.int64) % 2**bits).astype(np.float32)


def cut_to_zero(image: np.ndarray, bits: int, over: float) -> np.ndarray:
    """What does not fit becomes 0."""
    stored = np.rint(image * (over * 2**bits / image.max()))
    return np.where(stored < 2**bits, stored, 0).astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 99),
    noise=st.floats(0.5, 6),
    over=st.floats(1.15, 1.8),
    bits=st.sampled_from([8, 10, 12, 14, 15, 16]),
    damage=st.sampled_from([wrapped, cut_to_zero]),
    slope=st.sampled_from([1.0, 0.37]),
)
def test_values_that_left_their_range_are_found(seed, noise, over, bits, damage, slope):
    whole = bright_head(seed, noise)
    assert steps_into_holes(whole) == 0
    damaged = np.float32(slope) * damage(whole, bits, over)
    assert steps_into_holes(damaged) > 0
    with pytest.raises(StudyError, match="holes in its brightest parts"):
        check_intensities(damaged, "T1ce")


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 99), cap=st.floats(101, 340), n_hot=st.integers(0, 40), hot=st.floats(1.0, 2.0))
def test_a_saturated_scan_has_no_such_holes(seed, cap, n_hot, hot):
    """Nor has one in which a few voxels are brighter than its cap."""
    capped = np.minimum(bright_head(seed), np.float32(cap))
    capped.ravel()[np.random.default_rng(seed).integers(0, capped.size, n_hot)] = hot * cap
    assert steps_into_holes(capped) == 0


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 99),
    axes=st.permutations(range(3)),
    brightest=st.floats(1e-3, 1e6),
    levels=st.integers(60, 4095),
)
def test_unit_axes_and_grey_levels_do_not_matter(seed, axes, brightest, levels):
    image = bright_head(seed)
    coarse = np.rint(image * (levels / image.max())) * np.float32(brightest / levels)
    assert steps_into_holes(np.transpose(coarse, axes)) == 0
    damaged = cut_to_zero(image, 12, 1.4)
    assert steps_into_holes(damaged) == steps_into_holes(np.transpose(damaged, axes)) > 0


def test_an_image_without_signal_has_none():
    assert steps_into_holes(np.zeros((4, 5, 6), np.float32)) == 0


def test_real_scans_have_none(shared):
    import nibabel

    for path in sorted((shared / "data" / "native-pair").glob("sub-*/**/*T1w.nii.gz")):
        image = np.asarray(nibabel.load(path).dataobj, dtype=np.float32)
        assert steps_into_holes(image) == 0
        assert steps_into_holes(wrapped(np.minimum(image, np.percentile(image, 99.99)), 12, 1.4)) > 0


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 99),
    snr=st.floats(5, 100),
    cap=st.sampled_from([1.0, 0.99, 0.9, 0.7, 0.5]),
    step=st.sampled_from([0.0, 1.0, 20.0]),
)
def test_sharp_edges_of_a_generated_head_are_none(tiny, seed, snr, cap, step):
    """Scalp, bone and brain without partial volume, a tumor that enhances, noise, a cap, and few gray levels."""
    t1, t1ce, _ = tiny.head(seed)
    for image in (t1, t1ce):
        noise = np.random.default_rng(seed).normal(0, 300 / snr, (2, *image.shape))
        noisy = np.hypot(image + noise[0], noise[1])
        capped = np.minimum(noisy, np.quantile(noisy[image > 50], cap))
        assert steps_into_holes((np.rint(capped / step) if step else capped).astype(np.float32)) == 0


def test_a_dark_core_in_a_bright_rim_is_none():
    place = np.indices((40, 40, 20)) - np.array([20, 20, 10])[:, None, None, None]
    distance = np.sqrt((place**2).sum(axis=0))
    image = (
        np.where(distance < 18, 100.0, 0.0) + np.where(distance < 8, 150.0, 0.0) - np.where(distance < 5, 230.0, 0.0)
    )
    noise = np.random.default_rng(0).normal(0, 3, image.shape)
    assert steps_into_holes(np.abs(image + noise).astype(np.float32)) == 0
