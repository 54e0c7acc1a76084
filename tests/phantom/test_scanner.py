# SPDX-License-Identifier: Apache-2.0
"""Subjects, slabs and scans."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.ndimage import affine_transform

from lessgad.phantom.coils import surface_coil_sensitivity
from lessgad.phantom.patient import draw_patient, subjects
from lessgad.phantom.scanner import coil_sensitivity, scan
from lessgad.phantom.shapes import axes_mm
from lessgad.phantom.slab import place_slab
from lessgad.phantom.tissues import Tissue
from lessgad.phantom.warp import rigid

SIDE, FAR_SIDE = slice(0, 12), slice(-12, None)  # of the corners, where there is air
PATIENT = draw_patient(2, 1)  # with an extrameatal part; spoiled gradient echo


@pytest.fixture(scope="module")
def subject_and_warp():
    return next(subjects(PATIENT))


@pytest.fixture(scope="module")
def signals(subject_and_warp):
    subject, _ = subject_and_warp
    return {dose: subject.signal(dose) for dose in (0.0, 0.1, 0.5, 1.0)}


def scanned(subject_and_warp, low_doses, n_repeats=0, **options):
    subject, warp = subject_and_warp
    coarse = replace(PATIENT.protocol, in_plane_mm=1.6, slice_mm=3.0, slice_ce_mm=3.0)
    return scan(subject, coarse, warp, np.random.default_rng(7), low_doses, n_repeats, **options)


def test_signal_rises_with_dose_where_the_agent_goes(subject_and_warp, signals):
    labels = subject_and_warp[0].head.labels
    for tissue in (Tissue.TUMOR, Tissue.PITUITARY, Tissue.VEIN, Tissue.MUCOSA):
        levels = [float(signals[dose][labels == tissue].mean()) for dose in sorted(signals)]
        assert np.diff(levels).min() > 0, tissue.name
    levels = [float(signals[dose][labels == Tissue.TUMOR].mean()) for dose in sorted(signals)]
    assert 1.5 < levels[-1] / levels[0] < 3.5
    assert (levels[1] - levels[0]) / (levels[-1] - levels[0]) > 0.10  # saturation: more than the dose's share
    white = subject_and_warp[0].head.white > 0.9
    assert signals[1.0][white].mean() / signals[0.0][white].mean() < 1.06


def test_no_dose_knows_nothing_of_the_uptake(subject_and_warp, signals):
    subject, _ = subject_and_warp
    other = replace(subject, tissue=replace(subject.tissue, uptake_mm=3 * subject.tissue.uptake_mm))
    np.testing.assert_array_equal(other.signal(0.0), signals[0.0])


def test_the_weighting_is_t1(subject_and_warp, signals):
    head = subject_and_warp[0].head
    tissue = [head.labels == kind for kind in (Tissue.AIR, Tissue.BONE)]
    brain = [(head.labels == Tissue.CSF) & (head.gray + head.white < 0.01), head.gray > 0.9, head.white > 0.9]
    order = [np.median(signals[0.0][mask]) for mask in (*tissue, *brain, head.labels == Tissue.FAT)]
    assert (np.diff(order) > 0).all()


def test_a_slab_samples_the_places_that_its_affine_names(subject_and_warp):
    _, warp = subject_and_warp
    pose = rigid(np.array([3.0, -2.0, 4.0]), np.array([1.0, -2.0, 0.5]))
    slab = place_slab((1.5, 1.5, 3.0), np.array([1.0, 0.0, -1.0]), warp, pose)
    x, y, z = axes_mm()
    voxel = np.array([50, 70, 11])
    patient = np.linalg.inv(pose) @ slab.affine @ np.append(voxel, 1)
    expected = warp(patient[None, :3])[0]
    shape = np.broadcast_shapes(x.shape, y.shape, z.shape)
    for axis, ramp in enumerate((x, y, z)):
        sampled = slab.sample(np.broadcast_to(ramp, shape).astype(np.float32))
        assert sampled[tuple(voxel)] == pytest.approx(expected[axis], abs=0.15)


def test_the_share_of_everything_is_one(subject_and_warp):
    _, warp = subject_and_warp
    slab = place_slab((2.0, 2.0, 3.0), np.zeros(3), warp, np.eye(4))
    box = (slice(20, 120), slice(60, 160), slice(20, 90))
    share = slab.share(np.ones((100, 100, 70), dtype=bool), box)
    assert share.max() == pytest.approx(1)
    volume_mm3 = share.sum() * 12.0 * np.prod(warp.scale)
    assert volume_mm3 == pytest.approx(100 * 100 * 70, rel=0.05)


@pytest.fixture(scope="module")
def coarse(subject_and_warp):
    """A session with two low doses, in voxels of 1.6×1.6×3 mm."""
    return scanned(subject_and_warp, (0.1, 0.3))


def test_pair_and_mask_do_not_depend_on_the_low_doses(subject_and_warp, coarse):
    alone = scanned(subject_and_warp, ())
    assert list(coarse.scans) == [0.0, 0.1, 0.3, 1.0]
    for dose in (0.0, 1.0):
        np.testing.assert_array_equal(alone.scans[dose].image.array, coarse.scans[dose].image.array)
    np.testing.assert_array_equal(alone.mask.array, coarse.mask.array)
    grids = [scan.image.affine for scan in coarse.scans.values()]
    assert not any(np.allclose(one, other) for one, other in pairwise(grids))


def test_a_repeat_is_another_scan_of_the_same_and_changes_no_other(subject_and_warp, coarse):
    with_repeat = scanned(subject_and_warp, (0.1, 0.3), n_repeats=1)
    (repeat,) = with_repeat.repeats
    for dose, scan_ in coarse.scans.items():
        np.testing.assert_array_equal(scan_.image.array, with_repeat.scans[dose].image.array)
    first = with_repeat.scans[1.0]
    assert not np.allclose(repeat.motion, first.motion)
    assert repeat.sigma != first.sigma
    assert repeat.image.array.mean() / repeat.sigma == pytest.approx(first.image.array.mean() / first.sigma, rel=0.1)
    assert coarse.repeats == ()


def test_noise_in_air_is_as_strong_as_said(coarse):
    for scan_ in coarse.scans.values():
        image = scan_.image.array.astype(np.float64)
        corners = np.concatenate([image[x, y].ravel() for x in (SIDE, FAR_SIDE) for y in (SIDE, FAR_SIDE)])
        assert np.sqrt((corners**2).mean() / 2) == pytest.approx(scan_.sigma, rel=0.02)


def test_each_scan_lies_where_its_own_motion_says(coarse):
    """Two mm to any side it is less like the T1, and the motion of no other scan fits better."""
    t1 = coarse.pre_contrast

    def likeness(dose, motion):
        scan_ = coarse.scans[dose].image
        index = np.linalg.inv(scan_.affine) @ motion @ t1.affine
        moved = affine_transform(scan_.array.astype(np.float64), index, order=1, output_shape=t1.array.shape)
        inner = (slice(20, -20), slice(20, -20), slice(3, -3))
        return np.corrcoef(moved[inner].ravel(), t1.array[inner].ravel())[0, 1]

    for dose in (0.1, 0.3, 1.0):
        true = coarse.scans[dose].motion
        np.testing.assert_allclose(true[:3, :3] @ true[:3, :3].T, np.eye(3), atol=1e-9)
        best = likeness(dose, true)
        assert all(best > likeness(dose, other.motion) for key, other in coarse.scans.items() if key != dose)
        for axis in range(3):
            for shift_mm in (-2.0, 2.0):
                shifted = true.copy()
                shifted[axis, 3] += shift_mm
                assert best > likeness(dose, shifted)


def test_coils_are_smooth_and_about_one():
    field = coil_sensitivity((60, 70, 24), np.random.default_rng(0).normal(0, 1, (3, 3)))
    assert 0.5 < field.min() < field.max() < 1.9
    assert np.abs(np.diff(np.log(field), axis=0)).max() < 0.05


def test_surface_coils_fall_off_as_one_over_r():
    """On the axis of equal loads the sum of squares is Σ 1/r²; the field is brightest at the border of the slices."""
    field = surface_coil_sensitivity((41, 41, 21), np.zeros((3, 3)))
    at = [np.hypot(1.25, np.hypot(0, z - 0.5)) for z in (0.0, 1.0)]
    away = [np.hypot(1.25, z + 0.5) for z in (0.0, 1.0)]
    expected = np.sqrt([4 / a**2 + 4 / b**2 for a, b in zip(at, away, strict=True)])
    assert field[20, 20, 20] / field[20, 20, 10] == pytest.approx(expected[1] / expected[0], rel=1e-5)
    assert field.mean() == pytest.approx(1, abs=1e-5)
    assert field[0, 20, 10] > 1.2 * field[20, 20, 10]
    assert field.dtype == np.float32


def test_an_element_that_is_loaded_more_is_brighter_beside_it():
    weights = np.zeros((3, 3))
    weights.flat[0] = 2.0  # at the end of the first axis
    ratio = surface_coil_sensitivity((31, 31, 9), weights) / surface_coil_sensitivity((31, 31, 9), np.zeros((3, 3)))
    assert ratio[-1, 15, 4] > ratio[15, 15, 4] > ratio[0, 15, 4]


def test_the_family_of_the_shading_changes_nothing_else(subject_and_warp):
    """Pose, motion, grid, window and noise are those of the default; with the default named, so is each bit."""
    default, named, coils = (
        scanned(subject_and_warp, (0.1,), **options)
        for options in ({}, {"shading": "cosines"}, {"shading": "surface-coils"})
    )
    for dose, one in default.scans.items():
        assert np.array_equal(one.image.array, named.scans[dose].image.array)
        other = coils.scans[dose]
        assert np.array_equal(one.motion, other.motion)
        assert np.array_equal(one.image.affine, other.image.affine)
        assert one.sigma == other.sigma
        assert not np.array_equal(one.image.array, other.image.array)
    assert np.array_equal(default.mask.array, coils.mask.array)
