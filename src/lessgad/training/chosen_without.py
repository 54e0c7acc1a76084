# SPDX-License-Identifier: Apache-2.0
"""The weights that are chosen without each validation patient, for cross-fitted intervals.

Validation patients choose the weights of a model and calibrate its intervals. A patient whose own images helped to
choose the weights is restored slightly better than a new patient. So for each validation patient, the choice is made
again without that patient, and the patient is judged with those weights.

Source: cross-validated conformal prediction (Vovk, Ann. Math. Artif. Intell. 2015; Barber et al., Ann. Statist. 2021).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import Field

from lessgad.field.build import AnyField
from lessgad.field.checkpoint import LAST, load_field
from lessgad.restoration.model_yaml import read_known
from lessgad.settings import Settings
from lessgad.training.start import USUAL_SHARE, averaged, pretrained_weights
from lessgad.training.validation_figures import ValidationFigures

CHOSEN_WITHOUT = "chosen_without.yaml"
WORTH_LEAVING_DB = 0.25  # less gain does not make up for weights that are further from the start


class ChosenWithout(Settings):
    """For each validation patient, the weights that the other validation patients choose.

    Attributes:
        shares: Share of the trained weights, of a network that started from pretrained weights.
        checkpoints: File of the weights in the model folder, of any other network.
    """

    shares: dict[str, float] = Field(default_factory=dict)
    checkpoints: dict[str, str] = Field(default_factory=dict)


def best_share(figures: Mapping[float, ValidationFigures], without: str | None = None) -> float:
    """Choose the smallest share of the trained weights whose mean gain is within 0.25 dB of the largest.

    Training and validation see simulated low doses. On scanned ones, weights far from the start make artifacts that
    neither shows (docs/results.md, "Fine-tuning and scanned low doses").

    Args:
        figures: Validation figures of each share.
        without: A patient who does not take part; None for none.

    Returns:
        The share; the usual one if no patient is left.
    """
    gains = {
        share: (of_share if without is None else of_share.without(without)).gain_db
        for share, of_share in figures.items()
    }
    known = {share: gain for share, gain in gains.items() if not math.isnan(gain)}
    if not known:
        return USUAL_SHARE
    least_gain = max(known.values()) - WORTH_LEAVING_DB
    return min(share for share, gain in known.items() if gain >= least_gain)


def shares_without(figures: Mapping[float, ValidationFigures], patients: Iterable[str]) -> dict[str, float]:
    """Choose the share again without each patient.

    Args:
        figures: Validation figures of each share.
        patients: The validation patients.

    Returns:
        The share by the patient who is left out.
    """
    return {patient: best_share(figures, patient) for patient in dict.fromkeys(patients)}


class CrossFittedField:
    """A trained network that judges each validation patient with weights chosen without that patient.

    Args:
        folder: The model folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._of_all, self._description = load_field(folder)
        self._chosen = read_known(folder / CHOSEN_WITHOUT, ChosenWithout) or ChosenWithout()
        self._loaded: dict[float | str, AnyField] = {}

    def __call__(self, patient: str) -> AnyField:
        """Give the network for a validation patient.

        Args:
            patient: The patient to judge.

        Returns:
            The network chosen without the patient; the model itself if no such choice was recorded.
        """
        choice: float | str | None = self._chosen.shares.get(patient, self._chosen.checkpoints.get(patient))
        if choice is None:
            return self._of_all
        if choice not in self._loaded:
            self._loaded[choice] = self._load(choice)
        return self._loaded[choice]

    def covers(self, patients: Iterable[str]) -> bool:
        """Whether the choices are known and were made for just these patients.

        Args:
            patients: The validation patients.

        Returns:
            True if it is.
        """
        return set(patients) == {*self._chosen.shares, *self._chosen.checkpoints}

    def _load(self, choice: float | str) -> AnyField:
        if isinstance(choice, str):
            return load_field(self._folder, choice)[0]
        field, _ = load_field(self._folder, LAST)
        field.load_state_dict(averaged(pretrained_weights(self._description.field), field.state_dict(), choice))
        return field
