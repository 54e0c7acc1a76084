# SPDX-License-Identifier: Apache-2.0
"""Gzip files that other programs read, and that damage cannot pass for whole."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessgad.errors import VolumeError
from lessgad.gzip_file import read_gzip, writing_gzip
from lessgad.volume import Volume, read_volume, write_volume


@given(st.binary(max_size=3000), st.integers(0, 3000))
def test_what_is_written_is_gzip_and_comes_back(tmp_path_factory, content: bytes, n_bytes: int):
    path = tmp_path_factory.mktemp("gzip") / "a.gz"
    with writing_gzip(path) as stream:
        stream.write(content)
    assert gzip.decompress(path.read_bytes()) == content
    assert read_gzip(path, n_bytes) == content[:n_bytes]


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=4))
def test_a_file_of_several_members_is_read_whole(tmp_path_factory, members: list[bytes]):
    path = tmp_path_factory.mktemp("gzip") / "a.gz"
    path.write_bytes(b"".join(map(gzip.compress, members)))
    assert read_gzip(path, 1000) == b"".join(members)


def test_equal_contents_give_equal_files_under_any_name(tmp_path: Path):
    for name in ("one.gz", "two.gz"):
        with writing_gzip(tmp_path / name) as stream:
            stream.write(bytes(1000))
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("labels", [False, True])
def test_an_own_file_that_was_cut_off_is_refused_in_one_line(tmp_path: Path, suffix: str, labels: bool):
    path = tmp_path / f"a{suffix}"
    array = np.random.default_rng(1).integers(0, 9, (9, 8, 7))
    write_volume(path, Volume(array.astype(np.uint8 if labels else np.float32), np.eye(4)))
    np.testing.assert_array_equal(read_volume(path, labels=labels, own=True).array, array)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(VolumeError, match="damaged") as refused:
        read_volume(path, labels=labels, own=True)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_flipped_bit_in_an_own_compressed_file_is_refused(tmp_path: Path):
    path = tmp_path / "a.nii.gz"
    write_volume(path, Volume(np.random.default_rng(1).random((9, 8, 7), np.float32), np.eye(4)))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(bytes(content))
    with pytest.raises(VolumeError, match="truncated or damaged"):
        read_volume(path, own=True)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_an_image_of_nibabel_that_was_made_and_saved_is_taken_as_it_is(tmp_path: Path, suffix: str):
    from nibabel.nifti1 import Nifti1Image

    image = Nifti1Image(np.random.default_rng(1).random((4, 5, 6), np.float32), np.eye(4))
    image.to_filename(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(Volume.from_nibabel(image).array, image.get_fdata())


@pytest.mark.parametrize(("kind", "value"), [(np.uint32, 2**31), (np.int64, -(2**31) - 1)])
def test_whole_numbers_beyond_32_bits_are_no_labels(tmp_path: Path, kind: type, value: int):
    from nibabel.nifti1 import Nifti1Image

    array = np.zeros((4, 4, 4), kind)
    array[0, 0, 0] = value
    Nifti1Image(array, np.eye(4), dtype=kind).to_filename(tmp_path / "a.nii")
    with pytest.raises(VolumeError, match="beyond 32 bits"):
        read_volume(tmp_path / "a.nii", labels=True)
