# SPDX-License-Identifier: Apache-2.0
"""elastix takes up to half a minute to load: everything that needs it is here, and slow."""

import subprocess
import sys

import numpy as np
import pytest

from lessgad.errors import RegistrationError
from lessgad.preparation import registration
from lessgad.preparation.alignment import check_alignment
from lessgad.preparation.head import head_mask
from lessgad.preparation.registration import register_rigid
from lessgad.preparation.resampling import resample
from lessgad.preparation.rigid_transform import LPS_TO_RAS, RigidTransform
from lessgad.volume import Volume, in_transverse_order, read_volume

pytestmark = pytest.mark.slow


def head_points_mm(volume):
    """Every voxel of the head in world coordinates, (n, 4); thinned out."""
    ordered = in_transverse_order(volume)
    voxels = np.argwhere(head_mask(ordered.array, ordered.spacing_mm))[::50]
    return np.column_stack([voxels, np.ones(len(voxels))]) @ ordered.affine.T


def mean_distance_mm(one, other, points):
    return float(np.linalg.norm((points @ (one.matrix - other.matrix).T)[:, :3], axis=1).mean())


def moved_in_header(volume, by):
    """The same voxels, placed elsewhere: a point x of the old place is at by·x."""
    return Volume(volume.array, by.matrix @ volume.affine)


def test_offset_is_about_5_degrees_and_9_mm(lopsided):
    assert lopsided.OFFSET.rotation_deg == pytest.approx(5, abs=0.1)


def test_known_offset_is_found_without_a_sound(lopsided, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    t1, t1ce = lopsided.pair(1.3)
    moving = resample(t1ce, t1, lopsided.OFFSET.inverse(), "cubic")
    found = register_rigid(t1, moving)
    assert mean_distance_mm(found, lopsided.OFFSET, head_points_mm(t1)) < 0.3
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())
    assert np.array_equal(register_rigid(t1, moving).matrix, found.matrix)
    assert np.array_equal(register_rigid(t1, moving, n_threads=2).matrix, found.matrix)


def test_offset_in_the_header_is_found_and_undone(lopsided):
    t1, t1ce = lopsided.pair(1.3)
    found = register_rigid(t1, moved_in_header(t1ce, lopsided.OFFSET))
    assert mean_distance_mm(found, lopsided.OFFSET, head_points_mm(t1)) < 0.3


def test_axis_order_of_either_scan_does_not_matter(lopsided):
    t1, t1ce = lopsided.pair(1.3)
    flip = np.eye(4)
    flip[1, 1], flip[1, 3] = -1, lopsided.SHAPE[1] - 1
    sagittal = Volume(t1ce.array[:, ::-1].transpose(1, 2, 0), (lopsided.AFFINE @ flip)[:, [1, 2, 0, 3]])
    found = register_rigid(t1, moved_in_header(sagittal, lopsided.OFFSET))
    back = register_rigid(moved_in_header(sagittal, lopsided.OFFSET), t1)
    points = head_points_mm(t1)
    assert mean_distance_mm(found, lopsided.OFFSET, points) < 0.3
    assert mean_distance_mm(back, lopsided.OFFSET.inverse(), points @ lopsided.OFFSET.matrix.T) < 0.3


@pytest.mark.parametrize("shift_mm", [100.0, 400.0])
def test_headers_that_lost_their_coordinates(lopsided, shift_mm):
    t1, t1ce = lopsided.pair(1.3)
    lost = np.eye(4)
    lost[:3, 3] = shift_mm, -0.3 * shift_mm, 0.2 * shift_mm
    lost = RigidTransform(lost)
    found = register_rigid(t1, moved_in_header(t1ce, lost))
    assert mean_distance_mm(found, lost, head_points_mm(t1)) < 0.3


def test_resampling_agrees_with_itk(lopsided):
    import itk

    t1, t1ce = lopsided.pair(1.3)
    transform = itk.Euler3DTransform[itk.D].New()
    transform.SetCenter([4.0, -9.0, 12.0])
    parameters = [0.03, -0.06, 0.05, 6.0, -3.0, 6.0]
    transform.SetParameters(itk.OptimizerParameters[itk.D](parameters))
    image = registration._itk_image(t1ce)
    ours = RigidTransform.from_elastix([4.0, -9.0, 12.0], parameters, compute_zyx=False)
    inner = (slice(12, -12), slice(12, -12), slice(8, -8))
    for interpolation, interpolator in (
        ("linear", itk.LinearInterpolateImageFunction.New(image)),
        ("cubic", itk.BSplineInterpolateImageFunction.New(image, SplineOrder=3)),
    ):
        theirs = itk.resample_image_filter(
            image,
            transform=transform,
            interpolator=interpolator,
            use_reference_image=True,
            reference_image=registration._itk_image(t1),
        )
        expected = itk.array_from_image(theirs).T
        result = resample(t1ce, t1, ours, interpolation).array
        expected = np.clip(expected, t1ce.array.min(), t1ce.array.max())
        assert np.abs(result - expected)[inner].max() < 1e-3 * t1ce.array.max()


