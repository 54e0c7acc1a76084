# SPDX-License-Identifier: Apache-2.0
"""Faces are cut off at one plane, and nothing near the cerebellopontine angles; on heads whose places are known."""

import json

import numpy as np
import pytest
from head_study import write_study
from hypothesis import given, settings
from hypothesis import strategies as st
from nibabel.orientations import apply_orientation, inv_ornt_aff
from scipy.spatial.transform import Rotation

from lessgad.cli.main import exit_code
from lessgad.dicom.deface import FacePlane, deface, find_face_plane, in_front_of
from lessgad.volume import Volume, read_volume

NOSE, EYE, CANAL, FRONTAL_POLE = (0.0, 98.0, -62.0), (33.0, 68.0, -37.0), (24.0, -26.5, -38.0), (20.0, 60.0, 20.0)


def head(*, lowest=-95.0, highest=90.0, back=-115.0, front=115.0, spacing=(3.0, 3.0, 4.0), shift=0.0) -> Volume:
    """A head in MNI coordinates: an ellipsoid, a face below it, a nose; air and noise around it."""
    counts = [
        round((b - a) / mm) for (a, b), mm in zip(((-96, 96), (back, front), (lowest, highest)), spacing, strict=True)
    ]
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = -96, back + shift, lowest
    x, y, z = (
        axis * mm + first
        for axis, mm, first in zip(np.ogrid[tuple(map(slice, counts))], spacing, (-96, back, lowest), strict=True)
    )
    brain = (x / 75) ** 2 + ((y + 12) / 95) ** 2 + ((z - 5) / 85) ** 2 < 1
    face = ((x / 66) ** 2 + ((y - 5) / 73) ** 2 < 1) & (z < 0)
    nose = (x / 14) ** 2 + ((y - 80) / 24) ** 2 + ((z + 60) / 16) ** 2 < 1
    noise = np.abs(np.random.default_rng(0).normal(0, 3, brain.shape))
    return Volume(np.where(brain | face | nose, 100.0 + noise, noise).astype(np.float32), affine)


def removed_at(plane: FacePlane, place, shift=0.0) -> bool:
    return place[1] + shift > plane.y_mm and place[2] < plane.z_mm


@settings(max_examples=15, deadline=None)
@given(
    shift=st.floats(-30, 30),
    lowest=st.floats(-95, -70),
    highest=st.sampled_from([-10.0, 20.0, 95.0]),
    spacing=st.sampled_from([(3.0, 3.0, 4.0), (2.0, 2.5, 6.0), (4.0, 4.0, 2.0)]),
)
def test_nose_and_eyes_go_and_the_canals_stay(shift, lowest, highest, spacing):
    scan = head(shift=shift, lowest=lowest, highest=highest, spacing=spacing)
    plane = find_face_plane(scan)
    assert removed_at(plane, NOSE, shift)
    assert removed_at(plane, EYE, shift)
    assert plane.y_mm - (CANAL[1] + shift) > 60
    if highest > 90:
        assert not removed_at(plane, FRONTAL_POLE, shift)
    left = deface(scan, plane)
    removed = in_front_of(plane, scan)
    assert left.array.dtype == scan.array.dtype
    np.testing.assert_array_equal(left.array, np.where(removed, 0, scan.array))


@settings(max_examples=10, deadline=None)
@given(axes=st.permutations(range(3)), flips=st.tuples(*[st.sampled_from([1, -1])] * 3), tilt=st.floats(-20, 20))
def test_the_order_of_axes_does_not_matter_and_the_head_may_be_tilted(axes, flips, tilt):
    scan = head(highest=20.0)
    turned = np.eye(4)
    turned[:3, :3] = Rotation.from_euler("x", tilt, degrees=True).as_matrix()
    scan = Volume(scan.array, turned @ scan.affine)
    order = np.column_stack([axes, flips]).astype(float)
    other = Volume(apply_orientation(scan.array, order), scan.affine @ inv_ornt_aff(order, scan.array.shape))
    plane = find_face_plane(scan)
    assert find_face_plane(other).y_mm == pytest.approx(plane.y_mm, abs=1e-3)
    np.testing.assert_array_equal(apply_orientation(deface(scan, plane).array, order), deface(other, plane).array)
    assert plane.y_mm - (turned @ [*CANAL, 1])[1] > 30


def test_a_field_of_view_that_ends_behind_the_face_is_left_as_it_is():
    assert find_face_plane(head(front=40.0, highest=0.0)) is None


@pytest.mark.slow
def test_on_the_phantom_no_tumor_is_touched():
    """Head of the phantom, with eyes, nose, sinuses, and a tumor at a known place."""
    from lessgad.phantom.patient import draw_patient, scan_patient

    session = scan_patient(draw_patient(1, 1), ())[0]
    plane = find_face_plane(session.scans[0.0].image)
    tumor = np.argwhere(session.mask.array > 0) @ session.mask.affine[:3, :3].T + session.mask.affine[:3, 3]
    assert plane.y_mm - tumor[:, 1].max() > 50
    for scan in session.scans.values():
        of_head = scan.image.array > 0.3 * np.percentile(scan.image.array, 98)
        share = np.count_nonzero(of_head & in_front_of(plane, scan.image)) / np.count_nonzero(of_head)
        assert 0.03 < share < 0.15
        assert abs(find_face_plane(scan.image).y_mm - plane.y_mm) < 25


def imported(capfd, *arguments):
    code = exit_code(["import-dicom", *map(str, arguments)])
    out, err = capfd.readouterr()
    return code, out, err


def test_an_import_without_faces(tmp_path, tiny, capfd):
    study = write_study(tmp_path / "export", tiny)
    whole, bare = tmp_path / "whole", tmp_path / "bare"
    assert imported(capfd, study, whole)[0] == 0
    code, out, _ = imported(capfd, study, bare, "--deface")
    assert code == 0
    assert "Faces were removed" in out
    assert "Faces were removed" in (bare / "README").read_text()
    assert "Faces are present" in (whole / "README").read_text()
    said = [json.loads((root / "dataset_description.json").read_text()) for root in (whole, bare)]
    assert [one["RecognizableVisualFeatures"] for one in said] == ["YES", "NO"]

    kept = {path.name.split("_", 2)[2]: read_volume(path) for path in whole.rglob("*.nii.gz")}
    left = {path.name.split("_", 2)[2]: read_volume(path) for path in bare.rglob("*.nii.gz")}
    assert len(kept) >= 2
    assert kept.keys() == left.keys()
    plane = find_face_plane(kept["T1w.nii.gz"])
    for name, image in kept.items():
        np.testing.assert_array_equal(left[name].array, deface(image, plane).array)
        assert np.count_nonzero(left[name].array) < np.count_nonzero(image.array)

    assert imported(capfd, study, bare, "--deface")[0] == 0
    code, _, err = imported(capfd, study, bare)
    assert code == 2
    assert "Give --deface" in err
    code, _, err = imported(capfd, study, whole, "--deface")
    assert code == 2
    assert "Leave --deface out" in err
