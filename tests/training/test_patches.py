# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest
from patch_sources import SHAPE, draw, equal, source, textured

from lessgad.dose.linear import mix
from lessgad.dose.simulator import LowDoseSimulator
from lessgad.preparation.head import HeadBox
from lessgad.preparation.normalization import Normalization
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.training.patch_source import PatchSource, crop, tumor_in


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
    assert draw([source()], 7, dose=0.3).center == draw([source()], 7).center


def test_a_study_is_indexed_slices_first():
    rng = np.random.default_rng(0)
    pre, post = (rng.uniform(-1, 1, (10, 12, 5)).astype(np.float32) for _ in range(2))
    head = np.zeros((10, 12, 5), dtype=bool)
    head[2:9, 3:11, 1:4] = True
    tumor = np.zeros_like(head)
    tumor[4, 6, 2] = True
    labels = tumor.astype(np.int32)
    box = HeadBox(2, 9, 3, 11)
    study = PreparedStudy("1", "", pre, post, labels, head, box, (0.5, 0.7, 3.0), Normalization(0.0, 1.0))
    indexed = PatchSource.of(study, tumor, LowDoseSimulator())
    assert indexed.tumor_voxels.tolist() == [[2, 6, 4]]
    assert indexed.head_slices.tolist() == [1, 2, 3]
    assert indexed.box == (3, 11, 2, 9)
    assert indexed.center == (6.5, 5.0)
    assert indexed.spacing_mm == (0.7, 0.5)
    assert indexed.pre_contrast[2, 6, 4] == pre[4, 6, 2]
    assert np.shares_memory(indexed.standard_dose, post)
    assert PatchSource.of(study, None, LowDoseSimulator()).tumor_voxels.shape == (0, 3)


def noisy(sigma=0.05, **changes):
    """A study whose low doses are mixed from images of their own and get noise."""
    rng = np.random.default_rng(5)
    clean = tuple(rng.uniform(-0.6, 0.2, SHAPE).astype(np.float32) for _ in range(2))
    return replace(textured(), source_pair=clean, simulator=LowDoseSimulator(sigma=sigma), **changes)


def noise(study, number, **how):
    """What the noise adds to a patch: for the same number all else is drawn alike."""
    patches = [draw([one], number, dose=0.3, **how) for one in (study, replace(study, simulator=LowDoseSimulator()))]
    assert patches[0].center == patches[1].center
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
    swapped = replace(study, pre_contrast=study.source_pair[0], standard_dose=study.source_pair[1])
    for i in range(40):
        patch, source_pair = (draw([one], i, dose=0.3, flip=flip) for one in (study, swapped))
        assert np.array_equal(patch.low_dose, mix(source_pair.pre_contrast, source_pair.standard_dose[None], 0.3))
        assert not np.array_equal(patch.low_dose, mix(patch.pre_contrast, patch.standard_dose[None], 0.3))


def test_there_is_no_noise_where_nothing_was_scanned():
    study = noisy()
    study.pre_contrast[:, :20] = study.standard_dose[:, :20] = -1
    for k in range(2):
        study.source_pair[k][:, :20] = -1
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


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("flip", [False, True])
def test_a_patch_has_the_slices_around_it_and_beyond_the_ends_the_last_again(n, flip):
    study = textured(tumor=[(z, 20, 30) for z in range(SHAPE[0])])
    how = {"tumor_share": 1.0, "flip": flip, "dose": 0.3}
    found = set()
    for i in range(60):
        wide, narrow = draw([study], i, n_neighbor_slices=n, **how), draw([study], i, **how)
        assert wide.pre_contrast.shape == wide.low_dose.shape == (2 * n + 1, 16, 20)
        assert np.array_equal(wide.standard_dose, narrow.standard_dose)
        assert np.array_equal(wide.pre_contrast[n], narrow.pre_contrast[0])
        assert np.array_equal(wide.low_dose[n], narrow.low_dose[0])
        slices = [
            np.flatnonzero([np.isin(one, slab).all() for slab in study.pre_contrast]).item() for one in inner(wide)
        ]
        z = slices[n]
        assert slices == [min(max(k, 0), SHAPE[0] - 1) for k in range(z - n, z + n + 1)]
        found.add(z)
    assert found == set(range(SHAPE[0]))


def inner(patch):
    """A part of each slice that holds no padding; random textures tell slices apart."""
    return [one[one != -1][:20] for one in patch.pre_contrast]


def test_slices_around_have_noise_of_their_own():
    added = noise(noisy(), 3, n_neighbor_slices=1)
    for one, other in ((0, 1), (1, 2), (0, 2)):
        assert added[one].std() == pytest.approx(0.05, rel=0.15)
        assert abs(np.corrcoef(added[one].ravel(), added[other].ravel())[0, 1]) < 0.2  # 3.6 / √320


def test_the_slices_around_enhance_as_the_middle_one_does():
    study = source(tumor=[(2, 20, 30)])
    patch = draw([study], 1, n_neighbor_slices=1, vary_enhancement=0.4, dose=1.0, tumor_share=1.0)
    enhancement = patch.low_dose - patch.pre_contrast
    assert enhancement[1].std() > 0
    np.testing.assert_allclose(enhancement[0], enhancement[1], atol=1e-6)
    np.testing.assert_allclose(enhancement[2], enhancement[1], atol=1e-6)


def test_a_slice_that_stands_in_for_those_beyond_the_end_is_one_scan():
    study = replace(noisy(), tumor_voxels=np.array([[0, 20, 30]]))
    patch = draw([study], 0, tumor_share=1.0, n_neighbor_slices=2, dose=0.3)
    assert np.array_equal(patch.low_dose[0], patch.low_dose[2])
    assert np.array_equal(patch.low_dose[1], patch.low_dose[2])
    assert not np.array_equal(patch.low_dose[3], patch.low_dose[2])


def test_positions_vary_where_there_is_noise_and_not_in_what_is_outlined():
    study = noisy()
    how = {"tumor_share": 1.0, "dose": 0.1, "n_neighbor_slices": 1}
    for i in range(20):
        plain, moved = draw([study], i, **how), draw([study], i, vary_position=1.0, **how)
        assert np.array_equal(plain.standard_dose, moved.standard_dose)
        assert not np.array_equal(plain.low_dose, moved.low_dose)
    silent = replace(study, simulator=LowDoseSimulator())
    plain, moved = draw([silent], 1, **how), draw([silent], 1, vary_position=1.0, **how)
    assert np.array_equal(plain.low_dose, moved.low_dose)


@pytest.mark.parametrize("origin", [(0, 0), (15, 25), (-3, 40)])
def test_the_tumor_of_a_patch_is_that_of_the_volume(origin):
    rng = np.random.default_rng(3)
    tumor = rng.random(SHAPE) < 0.1
    found = tumor_in(np.argwhere(tumor), np.array([1, 2, 4]), origin, (16, 20))
    for index, k in enumerate((1, 2, 4)):
        assert np.array_equal(
            found[index], crop(np.where(tumor[k], 1.0, -1.0).astype(np.float32), origin, (16, 20)) > 0
        )
