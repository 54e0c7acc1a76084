# SPDX-License-Identifier: Apache-2.0
"""The model that ships with lessgad: a kernel field taught by generated patients. Its card lies beside its weights."""

from __future__ import annotations

from pathlib import Path

from lessgad.errors import ModelError

FOLDER = Path(__file__).parent
WEIGHTS = "best.safetensors"
#: What a model folder is called on the command line to mean this one.
NAME = "pretrained"


def pretrained_model() -> Path:
    """Give the folder of the model that ships with lessgad.

    Returns:
        The model folder.

    Raises:
        ModelError: Its weights are missing from the installation.
    """
    if not (FOLDER / WEIGHTS).is_file():
        raise ModelError(
            "The installation lacks the pretrained weights", path=FOLDER / WEIGHTS, remedy="Install lessgad again"
        )
    return FOLDER
