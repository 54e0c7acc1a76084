# SPDX-License-Identifier: Apache-2.0
from dataclasses import fields, replace

import numpy as np
import pytest

from lessgad.dose.linear import mix
from lessgad.dose.simulator import LowDoseSimulator
from lessgad.field.position import position_grid_mm
from lessgad.preparation.head import HeadBox
from lessgad.preparation.normalisation import Normalisation
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.training.patches import PatchSource, draw_patch

SHAPE = (6, 40, 50)
BOX = (4, 36, 6, 46)


def source(*, value=0.0, tumor=None, shape=SHAPE, box=BOX, head_slices=(1, 2, 3, 4)):
    """A study of constant images, told apart by their value."""
    image = np.full(shape, value, dtype=np.float32)
    voxels = np.empty((0, 3), dtype=np.int64) if tumor is None else np.array(tumor)
    t1ce = image + 0.25
    return PatchSource(image, t1ce, (image, t1ce), LowDoseSimulator(), box, np.array(head_slices), voxels, (2.0, 1.5))


def draw(sources, number, **changes):
    how = {"seed": 1, "size": (16, 20), "tumor_share": 0.5, "flip": True, "dose": None}
    return draw_patch(sources, number, **{**how, **changes})


def equal(one, other):
    return all(np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))


def textured(seed=0, tumor=((2, 20, 30), (3, 21, 31))):
    rng = np.random.default_rng(seed)
    images = [rng.uniform(-1, 1, SHAPE).astype(np.float32) for _ in range(2)]
    return PatchSource(
        *images, tuple(images), LowDoseSimulator(), BOX, np.array([1, 2, 3]), np.array(tumor), (2.0, 1.5)
    )


def test_a_patch_depends_on_seed_and_number_alone():
    sources = [textured(0), textured(1), source()]
    forward = [draw(sources, i) for i in range(30)]
    backward = [draw(sources, i) for i in reversed(range(30))][::-1]
    assert all(equal(one, other) for one, other in zip(forward, backward, strict=True))
    other_seed = [draw(sources, i, seed=2) for i in range(30)]
    assert not {patch.dose for patch in forward} & {patch.dose for patch in other_seed}
    assert len({patch.dose for patch in forward}) == 30


def test_drawing_leaves_numpys_generator_alone():
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    draw([textured()], 5)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_doses_are_even_between_0_and_1_unless_there_is_one():
    doses = np.array([draw([source()], i).dose for i in range(2000)])
    counts, _ = np.histogram(doses, 10, (0, 1))
    assert ((counts - 200) ** 2 / 200).sum() < 27.9  # χ² with 9 degrees of freedom, p = 0.001
    assert {draw([source()], i, dose=0.3).dose for i in range(20)} == {0.3}
    assert draw([source()], 7, dose=0.3).centre == draw([source()], 7).centre


def where(patch):
    """Row and column of the slice at which the patch begins; patches are not flipped."""
    return round((BOX[0] + BOX[1] - 1) / 2 - patch.centre[0]), round((BOX[2] + BOX[3] - 1) / 2 - patch.centre[1])


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
        (row,), (column,) = np.nonzero(patch.pre_contrast >= 2)
        places[int(patch.pre_contrast[row, column])].append((int(row), int(column)))
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
    whole = position_grid_mm(SHAPE[1:], study.spacing_mm, study.centre).numpy()
    for i in range(40):
        patch = draw([study], i, flip=False)
        row, column = where(patch)
        inside = position_grid_mm((16, 20), patch.spacing_mm, patch.centre).numpy()
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
            assert plain.centre == other.centre
            continue
        n_mirrored += 1
        assert np.array_equal(plain.pre_contrast[:, ::-1], other.pre_contrast)
        assert np.array_equal(plain.standard_dose[:, ::-1], other.standard_dose)
        places = [position_grid_mm((16, 20), p.spacing_mm, p.centre).numpy() for p in (plain, other)]
        np.testing.assert_allclose(places[1][0], places[0][0], atol=1e-5)
        np.testing.assert_allclose(places[1][1], -places[0][1][:, ::-1], atol=1e-5)
    assert n_mirrored == pytest.approx(100, abs=24)


