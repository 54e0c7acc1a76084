# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scipy import ndimage
from small_model import model, normalized

from lessgad import Restorer
from lessgad.preparation.head import head_box, head_mask
from lessgad.restoration import restorer as module
from lessgad.restoration.settings import RestorationSettings
from lessgad.volume import Volume, same_grid


def test_settings_are_those_given_or_the_defaults(tmp_path):
    model(tmp_path)
    assert Restorer.load(tmp_path).settings == RestorationSettings()
    assert Restorer.load(tmp_path, RestorationSettings(window="sliding")).settings.window == "sliding"


def test_only_the_head_box_changes_and_the_scan_is_left_alone(lopsided, tmp_path, scan):
    before = scan.array.copy()
    restored = model(tmp_path).restore(scan, 0.1)
    assert np.array_equal(scan.array, before)
    assert same_grid(restored, scan)
    assert restored.array.dtype == np.float32
    box = head_box(head_mask(scan.array, scan.spacing_mm)).slices
    outside = np.ones(lopsided.SHAPE, dtype=bool)
    outside[box] = False
    assert np.array_equal(restored.array[outside], before[outside])
    assert (restored.array != before)[box].mean() > 0.9


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1), (1, 0, 2)])
@pytest.mark.parametrize("flipped", [(), (0,), (1, 2), (0, 1, 2)])
def test_axis_order_of_the_scan_comes_back_and_changes_nothing(lopsided, tmp_path, scan, order, flipped):
    restorer = model(tmp_path)
    expected = restorer.restore(scan, 0.3).array
    flip = np.eye(4)
    for axis in flipped:
        flip[axis, axis], flip[axis, 3] = -1, lopsided.SHAPE[axis] - 1
    turned = Volume(np.flip(scan.array, flipped).transpose(order), (lopsided.AFFINE @ flip)[:, [*order, 3]])
    restored = restorer.restore(turned, 0.3)
    assert same_grid(restored, turned)
    back = np.flip(restored.array.transpose(np.argsort(order)), flipped)
    np.testing.assert_allclose(back, expected, rtol=0, atol=1e-4 * expected.max())


def test_an_oblique_scan_is_restored_on_its_own_grid(lopsided, tmp_path, scan):
    restorer = model(tmp_path)
    oblique = Volume(scan.array, lopsided.OFFSET.matrix @ lopsided.AFFINE)
    restored = restorer.restore(oblique, 0.3)
    assert np.array_equal(restored.affine, oblique.affine)
    np.testing.assert_allclose(restored.array, restorer.restore(scan, 0.3).array, rtol=0, atol=1e-3)


@pytest.mark.parametrize("factor", [2.0, 0.0137, 37.3])
@pytest.mark.parametrize("output", ["residual", "tanh"])
def test_intensity_units_are_those_of_the_scan(tmp_path, scan, factor, output):
    restorer = model(tmp_path, output=output)
    expected = restorer.restore(scan, 0.1).array
    scaled = restorer.restore(scan.with_array((factor * scan.array).astype(np.float32)), 0.1).array / factor
    assert np.abs(scaled - expected).max() < 0.01 * np.abs(expected).max()


def test_whole_numbers_are_a_scan_too(tmp_path, scan):
    whole = scan.array.round()
    restorer = model(tmp_path)
    integers = restorer.restore(scan.with_array(whole.astype(np.int16)), 0.1)
    assert np.array_equal(integers.array, restorer.restore(scan.with_array(whole), 0.1).array)


@pytest.mark.parametrize("window", ["whole_slice", "sliding"])
def test_the_full_dose_comes_back(tmp_path, scan, window):
    model(tmp_path)
    restorer = Restorer.load(tmp_path, RestorationSettings(window=window))
    restored = restorer.restore(scan, 1.0).array
    np.testing.assert_allclose(restored, scan.array, rtol=0, atol=1e-5 * scan.array.max())
    if window == "whole_slice":
        assert np.array_equal(restored, scan.array)


def test_the_result_is_the_field_on_the_normalized_scan(tmp_path, scan):
    restorer = model(tmp_path, output="tanh")
    normalization, low = normalized(scan)
    restored = normalization.apply(restorer.restore(scan, 0.1).array)
    box = head_box(head_mask(scan.array, scan.spacing_mm))
    expected = module.restore_volume(
        restorer.field, {"low_dose": low}, 0.1, box, (2.0, 2.0, 3.5), restorer.settings
    ).restored
    unclipped = np.abs(low) < 1
    np.testing.assert_allclose(restored[unclipped], expected[unclipped], rtol=0, atol=1e-5)


def test_what_normalization_clips_is_not_lost(tmp_path, scan):
    """A field that darkens everything alike: so must it darken fat beyond full scale, and not flatten it."""
    bright = scan.array.copy()
    bright[40:50, 50:60, 15:25] *= 9
    bright = scan.with_array(bright)
    normalization, low = normalized(bright)
    assert (low == 1).sum() > 500
    restored = model(tmp_path, bias=-0.02).restore(bright, 0.5).array
    box = head_box(head_mask(bright.array, bright.spacing_mm)).slices
    change = (restored - bright.array)[box][low[box] > -0.98]
    expected = -0.02 * (1 - 0.5) * (normalization.full_scale - normalization.background) / 2
    np.testing.assert_allclose(change, expected, rtol=0.01)


@pytest.mark.slow
def test_a_pre_contrast_scan_is_moved_onto_the_low_dose_and_rules_its_scale(lopsided, tmp_path, monkeypatch):
    t1, t1ce = lopsided.pair()
    low = t1ce.with_array((0.5 * t1.array * 70 / 300 + 0.5 * t1ce.array).astype(np.float32))
    elsewhere = Volume(t1.array, lopsided.OFFSET.matrix @ lopsided.AFFINE)
    seen = {}

    def spy(field, images, *rest):
        seen.update(images)
        return restore_volume(field, images, *rest)

    restore_volume = module.restore_volume
    monkeypatch.setattr(module, "restore_volume", spy)
    restorer = model(tmp_path, bias=-0.02, inputs=("pre_contrast", "low_dose"))
    restored = restorer.restore(low, 0.5, elsewhere)

    head = head_mask(t1.array, t1.spacing_mm)
    inner = ndimage.binary_erosion(head, iterations=4)
    normalization, expected = normalized(t1)
    assert np.corrcoef(seen["pre_contrast"][inner], expected[inner])[0, 1] > 0.97  # it was moved home
    difference = seen["low_dose"][inner] - seen["pre_contrast"][inner]
    assert abs(np.median(difference)) < 0.02  # most of the head does not enhance: on one scale now
    change = (restored.array - low.array)[inner]
    expected_change = -0.02 * 0.5 * normalization.full_scale / 2 * 70 / 300  # in units of the low dose
    assert np.median(change) == pytest.approx(expected_change, rel=0.05)
    assert same_grid(restored, low)

    assert np.array_equal(restorer.restore(low, 1.0, elsewhere).array, low.array)


@pytest.mark.usefixtures("at_home")
def test_a_model_with_a_t2_does_without_and_sees_one(tmp_path, scan):
    restorer = model(tmp_path, inputs=("low_dose", "t2"))
    t2 = scan.with_array(np.where(scan.array > 20, 200 - scan.array, scan.array).astype(np.float32))
    without, seen = restorer.restore(scan, 0.3), restorer.restore(scan, 0.3, t2=t2)
    assert np.abs(seen.array - without.array).max() > 1e-3 * scan.array.max()
    for given in (None, t2):
        assert np.array_equal(restorer.restore(scan, 1.0, t2=given).array, scan.array)
