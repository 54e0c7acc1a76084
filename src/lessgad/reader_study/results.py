# SPDX-License-Identifier: Apache-2.0
"""The results of a reader study: every table that follows from the readings, and the files that other programs read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lessgad.evaluation.patient_level import N_RESAMPLES
from lessgad.reader_study.agreement_tables import AGREEMENT, AgreementRow, agreement_rows
from lessgad.reader_study.comparison_tables import COMPARISONS, ComparisonRow, comparison_rows
from lessgad.reader_study.question_summaries import COUNTS, SCALES, CountRow, ScaleRow, count_rows, scale_rows
from lessgad.reader_study.readings_csv import write_readings
from lessgad.reader_study.readings_json import Readings, write_readings_json
from lessgad.reader_study.redcap import write_dictionary, write_records
from lessgad.reader_study.response_table import ResponseTable
from lessgad.reader_study.table5 import Table5, table5, write_table5
from lessgad.reader_study.wide_table import write_wide_table

FILES = (
    *("readings.csv", "readings_wide.csv", "readings.json", "redcap_dictionary.csv", "redcap_readings.csv"),
    *("table5.csv", "reading_scales.csv", "reading_counts.csv", "reading_comparisons.csv", "reading_agreement.csv"),
)


@dataclass(frozen=True)
class Summary:
    """Results of the readings.

    Attributes:
        n_readers: Number of readers of test cases.
        n_cases: Test cases that were read.
        n_patients: Patients that they are of.
        n_repeated: Readings of a case that the reader had seen before.
        table5: Table 5 in words.
        scales: Medians and quartiles.
        counts: Counts of every answer.
        comparisons: Comparisons of doses.
        agreement: Agreement of readers, and of occasions.
    """

    n_readers: int
    n_cases: int
    n_patients: int
    n_repeated: int
    table5: Table5
    scales: tuple[ScaleRow, ...]
    counts: tuple[CountRow, ...]
    comparisons: tuple[ComparisonRow, ...]
    agreement: tuple[AgreementRow, ...]


def summarize_readings(readings: Readings, n_draws: int = N_RESAMPLES) -> Summary:
    """Compute every table; practice cases are left out.

    Args:
        readings: The readings and what was asked. Its seed is that of every draw.
        n_draws: Draws of patients, and of sign flips.

    Returns:
        The tables.

    Raises:
        InputError: A reading does not answer the questionnaire.
    """
    responses = ResponseTable(readings.questionnaire, readings.rows)
    seed, doses = readings.settings.seed, readings.settings.doses
    scales = tuple(scale_rows(responses, seed, n_draws))
    counts = tuple(count_rows(responses, seed, n_draws))
    pair = (doses[0], doses[-1]) if len(doses) > 1 else None
    return Summary(
        n_readers=len(responses.readers),
        n_cases=len(responses.cases),
        n_patients=len({case.patient for case in responses.cases}),
        n_repeated=len({(row.reader, row.case) for row in responses.rows if row.occasion == 2}),
        table5=table5(readings.questionnaire, scales, counts),
        scales=scales,
        counts=counts,
        comparisons=tuple(comparison_rows(responses, pair, seed, n_draws)),
        agreement=tuple(agreement_rows(responses, seed, n_draws)),
    )


def write_results(folder: Path, readings: Readings, n_draws: int = N_RESAMPLES) -> Summary:
    """Write all files of the reader study into ``results/``; each is whole or not there.

    Args:
        folder: ``EXPERIMENT/results``.
        readings: The readings and what was asked.
        n_draws: Draws of patients, and of sign flips.

    Returns:
        What was written.

    Raises:
        InputError: A reading does not answer the questionnaire.
        StorageError: The disk is full or the folder cannot be written.
    """
    summary = summarize_readings(readings, n_draws)
    questionnaire, doses = readings.questionnaire, readings.settings.read_doses
    write_readings(folder / "readings.csv", readings.rows)
    write_wide_table(folder / "readings_wide.csv", questionnaire, doses, readings.rows)
    write_readings_json(folder / "readings.json", readings)
    write_dictionary(folder / "redcap_dictionary.csv", questionnaire, doses)
    write_records(folder / "redcap_readings.csv", questionnaire, doses, readings.rows)
    write_table5(folder / "table5.csv", summary.table5)
    SCALES.write(folder / "reading_scales.csv", summary.scales)
    COUNTS.write(folder / "reading_counts.csv", summary.counts)
    COMPARISONS.write(folder / "reading_comparisons.csv", summary.comparisons)
    AGREEMENT.write(folder / "reading_agreement.csv", summary.agreement)
    return summary
