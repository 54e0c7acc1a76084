# SPDX-License-Identifier: Apache-2.0
"""The average of pretrained and trained weights that serves validation patients well and stays near the start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lessgad.field.build import AnyField
from lessgad.field.checkpoint import BEST, ModelDescription, write_description, write_weights
from lessgad.restoration.model_yaml import write_known
from lessgad.training.chosen_without import CHOSEN_WITHOUT, ChosenWithout, best_share, shares_without
from lessgad.training.start import SHARES, averaged, pretrained_weights
from lessgad.training.validation_figures import ValidationFigures


def write_best_average(
    folder: Path,
    description: ModelDescription,
    field: AnyField,
    figures_of: Callable[[AnyField], ValidationFigures],
    patients: Sequence[str],
) -> None:
    """Average the last weights with the pretrained ones, with the share that `best_share` chooses.

    Without validation patients, both have equal weight. The share is noted in ``model.yaml``, and the share that is
    chosen without each patient in ``chosen_without.yaml``.

    Args:
        folder: The model folder.
        description: Description of the model.
        field: The network with its last weights.
        figures_of: Validates a network.
        patients: Validation patients, in any number.
    """
    start = pretrained_weights(description.field)
    trained = {name: weight.detach().cpu().clone() for name, weight in field.state_dict().items()}
    figures = {}
    for share in SHARES if patients else ():
        field.load_state_dict(averaged(start, trained, share))
        figures[share] = figures_of(field)
    chosen = best_share(figures)
    field.load_state_dict(averaged(start, trained, chosen))
    write_weights(folder / BEST, field)
    noted = {**description.training, "share_of_trained_weights": chosen}
    write_description(folder, description.model_copy(update={"training": noted}))
    if patients:
        write_known(folder / CHOSEN_WITHOUT, ChosenWithout(shares=shares_without(figures, patients)))
