# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lessgad.field.inputs import images_seen, slices_around, stacked_sources
from lessgad.field.presets import FieldSettings

GIVEN = {name: np.full((2, 3), value, np.float32) for name, value in (("pre_contrast", 0.1), ("low_dose", 0.2))}


@pytest.mark.parametrize("inputs", [("low_dose",), ("t2", "low_dose"), ("low_dose", "t2", "pre_contrast")])
def test_images_come_in_the_order_of_the_field_and_a_missing_t2_is_background(inputs):
    seen = images_seen(GIVEN, inputs)
    assert tuple(seen) == inputs
    for name, image in seen.items():
        np.testing.assert_array_equal(image, GIVEN.get(name, np.full((2, 3), -1, np.float32)))
        assert image.dtype == np.float32


def test_a_t2_that_is_there_is_seen():
    t2 = np.full((2, 3), 0.7, np.float32)
    assert images_seen({**GIVEN, "t2": t2}, ("low_dose", "t2"))["t2"] is t2
    assert "t2" not in images_seen({**GIVEN, "t2": t2}, ("low_dose",))


def test_any_other_image_is_needed():
    with pytest.raises(KeyError, match="pre_contrast"):
        images_seen({"low_dose": GIVEN["low_dose"]}, ("pre_contrast", "low_dose"))


def test_slices_around_end_with_the_stack():
    assert slices_around([0, 2, 4], 1, 5).tolist() == [[0, 0, 1], [1, 2, 3], [3, 4, 4]]
    assert slices_around(range(1, 3), 0, 5).tolist() == [[1], [2]]
    assert slices_around([0], 2, 1).tolist() == [[0, 0, 0, 0, 0]]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_sources_are_the_images_with_the_slices_around(n):
    rng = np.random.default_rng(0)
    given = {name: rng.uniform(-1, 1, (5, 2, 3)).astype(np.float32) for name in ("pre_contrast", "low_dose")}
    field = FieldSettings(inputs=("low_dose", "t2", "pre_contrast"), n_neighbor_slices=n)
    numbers = [3, 0]
    sources = stacked_sources(given, numbers, field)
    assert sources.shape == (2, field.n_images, 2, 3)
    assert sources.dtype == np.float32
    for index, k in enumerate(numbers):
        for offset in range(-n, n + 1):
            at = min(max(k + offset, 0), 4)
            for name in field.inputs:
                expected = given[name][at] if name in given else np.full((2, 3), -1)
                np.testing.assert_array_equal(sources[index, field.channels_of(name)][offset + n], expected)
