# SPDX-License-Identifier: Apache-2.0
"""The state of a training that goes on where it stopped."""

from __future__ import annotations

import pickle
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from lessgad.atomic_write import replacing
from lessgad.training.learning_curve import CurvePoint


@dataclass
class TrainingState:
    """Everything that the next step depends on; patches depend on their number alone.

    Attributes:
        fingerprint: Of the settings and studies that this training belongs to.
        n_samples_done: Patches seen.
        field: Weights.
        optimizer: State of Adam.
        best_gain_db: Best validation gain so far, in dB; −inf before the first validation.
        loss_sum: Of the steps since the last validation.
        n_losses: Number of these steps.
        curve: Validations so far.
    """

    fingerprint: str
    n_samples_done: int
    field: dict[str, Any]
    optimizer: dict[str, Any]
    best_gain_db: float
    loss_sum: float
    n_losses: int
    curve: list[CurvePoint]


def save_state(path: Path, state: TrainingState) -> None:
    """Write the state, whole or not at all."""
    stored = {**vars(state), "curve": [asdict(point) for point in state.curve]}
    with replacing(path) as temporary:
        torch.save(stored, temporary)


def load_state(path: Path, fingerprint: str) -> TrainingState | None:
    """Read the state of the training with this fingerprint; None where there is none to go on from.

    A state of another training, or one that cannot be read, is no state: training starts anew.
    """
    if not path.is_file():
        return None
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        if stored.get("fingerprint") != fingerprint:
            return None
        stored["curve"] = [CurvePoint(**point) for point in stored["curve"]]
        return TrainingState(**stored)
    except (RuntimeError, pickle.UnpicklingError, KeyError, TypeError, AttributeError, EOFError):
        return None
