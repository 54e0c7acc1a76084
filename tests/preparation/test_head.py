# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scipy import ndimage

from lessgad.errors import StudyError
from lessgad.preparation.head import HeadBox, _holes_filled, head_box, head_mask
from lessgad.volume import in_transverse_order, read_volume

SHAPE = (96, 112, 24)
SPACING_MM = (2.0, 2.0, 5.0)


def ellipsoid(radii, center=(48, 56, 11.5)):
    x, y, z = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    (cx, cy, cz), (rx, ry, rz) = center, radii
    return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + ((z - cz) / rz) ** 2 <= 1


def full_head(noise_sd, seed=0):
    """Bright scalp, dark skull, brain with dark ventricles, in Rician noise; and its outline."""
    head, skull, brain = ellipsoid((36, 46, 10)), ellipsoid((33, 43, 9.2)), ellipsoid((30, 40, 8.5))
    signal = 2.5 * head
    signal[skull] = 0.05
    signal[brain] = 1.0
    signal[ellipsoid((6, 14, 3))] = 0.3
    noise = np.random.default_rng(seed).normal(0, noise_sd, (2, *SHAPE))
    return np.hypot(signal + noise[0], noise[1]).astype(np.float32), head


def dice(one, other):
    return 2 * (one & other).sum() / (one.sum() + other.sum())


@pytest.mark.parametrize("noise_sd", [0.01, 0.05, 0.1])
def test_finds_a_head_in_rician_noise(noise_sd):
    image, head = full_head(noise_sd)
    mask = head_mask(image, SPACING_MM)
    assert dice(mask, head) > 0.98
    found, true = head_box(mask), head_box(head)
    edges = [(b.x_start, b.x_stop, b.y_start, b.y_stop) for b in (found, true)]
    assert np.abs(np.subtract(*edges)).max() <= 2


def test_mask_is_whole_and_one_piece():
    from scipy import ndimage

    image, _ = full_head(0.05)
    image[5:8, 5:8, 10:13] = 2  # a marker beside the head
    mask = head_mask(image, SPACING_MM)
    assert mask[ellipsoid((6, 14, 3))].all()  # ventricles
    assert not mask[:10, :10].any()
    assert ndimage.label(mask)[1] == 1


def test_skull_stripped_brain_is_what_is_not_zero():
    brain = ellipsoid((30, 40, 8.5))
    image = np.where(brain, np.random.default_rng(1).normal(300, 60, SHAPE).clip(20), 0).astype(np.float32)
    assert dice(head_mask(image, SPACING_MM), brain) > 0.99


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_intensity_unit_does_not_matter(scale):
    image, _ = full_head(0.05)
    assert np.array_equal(head_mask(image * np.float32(scale), SPACING_MM), head_mask(image, SPACING_MM))


def test_head_that_fills_the_field_of_view_reaches_its_border():
    image, head = full_head(0.02)
    mask = head_mask(image[20:76, 20:92], SPACING_MM)
    assert head_box(mask) == HeadBox(0, 56, 0, 72)
    assert dice(mask, head[20:76, 20:92]) > 0.95  # dark bone at the border, where the scalp is cut off, is open air


def test_a_small_bright_thing_in_zeros_is_found():
    image = np.zeros(SHAPE, np.float32)
    image[40:44, 50:54, 10:12] = 7
    mask = head_mask(image, SPACING_MM)
    assert mask[40:44, 50:54, 10:12].all()


@pytest.mark.parametrize("value", [0.0, 5.0])
def test_constant_image_has_no_head(value):
    with pytest.raises(StudyError, match="head"):
        head_mask(np.full(SHAPE, value, np.float32), SPACING_MM)


def test_box_is_the_smallest_that_holds_the_mask():
    rng = np.random.default_rng(2)
    mask = np.zeros(SHAPE, bool)
    mask[13:57, 31:88, 3:9] = rng.random((44, 57, 6)) < 0.5
    box = head_box(mask)
    cropped = mask[box.slices]
    assert cropped.sum() == mask.sum()
    assert cropped.shape[2] == SHAPE[2]
    for edge in (cropped[0], cropped[-1], cropped[:, 0], cropped[:, -1]):
        assert edge.any()


def test_empty_mask_has_no_box():
    with pytest.raises(StudyError, match="head mask is empty"):
        head_box(np.zeros(SHAPE, bool))


@pytest.mark.real_data
def test_stripped_patient_is_what_is_not_zero(shared):
    folder = shared / "data" / "glioma-pairs" / "sub-TCIA106371" / "anat"
    for name in ("T1w", "ce-gadolinium_T1w"):
        volume = in_transverse_order(read_volume(folder / f"sub-TCIA106371_{name}.nii.gz"))
        assert dice(head_mask(volume.array, volume.spacing_mm), volume.array > 0) > 0.995


@pytest.mark.parametrize("seed", range(5))
def test_holes_are_those_of_each_slice(seed):
    mask = np.random.default_rng(seed).random((17, 14, 6)) < 0.62
    mask[:, :2] = mask[14:] = mask[..., 4] = False  # air around it, a slice without head
    expected = np.stack([ndimage.binary_fill_holes(mask[..., k]) for k in range(6)], axis=2)
    assert (expected & ~mask).any()
    np.testing.assert_array_equal(_holes_filled(mask), expected)
