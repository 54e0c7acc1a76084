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


def test_shifts_lie_on_a_stride_of_the_encoder():
    assert FieldSettings(stem=4, shift_stride=4, channels=(4, 8)).strides == (4, 8)
    with pytest.raises(ValidationError, match=r"shift_stride 2 is not one of the encoder's strides \(4, 8\)"):
        FieldSettings(stem=4, channels=(4, 8))
    with pytest.raises(ValidationError, match="shift_stride 8"):
        FieldSettings(shift_stride=8, channels=(4, 8))


def test_the_published_network_sees_the_low_dose_alone_and_gives_no_interval():
    paper = FieldSettings(preset="paper")
    assert (paper.inputs, paper.interval, paper.told_the_dose) == (("low_dose",), False, False)
    assert paper.n_neighbor_slices == 0
    with pytest.raises(ValidationError, match="n_neighbor_slices must be 0"):
        FieldSettings(preset="paper", n_neighbor_slices=1)
    with pytest.raises(ValidationError, match="interval must be false"):
        FieldSettings(preset="paper", interval=True)


def test_the_difference_to_the_t1_is_seen_where_there_is_a_t1():
    assert FieldSettings(n_neighbor_slices=0).n_sources == 4  # T1, low dose, dose, difference
    assert FieldSettings(n_neighbor_slices=0, scaled_difference=False).n_sources == 3
    assert FieldSettings(n_neighbor_slices=0, inputs=("low_dose",)).n_sources == 2
    assert FieldSettings(n_neighbor_slices=0, inputs=("low_dose",), told_the_dose=False).n_sources == 1
    assert FieldSettings(preset="paper").n_sources == 1


@pytest.mark.parametrize("n", [0, 1, 3])
def test_each_input_stands_with_its_neighbors(n):
    field = FieldSettings(inputs=("pre_contrast", "low_dose"), n_neighbor_slices=n)
    width = 2 * n + 1
    assert field.n_images == 2 * width
    assert field.n_sources == 3 * width + 1  # T1, low dose and their difference in each slice; the dose
    assert field.channels_of("pre_contrast") == slice(0, width)
    assert field.channels_of("low_dose") == slice(width, 2 * width)
