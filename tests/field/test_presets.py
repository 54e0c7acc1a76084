# SPDX-License-Identifier: Apache-2.0
import pytest
from pydantic import ValidationError

from lessgad.field.presets import FieldSettings


@pytest.mark.parametrize("inputs", [[], ["pre_contrast"], ["low_dose", "low_dose"], ["standard_dose", "low_dose"]])
def test_inputs_hold_the_low_dose_and_each_image_once(inputs):
    with pytest.raises(ValidationError):
        FieldSettings(inputs=inputs)


@pytest.mark.parametrize("inputs", [["low_dose"], ["pre_contrast", "low_dose"], ["low_dose", "pre_contrast"]])
def test_good_inputs(inputs):
    assert list(FieldSettings(inputs=inputs).inputs) == inputs


@pytest.mark.parametrize(
    "wrong",
    [
        {"channels": []},
        {"channels": [2]},
        {"n_blocks": 0},
        {"n_frequencies": -1},
        {"longest_wave_mm": 0},
        {"output": "relu"},
        {"width": 3},
    ],
)
def test_what_makes_no_network_is_refused(wrong):
    with pytest.raises(ValidationError):
        FieldSettings(**wrong)


def test_stride_is_that_of_the_coarsest_level():
    assert [FieldSettings(channels=(4,) * n).stride for n in (1, 2, 4)] == [2, 4, 16]


def test_reach_grows_with_depth_and_blocks():
    reach = [FieldSettings(channels=(4,) * n, n_blocks=b).reach for n, b in ((1, 1), (2, 1), (2, 2), (3, 2))]
    assert reach == sorted(set(reach))
