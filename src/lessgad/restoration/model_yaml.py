# SPDX-License-Identifier: Apache-2.0
"""What is known of a trained model beside its weights: small YAML files in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from lessgad.atomic_write import write_text
from lessgad.errors import ModelError
from lessgad.settings import Settings

Known = TypeVar("Known", bound=Settings)


def write_known(path: Path, known: Settings) -> None:
    """Write it, whole or not at all.

    Args:
        path: The file to write.
        known: Facts to write.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    write_text(path, yaml.safe_dump(known.model_dump(mode="json"), sort_keys=False))


def read_known(path: Path, kind: type[Known]) -> Known | None:
    """Read a YAML file of a model.

    Args:
        path: The file to read.
        kind: Class of the object that is read.

    Returns:
        The content; None if the model has no such file.

    Raises:
        ModelError: The file is damaged.
    """
    if not path.exists():
        return None
    try:
        return kind.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError, UnicodeDecodeError, OSError) as error:
        raise ModelError(f"{path.name} is damaged", path=path, remedy="Train the model again") from error
