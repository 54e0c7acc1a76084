# SPDX-License-Identifier: Apache-2.0
"""A model on disk: a folder with weights (safetensors) and all settings (YAML).

Format 1: ``model.yaml`` with every setting spelled out, ``best.safetensors``, ``last.safetensors``. A later
version of lessgad must read it for ever: a new setting gets a default here that means what was done before it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch
import yaml
from pydantic import Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from lessgad.atomic_write import replacing, write_text
from lessgad.dose.simulation import SimulationSettings
from lessgad.errors import ModelError
from lessgad.field.build import AnyField, build_field
from lessgad.field.device import compute_device
from lessgad.field.presets import FieldSettings
from lessgad.field.published_checkpoint import load_published_checkpoint as load_published_checkpoint
from lessgad.preparation.settings import PreparationSettings
from lessgad.settings import Settings

DESCRIPTION = "model.yaml"
BEST = "best.safetensors"
LAST = "last.safetensors"
#: What the field of a model did that is older than the setting; younger ones spell it.
BEFORE_IT_WAS_A_SETTING = {"interval": False, "scaled_difference": False, "n_neighbor_slices": 0}
TRAIN_AGAIN = "Name a folder that `lessgad run` wrote under EXPERIMENT/models"


class ModelDescription(Settings):
    """Description of a model and of how its inputs must be prepared.

    Attributes:
        format: Format of the folder.
        field: The network.
        dose: The one dose it was trained for; None for a model that is told the dose.
        simulation: Settings of the low-dose simulation in training.
        preparation: How its images were prepared.
        cohort_fingerprint: Fingerprint of the training and validation studies; says nothing about them.
        training: Settings and figures of the training, for the card.
    """

    format: Literal[1] = 1
    field: FieldSettings
    dose: float | None = Field(default=None, ge=0, le=1)
    simulation: SimulationSettings
    preparation: PreparationSettings
    cohort_fingerprint: str
    training: dict[str, Any] = Field(default_factory=dict)


def write_description(folder: Path, description: ModelDescription) -> None:
    """Write ``model.yaml``.

    Args:
        folder: The model folder.
        description: Description of the model.
    """
    text = yaml.safe_dump(description.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    write_text(folder / DESCRIPTION, text)


def write_weights(path: Path, field: AnyField) -> None:
    """Write the weights, whole or not at all.

    Args:
        path: The file to write.
        field: The network.
    """
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in field.state_dict().items()}
    with replacing(path) as temporary:
        temporary.write_bytes(save(weights))  # its own writing to files leaves them unreadable for others


def read_description(folder: Path) -> ModelDescription:
    """Read ``model.yaml``.

    Args:
        folder: The model folder.

    Returns:
        The description of the model.

    Raises:
        ModelError: It is missing, damaged, or of a format that this version does not know.
    """
    path = folder / DESCRIPTION
    if not path.is_file():
        raise ModelError(f"The folder holds no {DESCRIPTION}, so it is not a model", path=folder, remedy=TRAIN_AGAIN)
    try:
        stored = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise ModelError("The description of the model is damaged", path=path, remedy=TRAIN_AGAIN) from error
    if not isinstance(stored, dict):
        raise ModelError(
            f"The file holds a {type(stored).__name__}; it must hold settings by name", path=path, remedy=TRAIN_AGAIN
        )
    if stored.get("format") != 1:
        raise ModelError(
            f"The model has format {stored.get('format')}; this lessgad reads format 1",
            path=path,
            remedy="Install a newer lessgad",
        )
    if isinstance(stored.get("field"), dict):
        stored["field"] = {**BEFORE_IT_WAS_A_SETTING, **stored["field"]}
    try:
        return ModelDescription.model_validate(stored)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ModelError(
            f"The description of the model is not valid at {key}: {first['msg']}", path=path, remedy=TRAIN_AGAIN
        ) from error


def load_field(folder: Path, weights: str = BEST) -> tuple[AnyField, ModelDescription]:
    """Load a model for inference, onto the GPU if there is one.

    Args:
        folder: The model folder.
        weights: Name of the weights file.

    Returns:
        The network and its description.

    Raises:
        ModelError: Missing or damaged, or the weights are not those of the network that model.yaml describes.
    """
    description = read_description(folder)
    path = folder / weights
    if not path.is_file():
        raise ModelError(f"The model has no {weights}", path=folder, remedy="Let its training finish first")
    field = build_field(description.field)
    try:
        field.load_state_dict(load_file(path))
    except (SafetensorError, OSError) as error:
        raise ModelError("The weights file is damaged", path=path, remedy=TRAIN_AGAIN) from error
    except RuntimeError as error:
        raise ModelError(
            "The weights do not belong to the network that model.yaml describes", path=path, remedy=TRAIN_AGAIN
        ) from error
    return field.to(memory_format=torch.channels_last).to(compute_device()).eval(), description
