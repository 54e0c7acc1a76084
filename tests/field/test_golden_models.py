# SPDX-License-Identifier: Apache-2.0
"""Models of earlier versions load and compute as they did; golden/make.py says how they were made."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lessgad.field.checkpoint import load_field
from lessgad.field.inputs import stacked_sources
from lessgad.field.position import position_grid_mm
from lessgad.restoration.restorer import Restorer
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.slices import restore_slices

GOLDEN = Path(__file__).parent / "golden"
FP32 = RestorationSettings(precision="fp32")


@pytest.fixture(params=["residual", "tanh", "neighbors"])
def golden(request):
    return GOLDEN / request.param


def example(golden):
    with np.load(golden / "example.npz") as stored:
        arrays = dict(stored)
    return arrays.pop("restored"), float(arrays.pop("dose")), tuple(arrays.pop("spacing_mm").tolist()), arrays


def test_through_the_restorer(golden):
    expected, dose, spacing_mm, images = example(golden)
    restorer = Restorer.load(golden, FP32)
    restored = restore_slices(restorer.field, images, dose, spacing_mm, restorer.settings)
    np.testing.assert_allclose(restored, expected, rtol=0, atol=1e-4)


def test_through_the_field(golden):
    expected, dose, spacing_mm, images = example(golden)
    field, description = load_field(golden)
    source = torch.from_numpy(stacked_sources(images, range(2), description.field))
    n, _, height, width = source.shape
    position = position_grid_mm((height, width), spacing_mm, ((height - 1) / 2, (width - 1) / 2))
    with torch.inference_mode():
        restored = field(source, torch.full((n,), dose), position.expand(n, -1, -1, -1))
    np.testing.assert_allclose(restored[:, 0].clamp(-1, 1).numpy(), expected, rtol=0, atol=1e-4)


def test_examples_tell_a_model_from_none(golden):
    """The comparison above would notice a field that does nothing."""
    expected, _, _, images = example(golden)
    assert np.abs(expected - images["low_dose"]).mean() > 0.1


def test_they_are_small(golden):
    assert sum(file.stat().st_size for file in golden.iterdir()) < 60_000
