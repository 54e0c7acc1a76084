# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lessgad.field.inputs import images_seen

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