def test_a_study_is_indexed_slices_first():
    rng = np.random.default_rng(0)
    pre, post = (rng.uniform(-1, 1, (10, 12, 5)).astype(np.float32) for _ in range(2))
    head = np.zeros((10, 12, 5), dtype=bool)
    head[2:9, 3:11, 1:4] = True
    tumor = np.zeros_like(head)
    tumor[4, 6, 2] = True
    labels = tumor.astype(np.int32)
    box = HeadBox(2, 9, 3, 11)
    study = PreparedStudy("1", "", pre, post, labels, head, box, (0.5, 0.7, 3.0), Normalisation(0.0, 1.0))
    indexed = PatchSource.of(study, tumor, LowDoseSimulator())
    assert indexed.tumor_voxels.tolist() == [[2, 6, 4]]
    assert indexed.head_slices.tolist() == [1, 2, 3]
    assert indexed.box == (3, 11, 2, 9)
    assert indexed.centre == (6.5, 5.0)
    assert indexed.spacing_mm == (0.7, 0.5)
    assert indexed.pre_contrast[2, 6, 4] == pre[4, 6, 2]
    assert np.shares_memory(indexed.standard_dose, post)
    assert PatchSource.of(study, None, LowDoseSimulator()).tumor_voxels.shape == (0, 3)


def noisy(sigma=0.05, **changes):
    """A study whose low doses are mixed from images of their own and get noise."""
    rng = np.random.default_rng(5)
    clean = tuple(rng.uniform(-0.6, 0.2, SHAPE).astype(np.float32) for _ in range(2))
    return replace(textured(), end_points=clean, simulator=LowDoseSimulator(sigma=sigma), **changes)


def noise(study, number, **how):
    """What the noise adds to a patch: for the same number all else is drawn alike."""
    patches = [draw([one], number, dose=0.3, **how) for one in (study, replace(study, simulator=LowDoseSimulator()))]
    assert patches[0].centre == patches[1].centre
    return patches[0].low_dose - patches[1].low_dose


def test_noise_depends_on_the_number_of_the_patch():
    study = noisy()
    first = [noise(study, i) for i in range(6)]
    for i, one in enumerate(first):
        assert one.std() == pytest.approx(0.05, rel=0.15)
        assert np.array_equal(one, noise(study, i))
        for other in first[:i]:
            assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.2  # 3.6 / √320


@pytest.mark.parametrize("flip", [False, True])
def test_the_low_dose_is_mixed_from_the_end_points_and_mirrored_with_the_pair(flip):
    study = noisy(sigma=0.0)
    swapped = replace(study, pre_contrast=study.end_points[0], standard_dose=study.end_points[1])
    for i in range(40):
        patch, end_points = (draw([one], i, dose=0.3, flip=flip) for one in (study, swapped))
        assert np.array_equal(patch.low_dose, mix(end_points.pre_contrast, end_points.standard_dose, 0.3))
        assert not np.array_equal(patch.low_dose, mix(patch.pre_contrast, patch.standard_dose, 0.3))


def test_there_is_no_noise_where_nothing_was_scanned():
    study = noisy()
    study.pre_contrast[:, :20] = study.standard_dose[:, :20] = -1
    for k in range(2):
        study.end_points[k][:, :20] = -1
    for i in range(20):
        patch = draw([study], i, size=(48, 60))  # larger than the slice
        empty = (patch.pre_contrast == -1) & (patch.standard_dose == -1)
        assert empty.sum() >= 48 * 60 - 20 * 50
        assert (patch.low_dose[empty] == -1).all()
        assert (patch.low_dose[~empty] > -1).all()


def with_t2(study):
    """A T2 that tells the place by its own values: rows and columns of the T1, negated."""
    return replace(study, t2=-study.pre_contrast)


@pytest.mark.parametrize("dropout", [0.0, 0.2, 1.0])
def test_a_t2_is_cut_and_mirrored_with_the_rest_and_dropped_in_its_share(dropout):
    sources = [with_t2(textured(0)), with_t2(textured(1))]
    drawn = [draw(sources, i, t2_dropout=dropout) for i in range(500)]
    shown = [patch for patch in drawn if patch.t2 is not None]
    sd = np.sqrt(dropout * (1 - dropout) / 500)
    assert abs(1 - len(shown) / 500 - dropout) <= 3.3 * sd
    for patch in shown:
        inside = patch.pre_contrast != -1  # beyond the slice both are background
        np.testing.assert_array_equal(patch.t2[inside], -patch.pre_contrast[inside])
        assert set(np.unique(patch.t2[~inside])) <= {-1.0, 1.0}


def test_a_t2_changes_nothing_else_of_a_patch():
    plain, companied = textured(), with_t2(textured())
    for number in range(30):
        one, other = draw([plain], number), draw([companied], number, t2_dropout=0.5)
        assert equal(one, replace(other, t2=None))
        assert one.t2 is None


def test_a_study_without_a_t2_has_none_in_its_patches():
    assert draw([textured()], 1, t2_dropout=0.0).t2 is None
