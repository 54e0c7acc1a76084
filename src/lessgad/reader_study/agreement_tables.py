# SPDX-License-Identifier: Apache-2.0
"""Whether readers agree with each other, and with themselves when they see a case again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from lessgad.evaluation.patient_level import N_RESAMPLES
from lessgad.evaluation.results.table import ResultTable
from lessgad.reader_study.agreement import (
    Coefficient,
    Ratings,
    agreement_weights,
    brennan_prediger,
    fleiss_kappa,
    gwet_ac,
    rating_counts,
    raw_agreement,
)
from lessgad.reader_study.cohen_kappa import cohen_kappa
from lessgad.reader_study.krippendorff import krippendorff_alpha
from lessgad.reader_study.patient_draws import Interval, Multiplicity, bootstrap_interval
from lessgad.reader_study.questions import ChoiceQuestion, ScaleQuestion
from lessgad.reader_study.response_table import ResponseTable

CoefficientName = Literal[
    "raw", "gwet_ac1", "gwet_ac2", "cohen_kappa", "fleiss_kappa", "krippendorff_alpha", "brennan_prediger"
]
Weighting = Literal["none", "quadratic", "ordinal"]
Between = Literal["readers", "occasions"]


@dataclass(frozen=True)
class AgreementRow:
    """One coefficient of one question.

    Attributes:
        between: ``readers``: first readings of all readers; ``occasions``: first and second reading of the same reader.
        question: Key.
        dose: Dose of the restored image; None for all of them together, or for a question about the pair or the case.
        reader: Reader of both occasions; empty for all readers together.
        coefficient: Name of the coefficient.
        weighting: Weighting of near misses.
        n_subjects: Images or cases with two answers or more.
        n_patients: Patients that they are of.
        value: Value, at most 1; NaN if the coefficient is undefined.
        low: Lower 95 % bound by drawing patients; None where there is none (`patient_draws.bootstrap_interval`).
        high: Upper bound.
    """

    between: Between
    question: str
    dose: float | None
    reader: str
    coefficient: CoefficientName
    weighting: Weighting
    n_subjects: int
    n_patients: int
    value: float
    low: float | None
    high: float | None


AGREEMENT = ResultTable(
    AgreementRow,
    "a table of agreement",
    ("between", "question", "dose", "reader", "coefficient", "weighting"),
    may_be_empty=("reader",),
    made_by="`lessgad reader results`",
)


def agreement_rows(responses: ResponseTable, seed: int, n_draws: int = N_RESAMPLES) -> Iterator[AgreementRow]:
    """Compute every coefficient of every scale and choice.

    Between readers: of each dose, and of all doses together. Between occasions: of all doses together (few cases are
    read twice), of each reader and of all.

    Args:
        responses: First and second readings.
        seed: Seed of the bootstrap.
        n_draws: Draws of it.

    Yields:
        One row per question, image and coefficient.
    """
    for question in responses.questionnaire.questions:
        if not isinstance(question, ScaleQuestion | ChoiceQuestion):
            continue
        of = partial(_rows, question=question, seed=seed, n_draws=n_draws)
        doses = responses.doses_of(question)
        patients = [case.patient for case in responses.cases]
        between = [
            np.stack([responses.values(question, dose, name, responses.cases) for name in responses.readers], axis=1)
            for dose in doses
        ]
        if len(responses.readers) > 1:
            for dose, ratings in zip(doses, between, strict=True):
                yield from of("readers", dose=dose, reader="", ratings=ratings, patients=patients)
            if len(doses) > 1:
                together = np.concatenate(between)
                yield from of("readers", dose=None, reader="", ratings=together, patients=patients * len(doses))
        again = {
            name: np.concatenate(
                [
                    np.stack([responses.values(question, dose, name, responses.cases, n) for n in (1, 2)], axis=1)
                    for dose in doses
                ]
            )
            for name in responses.readers
        }
        if len(again) > 1:
            again[""] = np.concatenate(list(again.values()))
        for reader, ratings in again.items():
            whose = patients * (len(ratings) // max(len(patients), 1))
            yield from of("occasions", dose=None, reader=reader, ratings=ratings, patients=whose)


def _rows(
    between: Between,
    question: ScaleQuestion | ChoiceQuestion,
    dose: float | None,
    reader: str,
    ratings: Ratings,
    patients: list[str],
    seed: int,
    n_draws: int,
) -> Iterator[AgreementRow]:
    several = (~np.isnan(ratings)).sum(axis=1) >= 2
    whose = [patient for patient, is_there in zip(patients, several, strict=True) if is_there]
    if not whose:
        return
    is_scale = isinstance(question, ScaleQuestion)
    n_categories = len(question.labels) if isinstance(question, ScaleQuestion) else len(question.options)
    chosen = ratings[several] - (1 if is_scale else 0)
    for (coefficient, weighting), statistic in _coefficients(chosen, n_categories, is_scale).items():
        value = float(statistic(np.ones(len(whose))))
        interval = _perfect(len(set(whose))) if coefficient == "raw" and value == 1 else None
        low, high = interval or bootstrap_interval(statistic, whose, seed, n_draws) or (None, None)
        yield AgreementRow(
            between, question.key, dose, reader, coefficient, weighting, len(whose), len(set(whose)), value, low, high
        )


def _coefficients(
    ratings: Ratings, n_categories: int, is_scale: bool
) -> dict[tuple[CoefficientName, Weighting], Callable[[Multiplicity], Coefficient]]:
    """Measures of agreement, raw agreement first; for a scale also those that give credit for near misses."""
    counts = rating_counts(ratings, n_categories)
    same = agreement_weights("nominal", n_categories)
    near = agreement_weights("quadratic", n_categories)
    of_scale: dict[tuple[CoefficientName, Weighting], Callable[[Multiplicity], Coefficient]] = {
        ("gwet_ac2", "quadratic"): partial(gwet_ac, counts, near),
        ("cohen_kappa", "quadratic"): partial(cohen_kappa, ratings, n_categories, "quadratic"),
        ("krippendorff_alpha", "ordinal"): partial(krippendorff_alpha, counts, "ordinal"),
    }
    of_both: dict[tuple[CoefficientName, Weighting], Callable[[Multiplicity], Coefficient]] = {
        ("raw", "none"): partial(raw_agreement, counts, same),
        ("gwet_ac1", "none"): partial(gwet_ac, counts, same),
        ("cohen_kappa", "none"): partial(cohen_kappa, ratings, n_categories, "nominal"),
        ("krippendorff_alpha", "none"): partial(krippendorff_alpha, counts, "nominal"),
        ("fleiss_kappa", "none"): partial(fleiss_kappa, counts, same),
        ("brennan_prediger", "none"): partial(brennan_prediger, counts, same),
    }
    return of_both | (of_scale if is_scale else {})


def _perfect(n_patients: int) -> Interval:
    """Bound the raw agreement if all readings agree: the interval of n of n patients.

    Clopper–Pearson: the lower one is 0.025^(1/n).

    Args:
        n_patients: Number of patients.

    Returns:
        Lower and upper bound.
    """
    return 0.025 ** (1 / n_patients), 1.0
