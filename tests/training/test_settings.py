# SPDX-License-Identifier: Apache-2.0
import pytest
from pydantic import ValidationError

from lessgad.training.settings import TrainingSettings


@pytest.mark.parametrize(
    "wrong",
    [
        {"models": "one"},
        {"n_samples": 0},
        {"batch_size": 0},
        {"patch_size": [0, 32]},
        {"patch_size": [32]},
        {"patch_size": [-16, 32]},
        {"learning_rate": 0},
        {"learning_rate": float("nan")},
        {"betas": [0.9, 1.0]},
        {"betas": [-0.1, 0.9]},
        {"tumor_share": 1.1},
        {"validate_every": 0},
        {"seed": -1},
        {"epochs": 3},
    ],
)
def test_what_cannot_be_is_refused_before_training(wrong):
    with pytest.raises(ValidationError):
        TrainingSettings(**wrong)
