# SPDX-License-Identifier: Apache-2.0
"""Generated patients: what training is taught by."""

import numpy as np
import pytest

from lessgad.field.kernel_sources import N_CONSTANTS, n_source_channels
from lessgad.phantom.tissues import Tissue
from lessgad.training.generated.appearance import draw_appearance, draw_sequence
from lessgad.training.generated.heads import generated_head
from lessgad.training.generated.lesions import FIRST_MATERIAL, Kind, paint_lesions
from lessgad.training.generated.scan import PATCH, TISSUE_LEVEL, _cubic, _interpolated, draw_scan
from lessgad.training.generated.scene import draw_scene

SEED = 3


@pytest.fixture(scope="module")
def heads():
    return [generated_head(SEED, number) for number in range(3)]


@pytest.fixture(scope="module")
def scenes(heads):
    return [draw_scene(heads[n % 3], np.random.default_rng((SEED, n))) for n in range(12)]


def test_the_same_number_is_the_same_head(heads):
    again = generated_head.__wrapped__(SEED, 1)
    assert np.array_equal(again.labels, heads[1].labels)
    assert again.kinds == heads[1].kinds
    assert not np.array_equal(heads[0].labels, heads[1].labels[: heads[0].labels.shape[0]])


def test_every_material_has_a_look(heads):
    for head in heads:
        look = draw_appearance(head.kinds, np.random.default_rng(0))
        assert len(look.pre_contrast) == len(Tissue) + len(head.kinds) > head.labels.max()
        assert np.isfinite(look.standard_dose).all()
        assert (look.pre_contrast >= 0).all()


def test_what_enhances_enhances_and_the_rest_hardly():
    kinds = (Kind.ENHANCING, Kind.DARK, Kind.BRIGHT, Kind.VOID, Kind.FAINT)
    rises = []
    for number in range(200):
        look = draw_appearance(kinds, np.random.default_rng(number))
        rises.append((look.standard_dose - look.pre_contrast)[FIRST_MATERIAL:])
    median = np.median(rises, axis=0)
    assert median[0] > 0.15
    assert 0.01 < median[4] < median[0]
    assert np.abs(median[[2, 3]]).max() < 1e-6
    assert np.mean(np.abs(np.array(rises)).max(axis=1) == 0) == pytest.approx(0.06, abs=0.05)


def test_sequences_are_t1_weighted():
    from lessgad.phantom.tissues import relaxation

    table = relaxation(1.5)
    brighter = 0
    for number in range(100):
        sequence = draw_sequence(np.random.default_rng(number))
        fluid, white = (
            np.abs(sequence.signal(table.t1_ms[[t]], table.t2_ms[[t]]))[0] * table.water[t]
            for t in (Tissue.CSF, Tissue.WHITE)
        )
        brighter += white > fluid
    assert brighter >= 95


def test_lesions_change_only_what_they_cover():
    labels = np.full((60, 60, 60), int(Tissue.WHITE), np.int8)
    before = labels.copy()
    found = paint_lesions(
        labels, np.ones(labels.shape, bool), np.full(labels.shape, -1.0, np.float32), np.random.default_rng(5)
    )
    painted = labels != before
    assert painted.any() == bool(found.kinds)
    assert set(np.unique(labels[painted])) <= set(range(FIRST_MATERIAL, FIRST_MATERIAL + len(found.kinds)))


def test_scenes_are_what_scanners_could_see(scenes):
    for scene in scenes:
        assert scene.pre_contrast.shape == scene.standard_dose.shape == scene.seen.shape
        assert scene.unit > 0
        assert 0.4 <= scene.spacing_mm[1] <= 1.25
        assert 0.4 <= scene.spacing_mm[0] <= 6.0
        assert np.isfinite(scene.standard_dose).all()
        simulated = scene.misalignment_mm == 0
        if simulated:
            assert np.array_equal(scene.low_dose_source_pair[1], scene.standard_dose)
            assert np.array_equal(scene.low_dose_source_pair[0], scene.pre_contrast)
            assert scene.low_shift == scene.pre_contrast_shift == (0, 0, 0)


def test_a_full_noise_free_dose_of_a_simulated_scene_is_the_target(scenes, monkeypatch):
    from lessgad.training.generated import scan

    monkeypatch.setattr(scan, "NOISE_FREE_SHARE", 1.0)
    monkeypatch.setattr(scan, "GAIN_ERROR_SHARE", 1.0)
    monkeypatch.setattr(scan, "_gain_error", lambda _rng, shape: np.full(shape, 0.7, np.float32))

    def share_alike(simulated):
        scene = next(one for one in scenes if (one.misalignment_mm == 0) == simulated)
        patch = draw_scan(scene, np.random.default_rng(1), dose=1.0)
        low = patch.source[7] + patch.source[2] - 1  # the scaled difference, at the full dose, and the T1
        return np.mean(np.abs(low - patch.standard_dose) < 0.1)

    assert share_alike(simulated=True) > 0.95
    assert share_alike(simulated=False) < 0.9  # a true scan is on a scale of its own, as calibration leaves it


def test_patches_have_the_shape_and_the_dose_that_they_say(scenes):
    for number, scene in enumerate(scenes):
        patch = draw_scan(scene, np.random.default_rng(number))
        assert patch.source.shape == (n_source_channels(2), PATCH, PATCH)
        assert patch.source.dtype == patch.standard_dose.dtype == np.float32
        assert np.isfinite(patch.source).all()
        assert np.abs(patch.standard_dose).max() <= 1
        assert patch.source[-N_CONSTANTS + 6, 0, 0] == pytest.approx(patch.dose)


def test_images_are_normalized_like_those_of_studies(scenes):
    levels = []
    for number, scene in enumerate(scenes):
        t1 = draw_scan(scene, np.random.default_rng(number), dose=0.5).source[2]
        if (t1 > 0.1).mean() > 0.3:
            levels.append(np.median(t1[t1 > 0.1]))
    assert 0.5 * TISSUE_LEVEL < np.median(levels) < 1.6 * TISSUE_LEVEL


@pytest.mark.parametrize("shift", [-0.5, -0.2, 0.0, 0.3, 0.5])
def test_interpolation_undoes_a_shift_of_a_smooth_image(shift):
    """Voxels at index + shift of a wave come back to their grid."""
    index = np.arange(60)
    wave = np.sin(2 * np.pi * (index + shift) / 15)[:, None, None] * np.ones((1, 4, 5))
    found = _interpolated(wave.astype(np.float32), (shift, 0.0, 0.0))
    assert found[5:-5, 0, 0] == pytest.approx(np.sin(2 * np.pi * index / 15)[5:-5], abs=0.01)
    assert _cubic(shift).sum() == pytest.approx(1)
