# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch

from lessgad.field.conditional_field import ConditionalField
from lessgad.field.position import position_grid_mm
from lessgad.field.presets import FieldSettings
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.slices import restore_slices

SPACING_MM = (1.2, 0.9)


def random_field(**changes):
    torch.manual_seed(3)
    small = {
        "inputs": ("low_dose",),
        "channels": (4,),
        "n_blocks": 1,
        "n_neighbor_slices": 0,
        "feature_channels": 6,
        "field_width": 5,
        "n_hidden_layers": 1,
    }
    field = ConditionalField(FieldSettings(**{**small, **changes})).eval()
    with torch.no_grad():
        for parameter in field.parameters():
            parameter.normal_(0, 0.2)
    return field


def images(*shape):
    rng = np.random.default_rng(0)
    return {name: rng.uniform(-1, 1, shape).astype(np.float32) for name in ("pre_contrast", "low_dose")}


def restore(field, given, dose=0.3, **settings):
    return restore_slices(field, given, dose, SPACING_MM, RestorationSettings(**{"precision": "fp32", **settings}))


@pytest.fixture
def batch_sizes():
    """Give a field, get back the list that its batch sizes will be noted in."""

    def watch(field):
        seen = []
        field.encoder.register_forward_pre_hook(lambda _module, given: seen.append(len(given[0])))
        return seen

    return watch


@pytest.mark.parametrize("inputs", [("low_dose",), ("pre_contrast", "low_dose"), ("low_dose", "pre_contrast")])
def test_whole_slices_are_what_the_field_says_clipped(inputs):
    field, given = random_field(inputs=inputs), images(3, 21, 34)
    restored = restore(field, given)
    position = position_grid_mm((21, 34), SPACING_MM, (10.0, 16.5))[None]
    for k in range(3):
        source = torch.from_numpy(np.stack([given[name][k] for name in inputs]))[None]
        with torch.inference_mode():
            said = field(source, torch.tensor([0.3]), position)[0, 0].clamp(-1, 1).numpy()
        np.testing.assert_allclose(restored[k], said, rtol=0, atol=1e-5)
    assert restored.dtype == np.float32
    assert np.abs(restored).max() == 1  # some of it was clipped


@pytest.mark.parametrize("window", ["whole_slice", "sliding"])
def test_how_many_at_once_changes_nothing(window):
    field, given = random_field(), images(7, 25, 30)
    one = restore(field, given, window=window, slices_at_once=1)
    for n in (2, 3, 7, 50):
        np.testing.assert_allclose(restore(field, given, window=window, slices_at_once=n), one, rtol=0, atol=1e-6)


@pytest.mark.parametrize("n", [1, 3])
def test_never_more_slices_in_memory_than_allowed(batch_sizes, n):
    field = random_field()
    seen = batch_sizes(field)
    restore(field, images(7, 25, 30), slices_at_once=n)
    assert max(seen) == n
    assert sum(seen) == 7


def test_never_more_than_four_windows_in_memory(batch_sizes):
    field = random_field()
    seen = batch_sizes(field)
    restore(field, images(3, 200, 260), window="sliding", slices_at_once=3)
    assert max(seen) <= 4