def test_itk_sees_the_same_places(lopsided):
    t1, _ = lopsided.pair(1.3)
    oblique = moved_in_header(t1, lopsided.OFFSET)
    image = registration._itk_image(oblique)
    for index in ((0, 0, 0), (3, 5, 7), (89, 0, 39)):
        lps = image.TransformIndexToPhysicalPoint(index)
        assert np.allclose(LPS_TO_RAS @ [*lps, 1], oblique.affine @ [*index, 1])
        assert image.GetPixel(index) == oblique.array[index]


def noise(t1):
    return t1.with_array(np.random.default_rng(1).rayleigh(10, t1.array.shape).astype(np.float32))


def other_thing(t1):
    x, y, z = np.ogrid[-90:90:2, -104:104:2, -70:70:3.5]
    bottle = ((x - 20) ** 2 + y**2 <= 30**2) & (abs(z) < 40)
    return t1.with_array((500 * bottle + np.random.default_rng(1).rayleigh(10, t1.array.shape)).astype(np.float32))


@pytest.mark.parametrize("nonsense", [noise, other_thing])
def test_what_is_not_the_same_head_is_refused(lopsided, nonsense):
    t1, _ = lopsided.pair(1.3)
    with pytest.raises(RegistrationError) as caught:
        register_rigid(t1, nonsense(t1))
    assert "\n" not in str(caught.value)


def test_elastix_failure_is_one_line_with_its_reason(lopsided):
    t1, _ = lopsided.pair(1.3)
    elsewhere = np.eye(4)
    elsewhere[0, 3] = 5000
    with pytest.raises(RegistrationError, match="elastix cannot register") as caught:
        registration._elastix(t1, moved_in_header(t1, RigidTransform(elsewhere)), {}, 1)
    assert "\n" not in str(caught.value)
    assert "map outside" in str(caught.value)


def native(shared):
    folder = shared / "data" / "native-pair" / "sub-FG6692" / "anat"
    return [read_volume(folder / f"sub-FG6692_{name}.nii.gz") for name in ("T1w", "ce-gadolinium_T1w")]


@pytest.mark.real_data
def test_real_pair_comes_back_from_a_known_offset(lopsided, shared):
    """Twice registered, from where it was scanned and from 5°/9 mm away: the same place within 0.3 mm."""
    t1, t1ce = native(shared)
    original = register_rigid(t1, t1ce)
    points = head_points_mm(t1)
    in_header = register_rigid(t1, moved_in_header(t1ce, lopsided.OFFSET))
    resampled = register_rigid(t1, resample(t1ce, t1ce, lopsided.OFFSET.inverse(), "cubic"))
    distances_mm = [
        mean_distance_mm(found, lopsided.OFFSET.compose(original), points) for found in (in_header, resampled)
    ]
    moved_mm = mean_distance_mm(lopsided.OFFSET, RigidTransform.identity(), points)
    print(f"offset {moved_mm:.2f} mm over the head; left in header, resampled: {np.round(distances_mm, 3)} mm")
    assert moved_mm > 5
    assert max(distances_mm) < 0.3


@pytest.mark.real_data
def test_real_pair_is_wrong_before_and_right_after(shared):
    t1, t1ce = native(shared)
    with pytest.raises(RegistrationError):
        check_alignment(t1, t1ce)
    quality = check_alignment(t1, resample(t1ce, t1, register_rigid(t1, t1ce), "cubic"))
    assert quality.nudge_gain < 0.8


@pytest.mark.real_data
def test_aligned_pairs_stay_where_they_are(shared):
    folder = shared / "data" / "glioma-pairs"
    for patient in ("sub-CBICAAME1", "sub-TCIA106371"):
        t1, t1ce = (
            read_volume(folder / patient / "anat" / f"{patient}_{n}.nii.gz") for n in ("T1w", "ce-gadolinium_T1w")
        )
        found = register_rigid(t1, t1ce, n_threads=2)
        moved_mm = mean_distance_mm(found, RigidTransform.identity(), head_points_mm(t1))
        print(f"{patient}: {moved_mm:.2f} mm")
        assert moved_mm < 0.6


def test_a_registration_loads_neither_pytorch_nor_dask():
    program = (
        "import sys, numpy; from lessgad.preparation.elastix import new_parameters; new_parameters(); import itk; "
        "itk.image_from_array(numpy.zeros((4, 4, 4), 'f')); "
        "assert not {'torch', 'distributed'} & set(sys.modules); import torch"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_dask_can_be_loaded_after_a_registration():
    pytest.importorskip("distributed")
    program = "from lessgad.preparation.elastix import new_parameters; new_parameters(); import distributed"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
