# SPDX-License-Identifier: Apache-2.0
"""What was answered, question by question: medians of scales, counts of every answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from lessgad.evaluation.patient_level import N_RESAMPLES
from lessgad.evaluation.results.table import ResultTable
from lessgad.reader_study.patient_draws import Interval, Multiplicity, bootstrap_interval
from lessgad.reader_study.proportions import wilson_interval
from lessgad.reader_study.quartiles import quartiles
from lessgad.reader_study.questions import Question, ReasonsQuestion, ScaleQuestion, TextQuestion
from lessgad.reader_study.response_table import ReadCase, ResponseTable


@dataclass(frozen=True)
class ScaleRow:
    """Answers to a scale.

    Attributes:
        question: Key.
        dose: Dose of the restored image; None for a question about the pair or the case.
        reader: Name of the reader; empty for all readers together.
        n_readings: Answers.
        n_patients: Patients that they are of.
        median: Median step, from 1.
        q1: First quartile.
        q3: Third quartile.
        mean: Mean step.
        mean_low: Lower 95 % bound of the mean by drawing patients; None under 10 of them.
        mean_high: Upper bound.
    """

    question: str
    dose: float | None
    reader: str
    n_readings: int
    n_patients: int
    median: float
    q1: float
    q3: float
    mean: float
    mean_low: float | None
    mean_high: float | None


@dataclass(frozen=True)
class CountRow:
    """Frequency of one answer.

    Attributes:
        question: Key.
        dose: Dose of the restored image; None for a question about the pair or the case.
        reader: Name of the reader; empty for all readers together.
        answer: Step of a scale, or key of an option.
        count: Readings with this answer.
        n_readings: Readings in all: with an answer to the question; of reasons, all of the image.
        n_patients: Patients that they are of.
        share: count / n_readings.
        wilson_low: Lower 95 % bound (Wilson) as if readings were independent; None for all readers together, which
            are not.
        wilson_high: Upper bound.
        patient_low: Lower 95 % bound by drawing patients; None under 10 of them.
        patient_high: Upper bound.
    """

    question: str
    dose: float | None
    reader: str
    answer: str
    count: int
    n_readings: int
    n_patients: int
    share: float
    wilson_low: float | None
    wilson_high: float | None
    patient_low: float | None
    patient_high: float | None


_KEY = ("question", "dose", "reader")
SCALES = ResultTable(ScaleRow, "a table of scales", _KEY, may_be_empty=("reader",), made_by="`lessgad reader results`")
COUNTS = ResultTable(
    CountRow, "a table of answers", (*_KEY, "answer"), may_be_empty=("reader",), made_by="`lessgad reader results`"
)


def scale_rows(responses: ResponseTable, seed: int, n_draws: int = N_RESAMPLES) -> Iterator[ScaleRow]:
    """Summarize every scale, for each reader and for all together if there are several.

    Args:
        responses: First readings count; repeats are for agreement.
        seed: Seed of the bootstrap.
        n_draws: Draws of it.

    Yields:
        One row per question, image and reader.
    """
    for question in responses.questionnaire.questions:
        if not isinstance(question, ScaleQuestion):
            continue
        for dose in responses.doses_of(question):
            for reader, of in responses.groups:
                values = np.stack([responses.values(question, dose, name, responses.cases) for name in of])
                if np.isnan(values).all():
                    continue
                steps = values[~np.isnan(values)]
                of_steps = quartiles(steps)
                yield ScaleRow(
                    question.key,
                    dose,
                    reader,
                    len(steps),
                    len(_patients(responses, values)),
                    of_steps.median,
                    of_steps.q1,
                    of_steps.q3,
                    float(steps.mean()),
                    *_bounds(_interval_of_mean(responses, values, seed, n_draws)),
                )


def count_rows(responses: ResponseTable, seed: int, n_draws: int = N_RESAMPLES) -> Iterator[CountRow]:
    """Count every possible answer, for each reader and for all together if there are several.

    Args:
        responses: First readings count; repeats are for agreement.
        seed: Seed of the bootstrap.
        n_draws: Draws of it.

    Yields:
        One row per question, image, reader and answer.
    """
    for question in responses.questionnaire.questions:
        for answer in _offered(question):
            for dose in responses.doses_of(question):
                for reader, of in responses.groups:
                    given = np.stack([_given(responses, question, dose, name, answer) for name in of])
                    n = int((~np.isnan(given)).sum())
                    if not n:
                        continue
                    count = int(np.nansum(given))
                    yield CountRow(
                        question.key,
                        dose,
                        reader,
                        answer,
                        count,
                        n,
                        len(_patients(responses, given)),
                        count / n,
                        *_bounds(wilson_interval(count, n) if reader else None),
                        *_bounds(_interval_of_mean(responses, given, seed, n_draws)),
                    )


def _offered(question: Question) -> tuple[str, ...]:
    if isinstance(question, ScaleQuestion):
        return tuple(str(step + 1) for step in range(len(question.labels)))
    return () if isinstance(question, TextQuestion) else question.option_keys


def _given(
    responses: ResponseTable, question: Question, dose: float | None, reader: str, answer: str
) -> Float[np.ndarray, " cases"]:
    """1 where a reading has this answer, 0 where it has another, NaN where there is none."""
    ticks = isinstance(question, ReasonsQuestion)

    def one(case: ReadCase) -> float:
        row = responses.row(question, dose, reader, case)
        if row is None:
            return 0.0 if ticks and responses.was_read(dose, reader, case) else float("nan")
        return float(answer in row.ticked if ticks else answer == row.answer)

    return np.array([one(case) for case in responses.cases], dtype=np.float64)


def _patients(responses: ResponseTable, values: Float[np.ndarray, "readers cases"]) -> set[str]:
    there = ~np.isnan(values).all(axis=0)
    return {case.patient for case, is_there in zip(responses.cases, there, strict=True) if is_there}


def _interval_of_mean(
    responses: ResponseTable, values: Float[np.ndarray, "readers cases"], seed: int, n_draws: int
) -> Interval:
    """Bounds of the mean over readings, by drawing patients with all their readings."""
    there = ~np.isnan(values).all(axis=0)
    n_of_case = (~np.isnan(values[:, there])).sum(axis=0).astype(np.float64)
    sum_of_case = np.nansum(values[:, there], axis=0)

    def mean(multiplicity: Multiplicity) -> Float[np.ndarray, "*draws"]:
        return np.asarray((multiplicity @ sum_of_case) / (multiplicity @ n_of_case))

    patients = [case.patient for case, is_there in zip(responses.cases, there, strict=True) if is_there]
    return bootstrap_interval(mean, patients, seed, n_draws)


def _bounds(interval: Interval) -> tuple[float | None, float | None]:
    return interval if interval is not None else (None, None)
