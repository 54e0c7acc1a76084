# SPDX-License-Identifier: Apache-2.0
"""The facts of an experiment in words: simulation, network, training, preparation, tumor, doses."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from lessgad.cohort.faces import WORDS, faces_in
from lessgad.dose.simulation_record import SimulationRecord
from lessgad.dose_fraction import percent
from lessgad.experiment.opened import Experiment
from lessgad.experiment_report.measured_summary import measured_facts
from lessgad.experiment_report.simulation_summary import simulation_facts
from lessgad.report.content import Fact
from lessgad.training.settings import TrainingSettings

_INPUTS = {"pre_contrast": "T1", "low_dose": "low dose", "t2": "T2"}
_ALIGNMENT = {"register": "T1ce registered to the T1 (rigid)", "aligned": "T1 and T1ce aligned by the source, checked"}
_CALIBRATION = {
    "smooth": "T1ce scaled to the T1 by a factor that varies smoothly through the head",
    "robust": "T1ce scaled to the T1 by one factor",
    "peaks": "histogram peaks of the T1ce mapped to those of the T1, as in the paper",
}


def experiment_facts(
    experiment: Experiment, records: Sequence[SimulationRecord], usable: Collection[str]
) -> tuple[Fact, ...]:
    """List how the images were made, restored and evaluated.

    Args:
        experiment: The opened experiment.
        records: Simulation record of each study.
        usable: Units that can be used.

    Returns:
        The facts.
    """
    settings = experiment.settings
    inputs, n_slices = " and ".join(_INPUTS[name] for name in settings.field.inputs), settings.field.n_slices_seen
    regions = "; ".join(f"{name} (label {' and '.join(map(str, v))})" for name, v in settings.cohort.regions.items())
    models = {"conditioned": "one model, told the dose", "per_dose": "one model for each dose"}
    models["pretrained"] = "the model that ships with lessgad"
    return (
        *measured_facts(experiment, records, usable),
        *simulation_facts(records, settings.simulation, evaluated=settings.low_dose == "simulated"),
        Fact("Network input", f"{inputs}, {n_slices} adjacent slices each" if n_slices > 1 else inputs),
        Fact("Network", f"{settings.field.preset}, {models[settings.training.models]}"),
        Fact("Training", _training(settings.training)),
        Fact("Alignment", _ALIGNMENT[settings.preparation.alignment]),
        Fact("Calibration", _CALIBRATION[settings.preparation.calibration]),
        Fact("Tumor", regions or "no regions: evaluated on the whole head only"),
        Fact("Faces", WORDS[faces_in(experiment.cohort.root)]),
        Fact("Doses", ", ".join(percent(dose) for dose in settings.doses)),
    )


def settings_without_paths(experiment: Experiment) -> dict[str, Any]:
    """Give the settings as they are printed: "…" instead of each path."""
    settings = experiment.settings.model_dump(mode="json")
    settings["cohort"]["path"] = "…"
    if settings["segmentation"] is not None and settings["segmentation"]["model"] is not None:
        settings["segmentation"]["model"] = "…"
    settings["external"] = dict.fromkeys(settings["external"], "…")
    return settings


def _training(settings: TrainingSettings) -> str:
    if settings.models == "pretrained":
        return "none on this cohort: all patients are test patients. The baselines are tuned on them too"
    return f"{settings.n_samples} patches per model"
