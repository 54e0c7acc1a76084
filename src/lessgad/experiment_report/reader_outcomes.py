# SPDX-License-Identifier: Apache-2.0
"""The readers' gain from contrast, from what `lessgad reader results` wrote."""

from __future__ import annotations

import numpy as np

from lessgad.evaluation.outcomes import Outcome
from lessgad.evaluation.reader_gain import ReaderScore, reader_gains
from lessgad.experiment.opened import Experiment
from lessgad.experiment_report.reading_results import readings_file
from lessgad.reader_study.questions import ChoiceQuestion, ScaleQuestion
from lessgad.reader_study.readings_json import Readings, read_readings_json
from lessgad.reader_study.response_table import ResponseTable, goodness


def readings_of_test_patients(experiment: Experiment) -> Readings | None:
    """Read the readings of an experiment.

    Args:
        experiment: The opened experiment.

    Returns:
        The readings; None if no study of a test patient was read.

    Raises:
        InputError: ``readings.json`` is damaged.
    """
    path = readings_file(experiment)
    readings = read_readings_json(path) if path.exists() else None
    return readings if readings is not None and any(row.subset == "test" for row in readings.rows) else None


def reader_outcomes(readings: Readings | None) -> list[Outcome]:
    """Compute what each dose keeps of the readers' gain from contrast, for every question with a better end.

    Args:
        readings: The readings; None if there are none.

    Returns:
        One value per patient, question and dose.

    Raises:
        InputError: A reading does not answer the questionnaire.
    """
    return [] if readings is None else list(reader_gains(_scores(readings)))


def _scores(readings: Readings) -> list[ReaderScore]:
    responses = ResponseTable(readings.questionnaire, readings.rows)
    found = []
    for question in readings.questionnaire.questions:
        if question.asked != "each_dose" or not isinstance(question, ScaleQuestion | ChoiceQuestion):
            continue
        for reader in responses.readers:
            for dose in responses.doses:
                for occasion in (1, 2):
                    grades = goodness(question, responses.values(question, dose, reader, responses.cases, occasion))
                    if grades is None:
                        continue
                    found += [
                        ReaderScore(case.patient, reader, case.id, question.key, dose, float(grade), occasion == 2)
                        for case, grade in zip(responses.cases, grades, strict=True)
                        if not np.isnan(grade)
                    ]
    return found
