# SPDX-License-Identifier: Apache-2.0
"""Volumes as slices in DICOM's coordinates."""

import numpy as np
import pytest

from lessgad.errors import VolumeError
from lessgad.phantom.dicom.slices import slices_of
from lessgad.phantom.warp import rigid
from lessgad.volume import Volume

SHAPE = (12, 10, 7)
OBLIQUE = rigid(np.array([12.0, -7.0, 20.0]), np.array([5.0, -3.0, 9.0]))
AFFINES = {
    "transverse": OBLIQUE @ np.diag([1.1, 0.9, 2.5, 1.0]),
    "left-handed": OBLIQUE @ np.diag([-1.1, 0.9, 2.5, 1.0]),
    "sagittal": OBLIQUE @ np.array([[0, 0, 1.2, -40], [0.8, 0, 0, 3], [0, 0.7, 0, 9], [0, 0, 0, 1]]),
    "coronal": OBLIQUE @ np.array([[0.0, 0.8, 0, -4], [0, 0, -2, 30], [0.7, 0, 0, 9], [0, 0, 0, 1]]),
}


@pytest.mark.parametrize("affine", AFFINES.values(), ids=AFFINES)
def test_each_pixel_is_where_its_voxel_was(affine):
    array = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)
    slices = slices_of(Volume(array, affine))
    row, column = slices.orientation.reshape(2, 3)
    between_rows, between_columns = slices.pixel_spacing_mm
    for k, r, c in [(0, 0, 0), (1, 2, 3), (6, 6, 6)]:
        lps = slices.positions_mm[k] + c * between_columns * row + r * between_rows * column
        voxel = np.argwhere(array == slices.pixels[k, r, c])[0]
        np.testing.assert_allclose(lps * [-1, -1, 1], (affine @ [*voxel, 1])[:3], atol=1e-9)


@pytest.mark.parametrize(("plane", "down"), [("sagittal", -1), ("coronal", -1), ("transverse", 1), ("left-handed", 1)])
def test_rows_and_columns_follow_the_plane(plane, down):
    slices = slices_of(Volume(np.zeros(SHAPE, dtype=np.int16), AFFINES[plane]))
    row, column = slices.orientation.reshape(2, 3)
    along = {"sagittal": 1}.get(plane, 0)
    assert row[along] == np.abs(row).max()
    assert np.abs(column).max() == down * column[2 if down < 0 else 1]
    assert (np.diff(slices.locations_mm) > 0).all()


@pytest.mark.parametrize(
    "unusable",
    [
        Volume(np.zeros(SHAPE, dtype=np.float32), np.eye(4)),
        Volume(np.full(SHAPE, -1, dtype=np.int16), np.eye(4)),
        Volume(np.full(SHAPE, 32768, dtype=np.int32), np.eye(4)),
        Volume(np.zeros(SHAPE, dtype=np.int16), np.array([[1, 0.1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])),
    ],
    ids=["fractions", "negative", "beyond 15 bits", "shear"],
)
def test_what_dicom_cannot_hold_is_refused(unusable):
    with pytest.raises(VolumeError):
        slices_of(unusable)