def clean(n, window, reach):
    """Pixels further than the reach from the edges of every window they lie in, unless the image ends there."""
    good = np.ones(n, dtype=bool)
    places = np.arange(n)
    for start in range(0, n - window + 1, window // 2):
        inside = (places >= start) & (places < start + window)
        if start > 0:
            good &= ~(inside & (places < start + reach))
        if start + window < n:
            good &= ~(inside & (places >= start + window - reach))
    return good


@pytest.mark.parametrize("inputs", [("low_dose",), ("pre_contrast", "low_dose")])
@pytest.mark.parametrize("channels", [(4,), (4, 8)])
def test_sliding_windows_are_whole_slices_beyond_the_reach(inputs, channels):
    field, given = random_field(inputs=inputs, channels=channels), images(2, 192, 320)
    whole, sliding = restore(field, given), restore(field, given, window="sliding")
    good = clean(192, 128, field.settings.reach)[:, None] & clean(320, 160, field.settings.reach)
    assert good.mean() > 0.2
    np.testing.assert_allclose(sliding[:, good], whole[:, good], rtol=0, atol=1e-4)
    assert np.abs(sliding - whole).max() > 1e-3  # the edges of windows do show


def only_position_matters():
    field = random_field(told_the_dose=False, output="tanh")
    with torch.no_grad():
        field.layers[0].weight[:, :1] = 0
        field.shifts.weight.zero_()
    return field


@pytest.mark.parametrize("shape", [(192, 240), (150, 187), (60, 170), (33, 41)])
def test_positions_travel_with_the_windows(shape):
    field, given = only_position_matters(), images(1, *shape)
    whole = restore(field, given)
    assert whole.std() > 0.01
    np.testing.assert_allclose(restore(field, given, window="sliding"), whole, rtol=0, atol=1e-4)


@pytest.mark.parametrize("shape", [(96, 128), (57, 91), (128, 100), (1, 1)])
def test_slices_smaller_than_the_window_are_padded_with_background(shape):
    """Half of the padding on each side, as an oracle does it with NumPy."""
    field, given = random_field(inputs=("pre_contrast", "low_dose")), images(1, *shape)
    missing = [(w - n, (w - n) // 2) for w, n in zip((128, 160), shape, strict=True)]
    margins = [(half, total - half) for total, half in missing]
    source = np.stack([np.pad(given[name][0], margins, constant_values=-1) for name in field.settings.inputs])
    center = tuple((n - 1) / 2 + before for n, (before, _) in zip(shape, margins, strict=True))
    position = position_grid_mm((128, 160), SPACING_MM, center)[None]
    with torch.inference_mode():
        said = field(torch.from_numpy(source)[None], torch.tensor([0.3]), position)[0, 0].clamp(-1, 1).numpy()
    inside = tuple(slice(before, before + n) for n, (before, _) in zip(shape, margins, strict=True))
    restored = restore(field, given, window="sliding")
    np.testing.assert_allclose(restored[0], said[inside], rtol=0, atol=1e-5)


def test_padding_does_not_reach_further_than_the_reach():
    field, given = random_field(), images(2, 96, 128)
    whole, sliding = restore(field, given), restore(field, given, window="sliding")
    inner = slice(field.settings.reach, -field.settings.reach)
    np.testing.assert_allclose(sliding[:, inner, inner], whole[:, inner, inner], rtol=0, atol=1e-4)


@pytest.mark.parametrize("window", ["whole_slice", "sliding"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_full_dose_comes_back(window, precision):
    given = images(2, 140, 170)
    restored = restore(random_field(), given, dose=1.0, window=window, precision=precision)
    if window == "whole_slice":
        assert np.array_equal(restored, given["low_dose"])
    np.testing.assert_allclose(restored, given["low_dose"], rtol=0, atol=1e-6)


def test_slices_are_restored_one_by_one():
    field, given = random_field(), images(5, 25, 30)
    restored = restore(field, given)
    order = [3, 1, 4, 0, 2]
    shuffled = {name: image[order] for name, image in given.items()}
    np.testing.assert_allclose(restore(field, shuffled), restored[order], rtol=0, atol=1e-6)


def test_views_are_welcome_and_left_alone():
    """Volumes come as transposed, flipped or read-only views."""
    field, given = random_field(inputs=("pre_contrast", "low_dose")), images(4, 26, 33)
    views = {name: np.asfortranarray(image[::-1, :, ::-1])[::-1, :, ::-1] for name, image in given.items()}
    for view in views.values():
        view.flags.writeable = False
    np.testing.assert_array_equal(restore(field, views), restore(field, given))


WITH_T2 = ("pre_contrast", "low_dose", "t2")


@pytest.mark.parametrize("window", ["whole_slice", "sliding"])
@pytest.mark.parametrize("output", ["residual", "tanh"])
def test_no_t2_is_a_t2_that_is_background(window, output):
    field, given = random_field(inputs=WITH_T2, output=output), images(2, 21, 34)
    background = {**given, "t2": np.full((2, 21, 34), -1, np.float32)}
    np.testing.assert_array_equal(restore(field, given, window=window), restore(field, background, window=window))
    bright = {**given, "t2": np.full((2, 21, 34), 0.5, np.float32)}
    assert np.abs(restore(field, bright, window=window) - restore(field, given, window=window)).max() > 1e-3


def test_with_a_t2_the_full_dose_comes_back():
    field, given = random_field(inputs=WITH_T2), images(2, 21, 34)
    for t2 in ({}, {"t2": given["pre_contrast"]}):
        np.testing.assert_array_equal(restore(field, {**given, **t2}, dose=1.0), given["low_dose"])


@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_slice_sees_those_around_it_and_no_others(n):
    field, given = random_field(inputs=("pre_contrast", "low_dose"), n_neighbor_slices=n), images(9, 21, 24)
    before = restore(field, given)
    changed = {**given, "pre_contrast": given["pre_contrast"].copy()}
    changed["pre_contrast"][4] = 0
    moved = np.abs(restore(field, changed) - before).max(axis=(1, 2)) > 1e-6
    assert np.flatnonzero(moved).tolist() == list(range(4 - n, 5 + n))


@pytest.mark.parametrize("n", [0, 2])
def test_chosen_slices_are_those_of_the_whole_stack(n):
    field, given = random_field(n_neighbor_slices=n), images(7, 21, 24)
    settings = RestorationSettings(precision="fp32", slices_at_once=2)
    chosen = restore_slices(field, given, 0.3, SPACING_MM, settings, [6, 0, 3])
    np.testing.assert_allclose(chosen, restore(field, given)[[6, 0, 3]], rtol=0, atol=1e-5)


def test_without_a_change_from_slice_to_slice_neighbors_at_the_ends_change_nothing():
    field, one = random_field(n_neighbor_slices=1), images(1, 21, 24)
    alike = {name: np.repeat(image, 4, axis=0) for name, image in one.items()}
    np.testing.assert_allclose(restore(field, alike), np.repeat(restore(field, one), 4, axis=0), rtol=0, atol=1e-5)


@pytest.mark.parametrize("window", ["whole_slice", "sliding"])
def test_the_number_of_threads_changes_no_bit(window):
    field, given, before = random_field(channels=(8, 16)), images(7, 33, 40), torch.get_num_threads()
    found = []
    try:
        for n_threads in (1, 3):
            torch.set_num_threads(n_threads)
            found.append(restore(field, given, window=window))
            assert torch.get_num_threads() == n_threads
    finally:
        torch.set_num_threads(before)
    if window == "whole_slice":
        np.testing.assert_array_equal(*found)
    else:
        np.testing.assert_allclose(*found, atol=1e-5)
