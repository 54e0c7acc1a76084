# SPDX-License-Identifier: Apache-2.0
"""The card beside a model: what it is, what it was taught, what it is not for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lessgad.atomic_write import replacing, write_text
from lessgad.dose_fraction import percent
from lessgad.report.learning_curve import learning_curve
from lessgad.report.style import to_png
from lessgad.training.learning_curve import CURVE_FILE, CurvePoint, read_learning_curve

if TYPE_CHECKING:
    from lessgad.restoration.conformal_intervals import IntervalCalibration
    from lessgad.training.trainer import TrainingTask

CARD = "card.md"
CURVE_PICTURE = "learning_curve.png"
FOUND = "\n## Found on validation patients\n"


def write_model_card(task: TrainingTask, n_processes: int = 1) -> None:
    """Write ``card.md`` and the picture of the learning curve beside a model that so many processes trained.

    Args:
        task: The training task.
        n_processes: Number of processes that trained together.
    """
    points = read_learning_curve(task.folder / CURVE_FILE)
    with replacing(task.folder / CURVE_PICTURE) as temporary:
        temporary.write_bytes(to_png(learning_curve(points, [f"Learning curve of {task.folder.name}"])))
    write_text(task.folder / CARD, _card(task, points, n_processes))


def _card(task: TrainingTask, points: Sequence[CurvePoint], n_processes: int) -> str:
    description, settings = task.description, task.settings
    in_a_step = settings.batch_size * settings.accumulate * n_processes
    inputs = " and ".join(name.replace("_", "-") for name in description.field.inputs)
    serves = "any dose (it is told which)" if description.dose is None else f"{percent(description.dose)} of the dose"
    n_with_tumor = sum(len(study.tumor_voxels) > 0 for study in task.studies)
    rows, columns = settings.patch_size
    simulation, preparation = description.simulation, description.preparation
    prepared = (
        f"{preparation.alignment}, {preparation.calibration} calibration, +1 at {preparation.full_scale:g} × peak"
    )
    return f"""# Model {task.folder.name}

Restores standard-dose T1ce from low-dose T1ce. Research software, not a medical device.

| | |
|---|---|
| input | {inputs}{description.field.slices_in_words} |
| serves | {serves} |
| network | {description.field.preset}, output {description.field.output} |
| low doses | simulated: {simulation.model.replace("_", " ")}, noise: {simulation.noise_words} |
| preparation | {prepared} |
| training studies | {len(task.studies)}, {n_with_tumor} with a mask |
| validation studies | {len(task.validation)} |
| samples | {settings.n_samples} patches of {rows}×{columns}, {in_a_step} a step |
| validation | {_best(points, task.validation_doses)} |
| cohort fingerprint | {description.cohort_fingerprint} |

## Limits

- It was trained on low doses that were simulated as stated above, not on real low-dose scans.
- It has seen scanners, sequences and pathology of this cohort only. Elsewhere its images can be wrong and plausible.
- A restored image can miss enhancement or show enhancement that is not there. Never use it for diagnosis.

All settings are in `model.yaml`. `best.safetensors` holds the weights of the best validation, `last.safetensors`
the last.
"""


def write_limits_on_card(folder: Path) -> None:
    """Write the findings on validation patients at the end of a model's card, in place of earlier ones."""
    from lessgad.restoration.conformal_intervals import read_intervals
    from lessgad.restoration.zero_dose_estimate import read_zero_dose_estimate

    zero_dose_estimate, intervals = read_zero_dose_estimate(folder), read_intervals(folder)
    card = (folder / CARD).read_text(encoding="utf-8").split(FOUND)[0] if (folder / CARD).exists() else ""
    at_dose_0 = "not looked into" if zero_dose_estimate is None else zero_dose_estimate.words.removeprefix("at dose 0 ")
    found = f"""{FOUND}
| | |
|---|---|
| intervals | {_calibrated(intervals)} |
| `restore` at dose 0 | {at_dose_0} |
"""
    write_text(folder / CARD, card + found)


def _calibrated(intervals: IntervalCalibration | None) -> str:
    if intervals is None:
        return "not calibrated"
    scanned = ", ".join(percent(dose) for dose in intervals.scanned)
    on = f"measured low doses at {scanned} and simulated ones at other doses" if scanned else "simulated low doses"
    how = "cross-fitted" if intervals.cross_fitted else "on whom the weights were chosen too"
    return f"{percent(intervals.level)}, calibrated on {on} of at least {intervals.n_patients} patients, {how}"


def _best(points: Sequence[CurvePoint], doses: Sequence[float]) -> str:
    judged = [point for point in points if math.isfinite(point.validation_gain_db)]
    if not judged:
        return "no validation studies; the last weights are used"
    best = max(judged, key=lambda point: point.validation_gain_db)
    at = ", ".join(percent(dose) for dose in doses)
    return f"{best.validation_gain_db:+.2f} dB of PSNR over unrestored at {at}, after {best.n_samples} samples"
