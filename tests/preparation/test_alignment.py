# SPDX-License-Identifier: Apache-2.0
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from lessgad.errors import RegistrationError, VolumeError
from lessgad.preparation.alignment import (
    HIGHEST_NUDGE_GAIN,
    LOWEST_HEAD_DICE,
    LOWEST_INFORMATION,
    alignment_quality,
    check_alignment,
)
from lessgad.preparation.resampling import resample
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.volume import Volume, in_transverse_order, read_volume

SHAPE = (90, 104, 60)
AFFINE = np.array([[2.0, 0, 0, -90], [0, 2, 0, -104], [0, 0, 2.5, -75], [0, 0, 0, 1]])


def pair(seed=0):
    """A textured, lopsided head without and with contrast, on other scales, with noise of their own."""
    rng = np.random.default_rng(seed)
    x, y, z = np.ogrid[-90:90:2, -104:104:2, -75:75:2.5]
    head = (x / 72) ** 2 + ((y + 0.1 * x) / 90) ** 2 + (z / 62) ** 2 <= 1
    tissue = ndimage.gaussian_filter(rng.normal(size=SHAPE), 2)
    tissue = head * (1 + 0.3 * tissue / tissue.std()).clip(0.2)
    enhancing = ((x - 30) / 12) ** 2 + (y / 12) ** 2 + (z / 12) ** 2 <= 1
    scans = [300 * tissue, 70 * (tissue**1.3 + 1.2 * enhancing)]
    return [Volume((s + rng.rayleigh(0.02 * s.max(), SHAPE)).astype(np.float32), AFFINE) for s in scans]


def offset(rotation_deg=0.0, translation_mm=(0.0, 0.0, 0.0)):
    angle = np.radians(rotation_deg)
    euler = [angle / 3, 2 * angle / 3, 2 * angle / 3, *translation_mm]
    return RigidTransform.from_elastix([0.0, 0.0, 0.0], euler, compute_zyx=False)


def test_aligned_pair_passes():
    quality = check_alignment(*pair())
    assert quality.head_dice > 0.98
    assert quality.information > 2 * LOWEST_INFORMATION
    assert quality.nudge_gain < 0.9


def test_image_says_all_about_itself():
    t1, _ = pair()
    quality = alignment_quality(t1, t1)
    assert quality.head_dice == 1
    assert quality.information == pytest.approx(1)
    assert quality.nudge_gain < 1


def test_symmetric_but_for_the_nudges():
    t1, t1ce = pair()
    one, other = alignment_quality(t1, t1ce), alignment_quality(t1ce, t1)
    assert one.head_dice == other.head_dice
    assert one.information == pytest.approx(other.information)


@pytest.mark.parametrize("power", [0.5, 2.0])
def test_intensity_scale_does_not_matter(power):
    """Exact voxel by voxel; the average over a voxel of 2 mm is not, so this grid is not averaged."""
    t1, t1ce = pair()
    remapped = t1ce.with_array((0.01 * (t1ce.array / 40) ** power).astype(np.float32))
    one, other = alignment_quality(t1, t1ce), alignment_quality(t1, remapped)
    assert other.information == pytest.approx(one.information, rel=0.05)


@pytest.mark.parametrize("translation_mm", [(2.0, 0.0, 0.0), (0.0, -2.0, 0.0), (0.0, 0.0, 2.5), (1.4, -0.7, 1.4)])
def test_small_shift_is_noticed(translation_mm):
    t1, t1ce = pair()
    with pytest.raises(RegistrationError, match="shift"):
        check_alignment(t1, resample(t1ce, t1, offset(translation_mm=translation_mm), "linear"))


def test_nudge_points_the_way_back():
    t1, t1ce = pair()
    moved = resample(t1ce, t1, offset(translation_mm=(2.0, 0.0, 0.0)), "linear")
    assert alignment_quality(t1, moved).nudge == "a shift by (-2.0, 0.0, 0.0) mm"


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_turn_is_noticed(axis):
    t1, t1ce = pair()
    euler = [0.0] * 6
    euler[axis] = np.radians(8)
    turned = resample(t1ce, t1, RigidTransform.from_elastix([0.0, 0.0, 0.0], euler, compute_zyx=False), "linear")
    with pytest.raises(RegistrationError):
        check_alignment(t1, turned)


