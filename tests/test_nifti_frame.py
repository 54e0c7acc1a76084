# SPDX-License-Identifier: Apache-2.0
"""Headers as real files have them: units, codes, sform against qform; a voxel size is right or refused."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from lessgad.errors import VolumeError
from lessgad.volume import read_volume, same_grid, write_volume

ARRAY = np.arange(6 * 7 * 8, dtype=np.float32).reshape(6, 7, 8)
SPACING_MM = (0.45, 0.5, 3.0)


def affine_of(spacing=SPACING_MM, turn=(0, 0, 0)) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", turn, degrees=True).as_matrix() @ np.diag(spacing)
    affine[:3, 3] = (-30.0, 20.0, 5.0)
    return affine


def save(path: Path, *, sform=None, qform=None, codes=(1, 1), units=2, pixdim=None) -> Path:
    header = nibabel.nifti1.Nifti1Header()
    header.set_data_dtype(np.float32)
    header.set_data_shape(ARRAY.shape)
    header["pixdim"][1:4] = SPACING_MM
    if qform is not None:
        header.set_qform(qform, code=1)
    if sform is not None:
        header.set_sform(sform, code=1)
    header["sform_code"], header["qform_code"], header["xyzt_units"] = *codes, units
    if pixdim is not None:
        header["pixdim"][1:4] = pixdim
    nibabel.save(nibabel.nifti1.Nifti1Image(ARRAY, None, header), path)
    stored = bytearray(path.read_bytes())  # nibabel repairs some of it on the way
    for field in ("sform_code", "qform_code", "xyzt_units", "pixdim"):
        offset = header.template_dtype.fields[field][1]
        value = np.asarray(header[field]).tobytes()
        stored[offset : offset + len(value)] = value
    path.write_bytes(bytes(stored))
    return path


@pytest.mark.parametrize(("units", "per_mm"), [(0, 1), (1, 1e-3), (2, 1), (3, 1e3), (10, 1), (9, 1e-3), (6, 1)])
def test_units_of_the_header(tmp_path: Path, units: int, per_mm: float):
    affine = affine_of()
    affine[:3] *= per_mm
    for codes in ((1, 1), (1, 0), (0, 1)):
        volume = read_volume(save(tmp_path / "a.nii", sform=affine, qform=affine, codes=codes, units=units))
        np.testing.assert_allclose(volume.affine, affine_of(), rtol=1e-5, atol=1e-5)
        assert volume.frame.code == 1


def test_no_code_is_known_and_none_is_written(tmp_path: Path):
    volume = read_volume(save(tmp_path / "a.nii", sform=affine_of(), qform=affine_of(), codes=(0, 0)))
    assert not volume.frame.is_known
    np.testing.assert_allclose(volume.spacing_mm, SPACING_MM, rtol=1e-6)
    write_volume(tmp_path / "b.nii.gz", volume)
    header = nibabel.load(tmp_path / "b.nii.gz").header
    assert (int(header["sform_code"]), int(header["qform_code"])) == (0, 0)
    assert same_grid(read_volume(tmp_path / "b.nii.gz"), volume)


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5])
def test_the_code_stays(tmp_path: Path, code: int):
    volume = read_volume(save(tmp_path / "a.nii", sform=affine_of(), codes=(code, 0)))
    write_volume(tmp_path / "b.nii", volume)
    header = nibabel.load(tmp_path / "b.nii").header
    assert {int(header["sform_code"]), int(header["qform_code"])} == {code}


def test_an_sform_of_another_spacing_is_refused(tmp_path: Path):
    for codes in ((1, 1), (1, 0), (2, 1)):
        with pytest.raises(VolumeError, match=r"two voxel sizes: 1×1×1 mm in its sform and 0\.45×0\.5×3"):
            read_volume(save(tmp_path / "a.nii", sform=np.eye(4), qform=affine_of(), codes=codes))


@pytest.mark.parametrize("pixdim", [(0, 0.5, 3), (0.45, 0.5, 0), (0, 0, 0), (0.45, float("nan"), 3)])
@pytest.mark.parametrize("codes", [(0, 1), (0, 0), (9, 1)])
def test_a_voxel_size_of_nothing_is_refused_and_not_taken_for_1_mm(tmp_path: Path, capfd, pixdim, codes):
    path = save(tmp_path / "a.nii", qform=affine_of(), codes=codes, pixdim=pixdim)
    with pytest.raises(VolumeError, match=r"the size of a voxel|singular"):
        read_volume(path)
    assert capfd.readouterr() == ("", "")


def test_an_sform_that_mirrors_is_refused(tmp_path: Path):
    with pytest.raises(VolumeError, match="left and right are uncertain"):
        read_volume(save(tmp_path / "a.nii", sform=affine_of() @ np.diag([-1, 1, 1, 1]), qform=affine_of()))


def test_an_sform_that_turns_is_told(tmp_path: Path):
    path = save(tmp_path / "a.nii", sform=affine_of(turn=(0, 0, 30)), qform=affine_of())
    assert "30° apart" in read_volume(path).frame.cautions[0]
    aligned = save(tmp_path / "b.nii", sform=affine_of(turn=(0, 0, 30)), qform=affine_of(), codes=(2, 1))
    assert read_volume(aligned).frame.cautions == ()


@settings(max_examples=80, deadline=None)
@given(
    codes=st.tuples(st.integers(-1, 6), st.integers(-1, 6)),
    units=st.integers(0, 63),
    scales=st.tuples(st.sampled_from([1.0, 1.0, 1.001, 1.01, 2.0, 1e-3]), st.sampled_from([1.0, 1.0, 0.99, 1e3])),
    flips=st.tuples(*[st.sampled_from([1, -1])] * 3),
    turn=st.tuples(*[st.floats(-30, 30)] * 3),
)
def test_whatever_is_read_has_the_voxel_size_that_the_header_agrees_on(
    tmp_path_factory, codes, units, scales, flips, turn
):
    """Oracle: the size in pixdim times the unit, to 0.5 %."""
    path = tmp_path_factory.mktemp("header") / "a.nii"
    mirrored = affine_of(turn=turn) @ np.diag([*flips, 1])
    sform, qform = mirrored * [[scales[0]], [scales[0]], [scales[0]], [1]], mirrored
    save(path, sform=sform, qform=qform, codes=codes, units=units, pixdim=np.multiply(SPACING_MM, scales[1]))
    try:
        volume = read_volume(path)
    except VolumeError as error:
        assert "\n" not in str(error)
    else:
        unit = {1: 1000.0, 3: 0.001}.get(units % 8, 1.0)
        np.testing.assert_allclose(volume.spacing_mm, np.multiply(SPACING_MM, scales[1]) * unit, rtol=0.0051)
        assert volume.frame.is_known == (0 < codes[0] < 6 or 0 < codes[1] < 6)
