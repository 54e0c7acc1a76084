# SPDX-License-Identifier: Apache-2.0
"""The checkpoints of a training that validation patients choose, all of them together and without each one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lessgad.field.build import AnyField
from lessgad.field.checkpoint import BEST, write_weights
from lessgad.restoration.model_yaml import write_known
from lessgad.training.chosen_without import CHOSEN_WITHOUT, ChosenWithout
from lessgad.training.validation_figures import ValidationFigures

LEFT_OUT = "best_without"


@dataclass
class BestCheckpoints:
    """What validations have chosen so far.

    Attributes:
        gain_db: Best mean gain so far, in dB; −inf before the first validation.
        gain_without_db: The same without each patient.
        file_without: File of the weights with that gain.
    """

    gain_db: float = -math.inf
    gain_without_db: dict[str, float] = field(default_factory=dict)
    file_without: dict[str, str] = field(default_factory=dict)

    def consider(
        self, network: AnyField, figures: ValidationFigures, patients: Iterable[str], n_samples: int, folder: Path
    ) -> None:
        """Write the weights that some choice prefers to all earlier ones.

        If nobody is left to choose, the last weights are taken.

        Args:
            network: The network.
            figures: Its validation figures.
            patients: Validation patients.
            n_samples: Patches seen.
            folder: The model folder.
        """
        if not figures.gain_db <= self.gain_db:
            self.gain_db = _or_none(figures.gain_db)
            write_weights(folder / BEST, network)
        name = f"{LEFT_OUT}_{n_samples}.safetensors"
        preferred = []
        for patient in dict.fromkeys(patients):
            gain = figures.without(patient).gain_db
            if not gain <= self.gain_without_db.get(patient, -math.inf):
                self.gain_without_db[patient] = _or_none(gain)
                preferred.append(patient)
        if preferred:
            write_weights(folder / name, network)
            self.file_without.update(dict.fromkeys(preferred, name))

    def tidy(self, folder: Path) -> None:
        """Remove the weights that no choice prefers any more."""
        for path in folder.glob(f"{LEFT_OUT}_*.safetensors"):
            if path.name not in self.file_without.values():
                path.unlink()

    def write(self, folder: Path) -> None:
        """Write which checkpoint is chosen without each patient."""
        if self.file_without:
            write_known(folder / CHOSEN_WITHOUT, ChosenWithout(checkpoints=self.file_without))


def _or_none(gain_db: float) -> float:
    """Let every later gain be better than an unknown one."""
    return -math.inf if math.isnan(gain_db) else gain_db
