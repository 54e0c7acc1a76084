# SPDX-License-Identifier: Apache-2.0
"""How many test studies have a repeat scan, a second scan at the standard dose, and whether it was scanned."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from lessgad.evaluation.results.table import REPEAT
from lessgad.experiment.opened import Experiment
from lessgad.experiment.unit_names import prepared_repeat
from lessgad.report.content import Check
from lessgad.scoring.study_scores import StudyScores


@dataclass(frozen=True)
class RepeatScans:
    """Origin of the repeat scans of the test studies.

    Attributes:
        n_studies: Test studies with results.
        n_scanned: Those with a repeat that was scanned.
        n_simulated: Those with a simulated repeat.
    """

    n_studies: int
    n_scanned: int
    n_simulated: int


def repeat_scans(experiment: Experiment, scores: StudyScores, usable: Collection[str]) -> RepeatScans:
    """Count the repeat scans of the test studies.

    Args:
        experiment: The opened experiment.
        scores: Scores of all studies.
        usable: Units that can be used.

    Returns:
        The counts.
    """
    rows = [row for row in scores.similarity if row.subset == "test"]
    judged = {(row.patient, row.session) for row in rows}
    repeated = {(row.patient, row.session) for row in rows if row.method == REPEAT}
    scanned = {
        (study.patient, study.session)
        for study in experiment.studies(["test"])
        if study.repeats and prepared_repeat(study) in usable
    }
    n_scanned = len(repeated & scanned)
    return RepeatScans(len(judged), n_scanned, len(repeated) - n_scanned)


def repeat_check(repeats: RepeatScans, *, measured: bool = False) -> Check:
    """Say whether the repeat scans are real.

    Args:
        repeats: Origin of the repeat scans.
        measured: Whether the low doses were scanned.

    Returns:
        The check.
    """
    question = "Is the repeat scan real?"
    n, scanned, simulated = repeats.n_studies, repeats.n_scanned, repeats.n_simulated
    if not scanned + simulated:
        words = "There is no repeat scan, so nothing shows whether the standard dose itself meets the endpoints."
        return Check(question, "unknown", words)
    missing = f" {n - scanned - simulated} of {n} studies have none." if scanned + simulated < n else ""
    if not simulated:
        return Check(question, "yes", f"It was scanned in {_of(scanned, n)}.{missing}")
    made = "from the standard-dose scan, with new noise and a new head position"
    if measured:
        missing += " A simulated repeat lacks differences that scanned low doses have: false enhancement looks worse."
    if not scanned:
        return Check(question, "no", f"It was simulated in {_of(simulated, n)}, {made}.{missing}")
    return Check(
        question, "no", f"It was scanned in {_of(scanned, n)}; in {simulated} it was simulated {made}.{missing}"
    )


def _of(part: int, whole: int) -> str:
    if part < whole:
        return f"{part} of {whole} studies"
    return "the only study" if whole == 1 else f"all {whole} studies"
