# SPDX-License-Identifier: Apache-2.0
"""Whether readers grade a higher dose better than a lower one: as in papers of one reader, and patient by patient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from jaxtyping import Float

from lessgad.evaluation.patient_level import N_RESAMPLES, holm, patient_level_gain
from lessgad.evaluation.rank_tests import signed_rank
from lessgad.evaluation.results.table import ResultTable
from lessgad.reader_study.grading_characteristics import vgc_area
from lessgad.reader_study.patient_draws import Interval, Multiplicity, bootstrap_interval
from lessgad.reader_study.proportions import mcnemar_p
from lessgad.reader_study.questions import ChoiceQuestion, Question, ReasonsQuestion, ScaleQuestion, TextQuestion
from lessgad.reader_study.response_table import ResponseTable, goodness

Grades = Float[np.ndarray, "readers cases"]


@dataclass(frozen=True)
class ComparisonRow:
    """A higher dose against a lower one, in one question.

    Attributes:
        question: Key.
        lower_dose: Fraction of the standard dose.
        higher_dose: Fraction of the standard dose.
        reader: Name of the reader; empty for the mean of all readers.
        n_cases: Cases with both answers.
        n_patients: Patients that they are of.
        n_lower_better: Cases in which the lower dose was graded better (a choice: alone had the first option).
        n_higher_better: The reverse.
        p_wilcoxon: p-value of a scale, Wilcoxon signed-rank over cases; None for all readers together.
        p_mcnemar: p-value of a choice, exact McNemar over cases; None for all readers together.
        gain: Mean over patients, higher − lower dose, positive where the higher one is better: steps of a scale, share
            of the first option of a choice. NaN where neither end of a scale is the better one.
        gain_low: Lower 95 % bound by drawing patients; None under 10 of them.
        gain_high: Upper bound.
        p_sign_flip: p-value of no gain, over patients.
        p_holm: p after Holm's correction over the pairs of doses of this question and reader.
        vgc_area: How often the higher dose is graded better, ties half; mean of readers. None for a pair.
        vgc_low: Lower 95 % bound by drawing patients; None under 10 of them.
        vgc_high: Upper bound.
    """

    question: str
    lower_dose: float
    higher_dose: float
    reader: str
    n_cases: int
    n_patients: int
    n_lower_better: int
    n_higher_better: int
    p_wilcoxon: float | None
    p_mcnemar: float | None
    gain: float
    gain_low: float | None
    gain_high: float | None
    p_sign_flip: float
    p_holm: float
    vgc_area: float | None
    vgc_low: float | None
    vgc_high: float | None


COMPARISONS = ResultTable(
    ComparisonRow,
    "a table of comparisons",
    ("question", "lower_dose", "higher_dose", "reader"),
    may_be_empty=("reader",),
    made_by="`lessgad reader results`",
)


def comparison_rows(
    responses: ResponseTable, pair: tuple[float, float] | None, seed: int, n_draws: int = N_RESAMPLES
) -> Iterator[ComparisonRow]:
    """Compare doses in every choice and every scale with a better end, and pairs with their middle step.

    Args:
        responses: First readings count; repeats are for agreement.
        pair: The doses that the question about a pair compares; None where there is none.
        seed: Seed of the bootstrap and the sign flips.
        n_draws: Draws of each.

    Yields:
        One row per comparison.
    """
    for question in responses.questionnaire.questions:
        for reader, of in responses.groups:
            if question.asked == "pair" and isinstance(question, ScaleQuestion) and pair is not None:
                rows = [_against_middle(responses, question, pair, reader, of, seed, n_draws)]
            elif question.asked == "each_dose" and not isinstance(question, ReasonsQuestion | TextQuestion):
                rows = [
                    _of_doses(responses, question, doses, reader, of, seed, n_draws)
                    for doses in combinations(responses.doses, 2)
                ]
            else:
                rows = []
            compared = [row for row in rows if row is not None]
            p_values = holm([row.p_sign_flip for row in compared])
            yield from (replace(row, p_holm=p) for row, p in zip(compared, p_values, strict=True))


def _of_doses(
    responses: ResponseTable,
    question: Question,
    doses: tuple[float, float],
    reader: str,
    of: Sequence[str],
    seed: int,
    n_draws: int,
) -> ComparisonRow | None:
    lower, higher = (
        np.stack([responses.values(question, dose, name, responses.cases) for name in of]) for dose in doses
    )
    lower_grades, higher_grades = goodness(question, lower), goodness(question, higher)
    if lower_grades is None or higher_grades is None:
        return None
    row = _row(responses, question, doses, reader, higher_grades - lower_grades, seed, n_draws)
    if row is None:
        return None

    def area(multiplicity: Multiplicity) -> Float[np.ndarray, "*draws"]:
        areas = [vgc_area(*grades, multiplicity) for grades in zip(lower_grades, higher_grades, strict=True)]
        return np.asarray(np.mean(areas, axis=0))

    patients = [case.patient for case in responses.cases]
    low, high = bootstrap_interval(area, patients, seed, n_draws) or (None, None)
    return replace(row, vgc_area=float(area(np.ones(len(patients)))), vgc_low=low, vgc_high=high)


def _against_middle(
    responses: ResponseTable,
    question: ScaleQuestion,
    doses: tuple[float, float],
    reader: str,
    of: Sequence[str],
    seed: int,
    n_draws: int,
) -> ComparisonRow | None:
    steps = np.stack([responses.values(question, None, name, responses.cases) for name in of])
    return _row(responses, question, doses, reader, steps - (len(question.labels) + 1) / 2, seed, n_draws)


def _row(
    responses: ResponseTable,
    question: Question,
    doses: tuple[float, float],
    reader: str,
    differences: Grades,
    seed: int,
    n_draws: int,
) -> ComparisonRow | None:
    """Everything but the area; None where no case has both answers."""
    there = ~np.isnan(differences).all(axis=0)
    if not there.any():
        return None
    of_cases = np.nanmean(differences[:, there], axis=0)
    patients = [case.patient for case, is_there in zip(responses.cases, there, strict=True) if is_there]
    n_lower, n_higher = int((of_cases < 0).sum()), int((of_cases > 0).sum())
    is_choice = isinstance(question, ChoiceQuestion)
    gain = patient_level_gain(of_cases, patients, seed, n_draws)
    low, high = _bounds(gain.interval)
    return ComparisonRow(
        question=question.key,
        lower_dose=doses[0],
        higher_dose=doses[1],
        reader=reader,
        n_cases=len(of_cases),
        n_patients=gain.n_patients,
        n_lower_better=n_lower,
        n_higher_better=n_higher,
        p_wilcoxon=signed_rank(of_cases).p if reader and not is_choice else None,
        p_mcnemar=mcnemar_p(n_lower, n_higher) if reader and is_choice else None,
        gain=gain.mean,
        gain_low=low,
        gain_high=high,
        p_sign_flip=gain.p,
        p_holm=gain.p,
        vgc_area=None,
        vgc_low=None,
        vgc_high=None,
    )


def _bounds(interval: Interval) -> tuple[float | None, float | None]:
    return interval if interval is not None else (None, None)
