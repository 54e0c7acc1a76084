# SPDX-License-Identifier: Apache-2.0
"""Where patches lie: in which study, at tumors and in the head, and what they say of it."""

import numpy as np
import pytest
from patch_sources import BOX, SHAPE, draw, source, textured, where

from lessgad.field.position import position_grid_mm


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_share_of_patches_with_tumor(share):
    """A tumor far away from where heads are looked at, so that only patches that want it hold it."""
    voxel = (5, 1, 1)
    study = source(tumor=[voxel], box=(30, 40, 30, 50))
    study.pre_contrast[voxel] = 1.0
    holds = [bool((draw([study], i, size=(8, 8), tumor_share=share).pre_contrast == 1).any()) for i in range(1000)]
    assert np.mean(holds) == pytest.approx(share, abs=3.3 * np.sqrt(share * (1 - share) / 1000))


def test_every_tumor_voxel_and_every_place_of_it_in_the_patch():
    voxels = [(2, 20, 30), (3, 12, 8), (4, 30, 40)]
    study = source(tumor=voxels)
    for z, y, x in voxels:
        study.pre_contrast[z, y, x] = z
    places = {z: [] for z, _, _ in voxels}
    for i in range(900):
        patch = draw([study], i, tumor_share=1.0, size=(4, 5), flip=False)
        (_,), (row,), (column,) = np.nonzero(patch.pre_contrast >= 2)
        places[int(patch.pre_contrast[0, row, column])].append((int(row), int(column)))
    for found in places.values():
        assert len(found) == pytest.approx(300, abs=60)
        assert set(found) == {(row, column) for row in range(4) for column in range(5)}


def test_without_masks_all_patches_are_of_the_head():
    study = source(head_slices=(1, 4))
    for k in range(SHAPE[0]):
        study.pre_contrast[k] = k
    origins = set()
    for i in range(300):
        patch = draw([study], i, tumor_share=1.0, flip=False)
        assert set(np.unique(patch.pre_contrast)) <= {1, 4}
        origins.add(where(patch))
    rows, columns = zip(*origins, strict=True)
    assert (min(rows), max(rows)) == (BOX[0], BOX[1] - 16)
    assert (min(columns), max(columns)) == (BOX[2], BOX[3] - 20)


def test_patches_larger_than_the_head_hold_all_of_it():
    for i in range(200):
        patch = draw([source()], i, size=(48, 56), flip=False)
        row, column = where(patch)
        assert row <= BOX[0]
        assert row + 48 >= BOX[1]
        assert column <= BOX[2]
        assert column + 56 >= BOX[3]


def test_every_study_is_as_likely_as_any_other():
    sources = [
        source(value=0.0, tumor=[(2, 20, 30)] * 50),
        source(value=0.1, tumor=[(2, 20, 30)], head_slices=(1,)),
        source(value=0.2, tumor=[(2, 20, 30)], shape=(60, 40, 50), head_slices=tuple(range(60))),
    ]
    drawn = [draw(sources, i).pre_contrast.max() for i in range(3000)]
    counts = [np.isclose(drawn, value).sum() for value in (0.0, 0.1, 0.2)]
    assert sum(counts) == 3000
    assert ((np.array(counts) - 1000) ** 2 / 1000).sum() < 13.8  # χ² with 2 degrees of freedom, p = 0.001


def test_tumor_patches_come_from_studies_with_masks_and_the_others_from_all():
    sources = [source(value=0.0, tumor=[(2, 20, 30)]), source(value=0.1)]
    drawn = [draw(sources, i, tumor_share=0.5).pre_contrast.max() for i in range(2000)]
    assert np.isclose(drawn, 0.1).mean() == pytest.approx(0.25, abs=0.035)


def test_positions_are_those_of_the_slice():
    study = textured()
    whole = position_grid_mm(SHAPE[1:], study.spacing_mm, study.center).numpy()
    for i in range(40):
        patch = draw([study], i, flip=False)
        row, column = where(patch)
        inside = position_grid_mm((16, 20), patch.spacing_mm, patch.center).numpy()
        for axis in (0, 1):
            expected = whole[axis, max(row, 0) : row + 16, max(column, 0) : column + 20]
            part = inside[axis, max(-row, 0) :, max(-column, 0) :][: expected.shape[0], : expected.shape[1]]
            np.testing.assert_allclose(part, expected, atol=1e-5)


def test_a_mirrored_patch_is_the_mirrored_image_at_the_mirrored_place():
    study = textured()
    n_mirrored = 0
    for i in range(200):
        plain, other = draw([study], i, flip=False), draw([study], i, flip=True)
        if np.array_equal(plain.pre_contrast, other.pre_contrast):
            assert plain.center == other.center
            continue
        n_mirrored += 1
        assert np.array_equal(plain.pre_contrast[..., ::-1], other.pre_contrast)
        assert np.array_equal(plain.standard_dose[:, ::-1], other.standard_dose)
        places = [position_grid_mm((16, 20), p.spacing_mm, p.center).numpy() for p in (plain, other)]
        np.testing.assert_allclose(places[1][0], places[0][0], atol=1e-5)
        np.testing.assert_allclose(places[1][1], -places[0][1][:, ::-1], atol=1e-5)
    assert n_mirrored == pytest.approx(100, abs=24)
