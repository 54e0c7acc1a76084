# SPDX-License-Identifier: Apache-2.0
"""A checkpoint of the CoNeS authors as a model of lessgad."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from lessgad.dose.simulation import SimulationSettings
from lessgad.dose_fraction import check_dose
from lessgad.errors import InputError, ModelError, SettingsError
from lessgad.field.presets import FieldSettings, InputImage
from lessgad.preparation.settings import PreparationSettings

PAPERS_SIMULATION = SimulationSettings(model="linear", noise="none")
COHORT_UNKNOWN = "unknown: converted"


def convert_checkpoint(checkpoint: Path, model: Path, dose: float, inputs: Sequence[str]) -> None:
    """Write a model folder of the preset `paper` with the weights of a checkpoint in the authors' key format.

    What the checkpoint does not say is taken from the paper: its simulation, and that a model serves one dose. Its
    images must have been on [−1, 1]; whether their full scale was lessgad's, nobody knows.

    Args:
        checkpoint: A PyTorch file; nothing in it is executed.
        model: The folder to write; it must not exist.
        dose: The fraction of the standard dose that it was trained for.
        inputs: Input images in their order.

    Raises:
        ModelError: The checkpoint cannot be used, or has another number of inputs.
        DoseError: `dose` is outside 0–1.
        SettingsError: An input image that is not known, or no low dose among them.
        InputError: The folder exists.
    """
    from lessgad.field.checkpoint import BEST, ModelDescription, write_description, write_weights
    from lessgad.field.paper_field import PaperField
    from lessgad.field.published_checkpoint import load_published_checkpoint

    check_dose(dose)
    if len(set(inputs)) != len(inputs) or not {"low_dose"} <= set(inputs) <= set(get_args(InputImage)):
        known = ", ".join(get_args(InputImage))
        raise SettingsError(
            f"The input images are {', '.join(inputs)}; they must be among {known}, each once, and include low_dose"
        )
    if model.exists():
        raise InputError("The model folder exists already", path=model, remedy="Choose another name")
    network = load_published_checkpoint(checkpoint)
    if network.n_inputs != len(inputs):
        raise ModelError(
            f"The network takes {network.n_inputs} input image(s), and {len(inputs)} were named: {', '.join(inputs)}",
            path=checkpoint,
            remedy="Name its images in order, e.g. --input pre_contrast --input low_dose",
        )
    field = PaperField.of(network, FieldSettings.model_validate({"preset": "paper", "inputs": tuple(inputs)}))
    description = ModelDescription(
        field=field.settings,
        dose=dose,
        simulation=PAPERS_SIMULATION,
        preparation=PreparationSettings(calibration="peaks"),
        cohort_fingerprint=COHORT_UNKNOWN,
        training={"converted": "from a checkpoint in the format of the CoNeS authors"},
    )
    write_weights(model / BEST, field)
    write_description(model, description)
