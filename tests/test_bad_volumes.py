# SPDX-License-Identifier: Apache-2.0
"""Images that cannot be used: one clear line each, which names the file."""

import gzip
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.errors import VolumeError
from lessgad.volume import read_volume

ORDINARY = np.arange(8 * 9 * 10, dtype=np.float32).reshape(8, 9, 10)
SUFFIXES = pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])


def save(path: Path, array: np.ndarray, affine: np.ndarray | None = None) -> Path:
    nibabel.save(nibabel.nifti1.Nifti1Image(array, np.eye(4) if affine is None else affine), path)
    return path


def refused(path: Path, *words: str, labels: bool = False) -> None:
    with pytest.raises(VolumeError) as caught:
        read_volume(path, labels=labels)
    line = str(caught.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    for word in words:
        assert word in line


@pytest.fixture(params=[".nii", ".nii.gz"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"a{request.param}"


def test_missing(path: Path):
    refused(path, "no such file")


def test_folder(path: Path):
    path.mkdir()
    refused(path)


def test_dangling_link(path: Path):
    path.symlink_to("annexed-away")
    refused(path, "a link to a file that is not here", "datalad get")


@pytest.mark.parametrize(
    "pointer", ["/annex/objects/MD5E-s1--0.nii.gz\n", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"]
)
def test_pointer_to_what_was_not_fetched(path: Path, pointer: str):
    path.write_text(pointer)
    refused(path, "was not fetched", "datalad get")


def test_zero_bytes(path: Path):
    path.touch()
    refused(path)


@pytest.mark.parametrize("content", [b"hello", b"hello" * 1000, b"\0" * 400, b"\x1f\x8b\x08" + b"\0" * 400])
def test_not_nifti_at_all(path: Path, content: bytes):
    path.write_bytes(content)
    refused(path)


def test_not_nifti_inside_gzip(tmp_path: Path):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(b"hello" * 1000))
    refused(path)


def test_other_format(tmp_path: Path):
    image = nibabel.freesurfer.mghformat.MGHImage(ORDINARY, np.eye(4))
    nibabel.save(image, tmp_path / "a.mgz")
    refused(tmp_path / "a.mgz", "not NIfTI")


def test_truncated_at_any_byte(path: Path):
    whole = save(path, ORDINARY).read_bytes()
    for n_bytes in [*range(0, 400, 7), *np.linspace(400, len(whole) - 1, 25, dtype=int), len(whole) - 1]:
        path.write_bytes(whole[:n_bytes])
        refused(path)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 351), st.binary(min_size=1, max_size=8), st.booleans())
def test_damaged_header_is_refused_or_harmless(tmp_path_factory, at: int, junk: bytes, labels: bool):
    path = tmp_path_factory.mktemp("damaged") / "a.nii"
    content = bytearray(save(path, ORDINARY).read_bytes())
    content[at : at + len(junk)] = junk
    path.write_bytes(bytes(content))
    try:
        read_volume(path, labels=labels)
    except VolumeError as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)


@settings(max_examples=60, deadline=None)
@given(st.integers(10, 400), st.integers(1, 255))
def test_damaged_compression_is_refused_or_harmless(tmp_path_factory, at: int, flip: int):
    path = tmp_path_factory.mktemp("damaged") / "a.nii.gz"
    content = bytearray(save(path, ORDINARY).read_bytes())
    content[at % len(content)] ^= flip
    path.write_bytes(bytes(content))
    try:
        array = read_volume(path).array
    except VolumeError as error:
        assert str(path) in str(error)
    else:
        np.testing.assert_array_equal(array, ORDINARY)


@pytest.mark.parametrize("spoil", [lambda whole: whole + b"junk", lambda whole: whole[:-8] + bytes(4) + whole[-4:]])
def test_a_compressed_file_is_compared_with_its_checksum(tmp_path: Path, spoil):
    path = save(tmp_path / "a.nii.gz", ORDINARY)
    path.write_bytes(spoil(path.read_bytes()))
    refused(path, "truncated or damaged")


@pytest.mark.parametrize(("shape", "words"), [((3, 4, 5, 2), "4 dimensions (3×4×5×2)"), ((3, 4), "2 dimensions (3×4)")])
def test_not_3d(path: Path, shape: tuple[int, ...], words: str):
    refused(save(path, np.arange(np.prod(shape), dtype=np.float32).reshape(shape)), words)


def test_4d_says_what_to_do(path: Path):
    refused(save(path, np.zeros((3, 4, 5, 2), dtype=np.float32)), "Give one 3D volume.")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity(path: Path, bad: float):
    array = ORDINARY.copy()
    array[1, 2, 3] = array[4, 5, 6] = bad
    refused(save(path, array), "2 voxels are NaN or infinite")


def test_beyond_float32(path: Path):
    refused(save(path, ORDINARY.astype(np.float64) * 1e300), "NaN or infinite")


@pytest.mark.parametrize("value", [0.0, 7.0])
def test_constant(path: Path, value: float):
    refused(save(path, np.full((3, 4, 5), value, dtype=np.float32)), f"every voxel is {value:g}")


def test_colors(path: Path):
    colors = np.zeros((3, 4, 5), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    refused(save(path, colors), "one real number per voxel")
    refused(path, "one real number per voxel", labels=True)


def test_complex_numbers(path: Path):
    refused(save(path, ORDINARY.astype(np.complex64)), "one real number per voxel")


@pytest.mark.parametrize("rows", [[0, 0, 0], [1, 1, 0]], ids=["zero", "parallel"])
def test_singular_affine(path: Path, rows: list[int]):
    image = nibabel.nifti1.Nifti1Image(ORDINARY, np.eye(4))
    image.header["sform_code"], image.header["qform_code"] = 1, 0
    image.header["srow_x"], image.header["srow_y"] = [1, 1, 0, 0], [*rows, 0]
    nibabel.save(nibabel.nifti1.Nifti1Image(ORDINARY, None, image.header), path)
    refused(path, "affine is singular", "sform and qform")


def test_affine_with_nan(path: Path):
    image = nibabel.nifti1.Nifti1Image(ORDINARY, np.eye(4))
    image.header["sform_code"], image.header["qform_code"] = 1, 0
    image.header["srow_x"] = np.nan
    nibabel.save(nibabel.nifti1.Nifti1Image(ORDINARY, None, image.header), path)
    refused(path)


def test_labels_that_are_fractions(path: Path):
    refused(save(path, ORDINARY + 0.5), "must be whole numbers", "nearest neighbor", labels=True)


def test_labels_that_are_nan(path: Path):
    refused(save(path, np.full((3, 4, 5), np.nan, dtype=np.float32)), "must be whole numbers", labels=True)


def test_labels_beyond_32_bits(path: Path):
    refused(save(path, np.full((3, 4, 5), 1e20)), "beyond 32 bits", labels=True)


def test_labels_may_be_constant_and_stored_as_floats(path: Path):
    labels = read_volume(save(path, np.full((3, 4, 5), 2.0)), labels=True).array
    assert labels.dtype == np.int32
    assert (labels == 2).all()


def test_a_folder_is_named_as_such(tmp_path: Path):
    with pytest.raises(VolumeError, match="This is a folder, not a NIfTI file"):
        read_volume(tmp_path)
