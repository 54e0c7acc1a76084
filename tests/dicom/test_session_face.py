# SPDX-License-Identifier: Apache-2.0
"""All scans of a session lose their face at one plane of the head, wherever the head lay in each of them."""

import numpy as np
import pytest
from small_export import change_files

from lessgad.cli.main import exit_code
from lessgad.dicom.deface import find_face_plane, in_front_of
from lessgad.phantom.dicom.scan import DicomScan
from lessgad.phantom.dicom.series import write_series
from lessgad.preparation.resampling import resample
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.volume import Volume, read_volume


def write_scan(folder, volume, number, agent):
    scan = DicomScan(
        vendor="siemens",
        patient_label="07",
        patient_sex="F",
        patient_age=58,
        session=1,
        series_number=number,
        description="t1_se_tra_ce" if agent else "t1_se_tra",
        field_strength_t=1.5,
        scanning_sequence=("SE",),
        mr_acquisition_type="2D",
        repetition_time_ms=550.0,
        echo_time_ms=10.0,
        flip_angle_deg=90.0,
        contrast_agent=agent,
        contrast_volume_ml=14.0 if agent else None,
    )
    array = np.rint(volume.array * (3000 / volume.array.max())).astype(np.int16)
    write_series(folder / f"{number:02d}", Volume(array, volume.affine), scan)


@pytest.fixture
def imported(lopsided, tmp_path, capfd):
    """Import a pair whose T1ce was moved; T1 and T1ce with the face, and what is 0 in each without it."""

    def of(offset, frame_of_reference=None):
        t1, t1ce = lopsided.pair()
        moved = resample(t1ce, t1ce, offset, "linear", outside=0.1)
        write_scan(tmp_path / "export", t1, 1, None)
        write_scan(tmp_path / "export", moved, 2, "Dotarem")
        if frame_of_reference is not None:

            def change(dataset):
                dataset.FrameOfReferenceUID = frame_of_reference

            change_files(tmp_path / "export" / "02", change)
        scans = []
        for name, more in (("whole", ()), ("bare", ("--deface",))):
            assert exit_code(["import-dicom", *map(str, (tmp_path / "export", tmp_path / name)), *more]) == 0
            scans.append(
                [
                    read_volume(next((tmp_path / name).rglob(f"*ses-01{kind}_T1w.nii.gz")))
                    for kind in ("", "_ce-gadolinium")
                ]
            )
        whole, bare = scans
        assert "Traceback" not in capfd.readouterr().err
        return whole, [(a.array > 0) & (b.array == 0) for a, b in zip(whole, bare, strict=True)]

    return of


def test_one_frame_of_reference_has_one_plane(imported):
    """Found in the T1, and not again in the T1ce, whose head lies 9 mm further back."""
    shift = np.eye(4)
    shift[1, 3] = 9.0  # where the T1ce has what the T1 has 9 mm further back
    (t1, t1ce), removed = imported(RigidTransform(shift))
    plane = find_face_plane(t1)
    assert abs(find_face_plane(t1ce).y_mm - plane.y_mm) > 5
    for scan, gone in zip((t1, t1ce), removed, strict=True):
        np.testing.assert_array_equal(gone, in_front_of(plane, scan) & (scan.array > 0))


@pytest.mark.slow
@pytest.mark.parametrize("frame", ["1.2.3.4", ""])
def test_another_or_an_unknown_frame_of_reference_is_registered_first(imported, lopsided, frame):
    """The plane goes with the head: 5° and 9 mm."""
    (t1, t1ce), removed = imported(lopsided.OFFSET, frame)
    plane = find_face_plane(t1)
    np.testing.assert_array_equal(removed[0], in_front_of(plane, t1) & (t1.array > 0))
    wanted = in_front_of(plane, t1ce, lopsided.OFFSET) & (t1ce.array > 0)
    off = np.count_nonzero(removed[1] ^ wanted) / np.count_nonzero(wanted)
    off_by_own = np.count_nonzero(
        in_front_of(find_face_plane(t1ce), t1ce) & (t1ce.array > 0) ^ wanted
    ) / np.count_nonzero(wanted)
    assert off < 0.03  # 2 mm voxels, registered within 0.15 mm
    assert off < off_by_own / 2
