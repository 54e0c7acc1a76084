# SPDX-License-Identifier: Apache-2.0
"""The weights that a training starts from, and averages of them with those that it came to."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from lessgad.errors import SettingsError
from lessgad.field.checkpoint import load_field
from lessgad.field.presets import FieldSettings
from lessgad.pretrained import pretrained_model
from lessgad.training.settings import TrainingSettings

Weights = Mapping[str, Tensor]
#: Shares of the trained weights that are tried on validation patients.
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
#: Without validation patients.
USUAL_SHARE = 0.5


def starts_pretrained(field: FieldSettings, settings: TrainingSettings) -> bool:
    """Say whether a training starts from the weights that ship with lessgad.

    Args:
        field: Settings of the network.
        settings: Settings of the training.

    Returns:
        True if it does.
    """
    return field.preset == "kernel" and settings.start == "pretrained"


def pretrained_weights(field: FieldSettings) -> dict[str, Tensor]:
    """Load the weights that ship with lessgad.

    Args:
        field: Settings of the network.

    Returns:
        The weights by name.

    Raises:
        SettingsError: The field has another shape.
        ModelError: They are missing or damaged.
    """
    shipped, description = load_field(pretrained_model())
    if description.field != field:
        raise SettingsError(
            "The field does not have the shape of the pretrained weights, so training cannot start from them",
            remedy="Leave the shape of field: as it is, or set training.start to scratch",
        )
    return {name: weight.detach().cpu() for name, weight in shipped.state_dict().items()}


def averaged(start: Weights, trained: Weights, share: float) -> dict[str, Tensor]:
    """Average two sets of weights: (1 − share) · start + share · trained.

    Source: Wortsman et al., CVPR 2022 (robust fine-tuning).

    Args:
        start: Weights at the start.
        trained: Weights after training.
        share: Share of the trained weights, 0–1.

    Returns:
        The averaged weights by name.
    """
    return {name: start[name] + share * (trained[name].cpu() - start[name]) for name in start}
