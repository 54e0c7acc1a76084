# SPDX-License-Identifier: Apache-2.0
"""Scans that cannot be what they are said to be are refused; doubtful ones get a caution; ordinary ones neither."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.errors import StudyError
from lessgad.nifti_frame import Frame
from lessgad.preparation.head import head_mask
from lessgad.preparation.pair_checks import check_two_files, check_two_scans, darker_after_contrast
from lessgad.preparation.scan_checks import check_intensities, check_scan, check_size
from lessgad.volume import Volume


@pytest.fixture(scope="module")
def t1(tiny) -> np.ndarray:
    return tiny.head(40)[0]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), factor=st.floats(1e-6, 1e6), cast=st.sampled_from(["f4", "f8", "i2"]))
def test_an_ordinary_scan_passes_in_any_unit(tiny, seed, factor, cast):
    image = tiny.head(seed % 7)[seed % 2] * np.float32(factor)
    image = image.astype(cast) if cast != "i2" else np.round(image / image.max() * 4000).astype("i2")
    assert check_scan(Volume(image.astype(np.float32), tiny.AFFINE), "T1") == ()


@settings(max_examples=40, deadline=None)
@given(brightest=st.integers(33500, 65535), seed=st.integers(0, 6), slope=st.sampled_from([1.0, 0.5, 3.0]))
def test_values_that_wrapped_around_are_refused(tiny, brightest, seed, slope):
    """Of whatever head, however few voxels were above 32767; a scan of the same values that did not wrap passes."""
    image = tiny.head(seed)[1]
    values = np.round(image * (brightest / image.max())).astype(np.uint16)
    check_intensities(slope * values.astype(np.float32), "T1ce")
    with pytest.raises(StudyError, match="The T1ce has strongly negative values"):
        check_intensities(slope * values.view(np.int16).astype(np.float32), "T1ce")


def test_a_threshold_that_steps_to_and_fro_is_left_after_some_steps(t1, monkeypatch):
    """In single precision Li's iteration can alternate between two values for ever; here it does in double."""

    def to_and_fro(image, iter_callback):
        assert image.dtype == np.float64
        for threshold in itertools.cycle([100.0, 100.5]):
            iter_callback(threshold)

    plain = head_mask(t1, (4.0, 4.0, 5.0))
    monkeypatch.setattr("skimage.filters.threshold_li", to_and_fro)
    found = head_mask(t1, (4.0, 4.0, 5.0))
    assert 0.9 < np.count_nonzero(found & plain) / np.count_nonzero(plain) <= 1


@pytest.mark.parametrize("factor", [1e-20, 1e-36, 1e15, 1e30])
def test_intensities_that_cannot_be_computed_with_are_refused(t1, factor):
    with pytest.raises(StudyError, match="scl_slope"):
        check_intensities(t1 * np.float32(factor), "T1")


@pytest.mark.parametrize("by", [25.0, 60.0, 150.0, 1000.0, -25.0, -60.0, -150.0])
def test_an_offset_is_refused(t1, by):
    with pytest.raises(StudyError, match=r"near zero|strongly negative"):
        check_intensities(t1 + np.float32(by), "T1")


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 6),
    share=st.floats(0.02, 3),
    sign=st.sampled_from([-1, 1]),
    factor=st.sampled_from([0.01, 1, 99]),
)
def test_an_offset_of_a_fiftieth_of_tissue_is_refused(tiny, seed, share, sign, factor):
    """It makes every enhancement 2 % wrong: tissue of both scans is brought together by a factor."""
    t1 = tiny.head(seed)[0]
    with pytest.raises(StudyError, match=r"near zero|strongly negative"):
        check_intensities((t1 + sign * share * 300).astype(np.float32) * np.float32(factor), "T1")


def test_an_offset_is_seen_beside_padding(t1):
    padded = np.pad(t1 + np.float32(25), ((0, 0), (9, 3), (0, 2)))
    with pytest.raises(StudyError, match="near zero"):
        check_intensities(padded, "T1")
    check_intensities(np.pad(t1, ((0, 0), (9, 3), (0, 2)), constant_values=-1), "T1")


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 6),
    snr=st.floats(4, 100),
    n_coils=st.sampled_from([1, 1, 1, 2]),
    noise_seed=st.integers(0, 99),
    step=st.sampled_from([0.0, 1.0, 3.0]),
)
def test_the_noise_floor_of_a_magnitude_image_is_no_offset(tiny, seed, snr, n_coils, noise_seed, step):
    """Rician noise of whatever SNR, and of two coils from an SNR of 30 on, stored as it is or in whole numbers."""
    t1, sigma = tiny.head(seed)[0].astype(np.float64), 300 / (snr if n_coils == 1 else max(snr, 30))
    rng = np.random.default_rng(noise_seed)
    parts = rng.normal(0, sigma, (2 * n_coils, *t1.shape))
    parts[0] += t1
    noisy = np.sqrt((parts**2).sum(axis=0)).astype(np.float32)
    check_intensities(np.round(noisy / step) * np.float32(step) if step else noisy, "T1")


