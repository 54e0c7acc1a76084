# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest
import torch

from lessgad.field.position import position_grid_mm
from lessgad.field.presets import FieldSettings
from lessgad.training.batches import stack_patches
from lessgad.training.patches import Patch


def patches():
    rng = np.random.default_rng(0)
    return [
        Patch(pre[None], post, low[None], (2.5 + step, 3.0), (1.5, 0.5), dose)
        for step, dose in ((1, 0.1), (-1, 0.6), (1, 1.0))
        for pre, post, low in [rng.uniform(-1, 1, (3, 6, 8)).astype(np.float32)[:, :, ::step]]
    ]


@pytest.mark.parametrize("inputs", [("low_dose",), ("pre_contrast", "low_dose"), ("low_dose", "pre_contrast")])
def test_each_patch_at_its_dose_and_place(inputs):
    given = patches()
    batch = stack_patches(given, FieldSettings(inputs=inputs))
    assert batch.source.dtype == batch.standard_dose.dtype == batch.dose.dtype == torch.float32
    for index, patch in enumerate(given):
        images = {"pre_contrast": patch.pre_contrast, "low_dose": patch.low_dose}
        for channel, name in enumerate(inputs):
            np.testing.assert_array_equal(batch.source[index, channel].numpy(), images[name][0])
        np.testing.assert_array_equal(batch.standard_dose[index, 0].numpy(), patch.standard_dose)
        assert batch.dose[index].item() == pytest.approx(patch.dose)
        assert torch.equal(batch.position_mm[index], position_grid_mm((6, 8), patch.spacing_mm, patch.center))


def test_a_batch_moves_as_a_whole():
    batch = stack_patches(patches(), FieldSettings(inputs=("low_dose",)))
    moved = batch.to(torch.device("cpu"))
    assert all(torch.equal(one, other) for one, other in zip(vars(moved).values(), vars(batch).values(), strict=True))
    assert vars(moved).keys() == vars(batch).keys()


def test_a_missing_t2_is_background_and_another_is_seen():
    first, second, third = patches()
    t2 = np.full((1, 6, 8), 0.3, np.float32)
    batch = stack_patches(
        [first, replace(second, t2=t2), third], FieldSettings(inputs=("pre_contrast", "low_dose", "t2"))
    )
    assert batch.source[:, 2].mean(dim=(1, 2)).tolist() == pytest.approx([-1, 0.3, -1])
    assert torch.equal(batch.source[:, :2], stack_patches(patches(), FieldSettings()).source)