def test_two_heads_of_one_shape_are_not_one_head():
    t1, _ = pair(seed=0)
    _, other = pair(seed=1)
    assert alignment_quality(t1, other).head_dice > LOWEST_HEAD_DICE
    with pytest.raises(RegistrationError, match="information"):
        check_alignment(t1, other)


def test_noise_is_no_head():
    t1, _ = pair()
    noise = np.random.default_rng(5).rayleigh(10, SHAPE).astype(np.float32)
    with pytest.raises(RegistrationError):
        check_alignment(t1, t1.with_array(noise))


def test_slab_is_compared_where_it_has_data():
    t1, t1ce = pair()
    slab = np.zeros_like(t1ce.array)
    slab[:, :, 22:38] = t1ce.array[:, :, 22:38]
    assert check_alignment(t1, t1ce.with_array(slab)).head_dice > 0.98


def test_axis_order_does_not_matter():
    t1, t1ce = pair()
    affine = AFFINE[:, [2, 0, 1, 3]]
    one = check_alignment(t1, t1ce)
    other = check_alignment(*(Volume(v.array.transpose(2, 0, 1), affine) for v in (t1, t1ce)))
    assert one == other


@pytest.mark.parametrize(
    "array", [np.zeros(SHAPE, np.float32), np.eye(90, 104, dtype=np.float32)[:, :, None] * np.ones(60, np.float32)]
)
def test_nothing_in_common_is_a_clear_line(array):
    t1, _ = pair()
    with pytest.raises(RegistrationError, match=r"nothing in common|have 0 voxels") as caught:
        check_alignment(t1, t1.with_array(array))
    assert "\n" not in str(caught.value)


def test_other_grid_is_refused():
    t1, t1ce = pair()
    with pytest.raises(VolumeError):
        check_alignment(t1, Volume(t1ce.array[1:], AFFINE))


@pytest.mark.real_data
@pytest.mark.slow
def test_real_pairs_pass_and_real_offsets_do_not(shared):
    folder = shared / "data" / "glioma-pairs"
    qualities, seconds = {}, []
    for patient in sorted(path.name for path in folder.glob("sub-*")):
        t1, t1ce = (
            in_transverse_order(read_volume(folder / patient / "anat" / f"{patient}_{name}.nii.gz"))
            for name in ("T1w", "ce-gadolinium_T1w")
        )
        start = time.perf_counter()
        qualities[patient] = check_alignment(t1, t1ce)
        seconds.append(time.perf_counter() - start)
    print(qualities, max(seconds))
    assert len(qualities) == 16
    assert min(quality.head_dice for quality in qualities.values()) > LOWEST_HEAD_DICE + 0.03
    assert min(quality.information for quality in qualities.values()) > 1.3 * LOWEST_INFORMATION
    assert max(quality.nudge_gain for quality in qualities.values()) < HIGHEST_NUDGE_GAIN - 0.1
    center = t1.affine @ np.append(np.array(t1.array.shape) / 2, 1)
    for euler in ([0.0, 0.0, 0.0, 2.0, 0.0, 0.0], [0.03, 0.06, 0.06, 6.0, -3.0, 6.0]):
        lps = [-center[0], -center[1], center[2]]
        wrong = RigidTransform.from_elastix(lps, euler, compute_zyx=False)
        with pytest.raises(RegistrationError):
            check_alignment(t1, resample(t1ce, t1, wrong, "linear"))


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 6), mm=st.floats(0.05, 12), plane_mm=st.floats(0.4, 6))
def test_slabs_of_any_thickness_are_measured_or_refused_by_name(tiny, n, mm, plane_mm):
    """A slab thinner than half of a voxel of the coarse grid had none there, which was an internal error."""
    t1, t1ce, _ = tiny.head(40)
    affine = np.diag([plane_mm, plane_mm, mm, 1.0])
    slabs = [Volume(np.ascontiguousarray(image[:, :, 2 : 2 + n]), affine) for image in (t1, t1ce)]
    try:
        quality = alignment_quality(*slabs)
    except RegistrationError as error:
        assert "in common" in str(error) or "no head" in str(error)
    else:
        assert quality.head_dice > 0.8
        assert np.isfinite([quality.information, quality.nudge_gain]).all()
