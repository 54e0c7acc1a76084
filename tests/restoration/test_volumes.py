# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch

from lessgad.field.conditional_field import ConditionalField
from lessgad.field.presets import FieldSettings
from lessgad.preparation.head import HeadBox
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.slices import restore_slices
from lessgad.restoration.volumes import restore_volume

BOX = HeadBox(3, 25, 5, 36)
SPACING_MM = (0.9, 1.2, 4.0)


@pytest.fixture
def field():
    torch.manual_seed(0)
    small = {"channels": (4,), "n_blocks": 1, "feature_channels": 4, "field_width": 4, "n_hidden_layers": 1}
    field = ConditionalField(FieldSettings(**small, inputs=("pre_contrast", "low_dose"))).eval()
    with torch.no_grad():
        for parameter in field.parameters():
            parameter.normal_(0, 0.3)
    return field


def images():
    rng = np.random.default_rng(0)
    return {name: rng.uniform(-1, 1, (30, 40, 5)).astype(np.float32) for name in ("pre_contrast", "low_dose")}


def restore(field, given, **settings):
    settings = RestorationSettings(**{"precision": "fp32", **settings})
    return restore_volume(field, given, 0.2, BOX, SPACING_MM, settings).restored


@pytest.mark.parametrize("window", ["whole_slice", "sliding"])
def test_air_around_the_head_is_left_as_it_was(field, window):
    given = images()
    copies = {name: image.copy() for name, image in given.items()}
    restored = restore(field, given, window=window)
    outside = np.ones(restored.shape, dtype=bool)
    outside[BOX.slices] = False
    assert np.array_equal(restored[outside], given["low_dose"][outside])
    assert (restored != given["low_dose"])[~outside].mean() > 0.5
    assert all(np.array_equal(given[name], copies[name]) for name in given)
    assert restored.dtype == np.float32


def test_inside_the_box_rows_are_y_and_columns_x(field):
    given = images()
    restored = restore(field, given)
    cut = {name: np.ascontiguousarray(image[3:25, 5:36].transpose(2, 1, 0)) for name, image in given.items()}
    slices = restore_slices(field, cut, 0.2, (1.2, 0.9), RestorationSettings(precision="fp32"))
    assert slices.shape == (5, 31, 22)
    for k in range(5):
        for row, column in ((0, 0), (30, 21), (7, 13)):
            assert restored[3 + column, 5 + row, k] == pytest.approx(slices[k, row, column], abs=1e-6)


def test_what_lies_outside_the_box_is_not_looked_at(field):
    given = images()
    before = restore(field, given)[BOX.slices]
    for image in given.values():
        kept = image[BOX.slices].copy()
        image[:] = 0.77
        image[BOX.slices] = kept
    assert np.array_equal(restore(field, given)[BOX.slices], before)
