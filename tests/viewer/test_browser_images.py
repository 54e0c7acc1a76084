# SPDX-License-Identifier: Apache-2.0
"""Voxels for browsers: the right way round, 12 bits, nothing else in the file."""

import gzip
import hashlib

import numpy as np
import pytest

from lessgad.errors import ReaderStudyError
from lessgad.viewer.browser_images import N_LEVELS, browser_image_sha256, browser_voxels, grid_of, write_browser_image


def test_rows_go_from_the_front_and_columns_from_the_patients_right():
    image = np.full((4, 5, 6), -1.0)
    image[3, 4, 0] = 1.0  # right, front, feet
    voxels = browser_voxels(image)
    assert voxels.shape == (6, 5, 4)
    assert np.argwhere(voxels == N_LEVELS - 1).tolist() == [[0, 0, 0]]


def test_levels_are_as_fine_as_twelve_bits_allow():
    values = np.linspace(-1.2, 1.2, 10_001).reshape(1, 1, -1)
    levels = browser_voxels(values).ravel()
    back = levels / (N_LEVELS - 1) * 2 - 1
    assert levels.min() == 0
    assert levels.max() == N_LEVELS - 1
    assert np.abs(back - np.clip(values.ravel(), -1, 1)).max() <= 1 / (N_LEVELS - 1) + 1e-12


def test_the_file_holds_voxels_alone_and_is_the_same_each_time(tmp_path):
    image = np.random.default_rng(1).uniform(-1, 1, (7, 6, 5))
    one, other = tmp_path / "sub-secret.gz", tmp_path / "other.gz"
    digest = write_browser_image(one, image)
    write_browser_image(other, image)
    assert one.read_bytes() == other.read_bytes()
    assert b"secret" not in one.read_bytes()
    voxels = gzip.decompress(one.read_bytes())
    assert len(voxels) == 2 * image.size
    assert digest == hashlib.sha256(voxels).hexdigest() == browser_image_sha256(one)


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "image.gz"
    write_browser_image(path, np.random.default_rng(1).uniform(-1, 1, (7, 6, 5)))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ReaderStudyError, match="damaged"):
        browser_image_sha256(path)


def test_reading_begins_in_the_middle_and_the_lesion_is_where_it_is_largest():
    tumor = np.zeros((8, 8, 11), dtype=bool)
    tumor[2:4, 2:4, 7] = True
    tumor[2:3, 2:3, 8] = True
    grid = grid_of((8, 8, 11), (0.5, 0.5, 3.0), 2 / 3.5, tumor)
    assert (grid.first_slice, grid.lesion_slice) == (5, 7)
    assert grid.tissue == round((N_LEVELS - 1) / 3.5)
    assert grid_of((8, 8, 11), (0.5, 0.5, 3.0), 0.5, None).lesion_slice is None
