# SPDX-License-Identifier: Apache-2.0
"""Whether the 90 % intervals hold, in one sentence for the first screen, and what belongs beside their table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from lessgad.dose_fraction import percent
from lessgad.errors import LessgadError
from lessgad.evaluation.patient_level import patient_means
from lessgad.evaluation.results.intervals import IntervalRow
from lessgad.experiment.interval_patients import calibrated_on_words, why_no_intervals
from lessgad.experiment.models import PRETRAINED, model_doses
from lessgad.experiment.opened import Experiment
from lessgad.pretrained import pretrained_model
from lessgad.report.content import Check
from lessgad.restoration.conformal_intervals import read_intervals
from lessgad.restoration.coverage_range import coverage_range

NOMINAL = 0.9
COVERAGE_WITHIN = 0.05  # of the nominal coverage
ACCEPTED = "85–95 %"
Place = tuple[str, float]  # area and dose


def interval_check(experiment: Experiment, rows: Sequence[IntervalRow]) -> Check:
    """Compare the coverage of the intervals with the nominal one, in each area and at each dose above 0.

    Args:
        experiment: The opened experiment.
        rows: Rows of test studies.

    Returns:
        The check.
    """
    question = "Is the stated uncertainty right?"
    areas = ("tumor_box", "head") if any(row.area == "tumor_box" for row in rows) else ("head",)
    found = {(area, dose): _coverage(rows, area, dose) for area in areas for dose in sorted({row.dose for row in rows})}
    known = {place: value for place, value in found.items() if math.isfinite(value) and place[1] > 0}
    if not known:
        return Check(question, "unknown", why_no_intervals(experiment) or "The model has no intervals.")
    return coverage_check(question, known)


def coverage_check(question: str, coverage: Mapping[Place, float]) -> Check:
    """Say in how many voxels the intervals contain the standard-dose value, and where this is too few or too many.

    Args:
        question: Question of the check.
        coverage: Mean coverage, 0–1, by area and dose; at least one.

    Returns:
        The check.
    """
    contain = "contain the standard-dose value in"
    place, worst = max(coverage.items(), key=lambda entry: abs(entry[1] - NOMINAL))
    if abs(worst - NOMINAL) <= COVERAGE_WITHIN:
        return Check(
            question,
            "yes",
            f"The 90 % intervals {contain} {_span(list(coverage.values()))} of voxels ({ACCEPTED} is accepted).",
        )
    area = "the tumor's box" if place[0] == "tumor_box" else "the head"
    others = [value for other, value in coverage.items() if other != place]
    elsewhere = f" Elsewhere: {_span(others)}." if others else ""
    meaning = (
        "wider than needed: they overstate the error." if worst > NOMINAL else "too narrow: they understate the error."
    )
    return Check(
        question,
        "no",
        f"In {area} at {percent(place[1])}, the 90 % intervals {contain} {_outside(worst)} % of voxels "
        f"({ACCEPTED} is accepted). "
        f"There they are {meaning}{elsewhere}",
    )


def interval_notes(experiment: Experiment, rows: Sequence[IntervalRow]) -> str:
    """Say what the intervals were calibrated on, and which coverage this number of patients allows.

    Args:
        experiment: The opened experiment.
        rows: Rows of test studies.

    Returns:
        One or two sentences; empty without rows.
    """
    return f"{calibrated_on_words(experiment)}{_range(experiment, rows)}" if rows else ""


def _range(experiment: Experiment, rows: Sequence[IntervalRow]) -> str:
    """State the range of the mean coverage that this number of patients allows, if it is known."""
    name = next(iter(model_doses(experiment.settings)))
    try:
        known = read_intervals(pretrained_model() if name == PRETRAINED else experiment.folder.model(name))
    except LessgadError:
        known = None
    if known is None:
        return ""
    n_judged = len({row.patient for row in rows})
    low, high = coverage_range(known.level, known.n_patients, n_judged)
    return (
        f" With {known.n_patients} calibration patients, the mean coverage over {n_judged} test patients lies between "
        f"{100 * low:.0f} and {100 * high:.0f} % in 95 % of cohorts."
    )


def _outside(coverage: float) -> str:
    """Print a coverage with as many decimals as show that it is not accepted."""
    rounded = round(100 * coverage, 1)
    return f"{100 * coverage:.{1 if abs(rounded / 100 - NOMINAL) > COVERAGE_WITHIN + 1e-9 else 2}f}"


def _span(values: Sequence[float]) -> str:
    low, high = f"{100 * min(values):.0f}", f"{100 * max(values):.0f}"
    return f"{low} %" if low == high else f"{low}–{high} %"


def _coverage(rows: Sequence[IntervalRow], area: str, dose: float) -> float:
    chosen = [row for row in rows if (row.area, row.dose) == (area, dose)]
    means = patient_means(np.array([row.coverage for row in chosen]), [row.patient for row in chosen])
    return float(np.mean(list(means.values()))) if means else math.nan
