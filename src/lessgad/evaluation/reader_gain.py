# SPDX-License-Identifier: Apache-2.0
"""The share that a dose keeps of what readers' scores gain from contrast, patient by patient.

The form is that of the LEADER-75 trial (Liu et al., AJR 2021), in which a lower dose was non-inferior if it kept 80 %
of the gain of the standard dose over no contrast.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lessgad.evaluation.outcomes import STANDARD, Outcome
from lessgad.evaluation.results.table import REPEAT, RESTORED

_Read = tuple[str, str]  # reader, case


@dataclass(frozen=True)
class ReaderScore:
    """One score that one reader gave one image.

    Attributes:
        patient: BIDS label.
        reader: Name of the reader.
        case: Name of the study that was read.
        question: Key of the question.
        dose: Fraction of the standard dose; 0 without contrast, 1 the hidden standard dose.
        score: Steps of the scale; larger is better.
        again: Whether the reader saw the case for the second time.
    """

    patient: str
    reader: str
    case: str
    question: str
    dose: float
    score: float
    again: bool = False


def reader_gains(scores: Iterable[ReaderScore]) -> Iterator[Outcome]:
    """Compute what each dose keeps of the gain from contrast.

        kept share = (s(d) − s(0)) / (s(1) − s(0))

    s is the mean over the readers and cases of a patient that have a score at the dose d, without contrast and at the
    standard dose. Without a gain (denominator 0 or less) the share is +∞ if the dose is scored no lower than no
    contrast, else −∞, so that no margin is kept by a loss. A second reading of the standard dose, where there is one,
    is compared in the same way: it is the positive control.

    Args:
        scores: Scores of all readers.

    Yields:
        One value per patient, question and dose; NaN where a patient lacks one of the three scores.
    """
    first: dict[tuple[str, str], dict[float, dict[_Read, float]]] = defaultdict(lambda: defaultdict(dict))
    second: dict[tuple[str, str], dict[_Read, float]] = defaultdict(dict)
    for score in scores:
        whose, read = (score.patient, score.question), (score.reader, score.case)
        if not score.again:
            first[whose][score.dose][read] = score.score
        elif score.dose == STANDARD:
            second[whose][read] = score.score
    doses = sorted({dose for by_dose in first.values() for dose in by_dose} - {STANDARD})
    for (patient, question), by_dose in sorted(first.items()):
        without, standard = by_dose[0.0], by_dose[STANDARD]
        for dose in doses:
            kept = _kept_share(by_dose[dose], without, standard)
            yield Outcome(patient, "", dose, RESTORED, "reader_gain", question, kept)
        again = second[patient, question]
        if again:
            kept = _kept_share(again, without, standard)
            yield Outcome(patient, "", STANDARD, REPEAT, "reader_gain", question, kept)


def _kept_share(
    at_dose: Mapping[_Read, float], without: Mapping[_Read, float], standard: Mapping[_Read, float]
) -> float:
    common = [read for read in at_dose if read in without and read in standard]
    if not common:
        return math.nan
    kept = sum(at_dose[read] - without[read] for read in common)
    gain = sum(standard[read] - without[read] for read in common)
    if gain > 0:
        return kept / gain
    return math.inf if kept >= 0 else -math.inf
