# SPDX-License-Identifier: Apache-2.0
"""The state of a training that continues where it stopped."""

from __future__ import annotations

import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import torch

from lessgad.atomic_write import replacing
from lessgad.errors import StorageError
from lessgad.training.best_checkpoints import BestCheckpoints
from lessgad.training.learning_curve import CurvePoint


@dataclass
class TrainingState:
    """Everything that the next step depends on; patches depend only on their number.

    Attributes:
        fingerprint: Fingerprint of the settings and studies that this training belongs to.
        n_samples_done: Patches seen.
        networks: Weights and optimizers, as `Learner.state` gives them.
        best: Choices of the validations so far.
        loss_sum: Sum of the losses of the steps since the last validation.
        n_losses: Number of these steps.
        curve: Validations so far.
    """

    fingerprint: str
    n_samples_done: int
    networks: dict[str, Any]
    best: BestCheckpoints
    loss_sum: float
    n_losses: int
    curve: list[CurvePoint]


def save_state(path: Path, state: TrainingState) -> None:
    """Write the state, whole or not at all.

    Args:
        path: The file.
        state: State of the training.
    """
    stored = {**vars(state), "best": asdict(state.best), "curve": [asdict(point) for point in state.curve]}
    with replacing(path) as temporary:
        torch.save(stored, temporary)


def load_state(path: Path, fingerprint: str) -> TrainingState | None:
    """Read the saved state of the training with this fingerprint.

    A state of another training, or a damaged one, is no state: training starts from the beginning. Nothing in the
    file is executed.

    Args:
        path: The file to read.
        fingerprint: Fingerprint of the unit.

    Returns:
        The state; None if there is none to continue.

    Raises:
        StorageError: The file is there and may not be read.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"This file cannot be read: {(error.strerror or str(error)).lower()}", path=path) from error
    with file:
        stored = _unpickled(file)
    if not isinstance(stored, dict) or stored.get("fingerprint") != fingerprint:
        return None
    try:
        curve = [CurvePoint(**point) for point in stored["curve"]]
        return TrainingState(**{**stored, "best": BestCheckpoints(**stored["best"]), "curve": curve})
    except (KeyError, TypeError):
        return None


def _unpickled(file: BinaryIO) -> object:
    """Load what `torch.save` wrote; None where a byte of it has changed, or where it holds more than data."""
    try:
        if zipfile.ZipFile(file).testzip() is not None:  # torch does not look at the checksums that it writes
            return None
        file.seek(0)
        return torch.load(file, map_location="cpu", weights_only=True)
    except Exception:  # noqa: BLE001 - a damaged file can make the two readers raise nearly anything
        return None