@pytest.mark.parametrize("sigma", [3, 10, 20])
def test_noise_on_both_sides_of_zero_is_none(t1, sigma):
    noise = np.random.default_rng(1).normal(0, sigma, t1.shape).astype(np.float32)
    check_intensities(np.where(t1 < 50, noise, t1), "T1")


@pytest.mark.parametrize("share", [0.02, 0.2])
def test_a_cap_is_a_caution(t1, tiny, share):
    head = t1 > 100
    capped = np.minimum(t1, np.quantile(t1[head], 1 - share))
    (words,) = check_scan(Volume(capped, tiny.AFFINE), "T1ce")
    assert words.startswith("T1ce: ")
    assert "saturated" in words
    nearly = np.where(capped == capped.max(), capped * np.float32(0.9995), capped)
    assert len(check_scan(Volume(nearly, tiny.AFFINE), "T1ce")) == 1


def test_a_cap_is_seen_below_a_few_voxels_that_are_brighter(t1, tiny):
    capped = np.minimum(t1, np.quantile(t1, 0.98)).astype(np.float32)
    capped[20, 20, 3:8] = 3 * capped.max()
    (words,) = check_scan(Volume(capped, tiny.AFFINE), "T1ce")
    assert "saturated" in words


@pytest.mark.parametrize("factor", [1e-3, 1e-2, 20.0, 1e3, 1e6])
def test_a_size_that_no_head_has_is_refused(t1, tiny, factor):
    with pytest.raises(StudyError, match="the size of a head"):
        check_size(Volume(t1, tiny.AFFINE @ np.diag([factor, factor, factor, 1])), "T1")


@pytest.mark.parametrize(
    ("shape", "mm"), [((512, 512, 1), (0.4, 0.4, 5)), ((176, 256, 256), (1, 1, 1)), ((64, 64, 4), (3, 3, 0.4))]
)
def test_sizes_that_heads_have_pass(shape, mm):
    check_size(Volume(np.zeros(shape, np.float32), np.diag([*mm, 1.0])), "T1")


def test_an_unknown_orientation_is_refused_or_a_caution(t1, tiny):
    unknown = Volume(t1, tiny.AFFINE, Frame(0))
    with pytest.raises(StudyError, match="orientation_unknown: trust"):
        check_scan(unknown, "T1")
    (words,) = check_scan(unknown, "T1", "trust")
    assert "left and right may be swapped" in words


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(0.01, 100), noise=st.floats(0.02, 0.2), seed=st.integers(0, 99))
def test_a_copy_is_no_second_scan_and_a_repeat_is(tiny, factor, noise, seed):
    t1, _, _ = tiny.head(3)
    head = t1 > 100
    rounded = np.round(t1 * factor, 4) / factor
    with pytest.raises(StudyError, match="one scan under two names"):
        check_two_scans(t1, rounded, head)
    again = t1 + np.random.default_rng(seed).normal(0, noise * t1[head].mean(), t1.shape).astype(np.float32)
    check_two_scans(t1, again, head)


@settings(max_examples=30, deadline=None)
@given(
    factor=st.floats(0.01, 100),
    turn_deg=st.floats(-20, 20),
    shift_mm=st.floats(-30, 30),
    stored=st.sampled_from([slice(None), slice(None, None, -1)]),
)
def test_a_copy_under_another_header_is_no_second_scan(tiny, factor, turn_deg, shift_mm, stored):
    """Moved, turned, or stored from the other side: registration would undo it, and interpolate."""
    t1, t1ce, _ = tiny.head(3)
    angle = np.radians(turn_deg)
    moved = np.eye(4)
    moved[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    moved[0, 3] = shift_mm
    flip = np.eye(4)
    if stored.step == -1:
        flip[0, 0], flip[0, 3] = -1, t1.shape[0] - 1
    affine = moved @ tiny.AFFINE @ flip
    scan = Volume(t1, tiny.AFFINE)
    copy = Volume(np.round(t1[stored] * factor, 3).astype(np.float32), affine)
    with pytest.raises(StudyError, match="one scan under two names"):
        check_two_files(scan, copy)
    check_two_files(scan, Volume(t1ce[stored], affine))
    check_two_files(scan, Volume(t1[:, :-1], affine))


def test_a_tumor_that_is_darker_after_contrast_is_a_caution(tiny):
    t1, t1ce, labels = (image.astype(np.float32) for image in tiny.head(3))
    scale = float(np.median((t1 / np.maximum(t1ce, 1))[(labels == 0) & (t1 > 250)]))
    before, after = t1 / 1000 - 1, scale * t1ce / 1000 - 1
    assert darker_after_contrast(before, after, labels > 0) == ()
    (words,) = darker_after_contrast(after, before, labels > 0)
    assert "may be swapped" in words


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 6), share=st.floats(-0.02, 0.02))
def test_a_tumor_that_hardly_enhances_is_a_caution(tiny, seed, share):
    """As where the T1ce is the T1 once more, from another reconstruction."""
    t1, _, labels = (image.astype(np.float32) for image in tiny.head(seed))
    before = t1 / 1000 - 1
    (words,) = darker_after_contrast(before, before + np.float32(share) * (before + 1), labels > 0)
    assert "hardly enhances" in words
