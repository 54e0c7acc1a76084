# SPDX-License-Identifier: Apache-2.0
"""results/readings.json: the readings with everything that is needed to understand them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lessgad.atomic_write import write_text
from lessgad.errors import InputError
from lessgad.reader_study.questionnaire import Questionnaire
from lessgad.reader_study.readings_csv import COLUMNS, ReadingRow
from lessgad.reader_study.settings import ReaderStudySettings

#: What the columns of results/readings.csv mean, in order.
DICTIONARY = {
    "reader": "who answered",
    "patient": "BIDS label of the patient",
    "session": "BIDS label of the session; empty where the cohort has none",
    "subset": "test, or validation: practice, which no statistic counts",
    "case": "opaque name of the study that was read",
    "sitting": "sitting of the reader, from 1",
    "occasion": "1; 2 where the reader saw the case again",
    "dose": "dose of the restored image, as a fraction of the standard dose; 1: the hidden standard dose; empty: asked "
    "about the pair or the case",
    "question": "key of the question",
    "kind": "scale, choice, reasons, text",
    "answer": "number of the step from 1 (of a pair, 1 favors the lower dose); key of the option; keys of reasons "
    "joined by ;",
    "words": "free words",
    "seconds": "active time of the reading, s",
    "handed_in": "when the reading was handed in, UTC, ISO 8601",
}


@dataclass(frozen=True)
class Readings:
    """Questions, images and answers of a reader study.

    Attributes:
        settings: Design.
        questionnaire: The questionnaire.
        protocol_sha256: SHA-256 of the protocol as it was frozen.
        frozen_on: Date of the freeze, ISO 8601.
        n_revised: Readings that were changed after they had been handed in.
        rows: Last revision of every reading.
    """

    settings: ReaderStudySettings
    questionnaire: Questionnaire
    protocol_sha256: str
    frozen_on: str
    n_revised: int
    rows: tuple[ReadingRow, ...]


def write_readings_json(path: Path, readings: Readings) -> None:
    """Write ``readings.json``, whole or not at all.

    Args:
        path: The file to write.
        readings: The readings.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    content = {
        "format": 1,
        "protocol_sha256": readings.protocol_sha256,
        "frozen_on": readings.frozen_on,
        "n_revised": readings.n_revised,
        "settings": readings.settings.model_dump(mode="json"),
        "questionnaire": readings.questionnaire.model_dump(mode="json"),
        "dictionary": [{"column": column, "meaning": DICTIONARY[column]} for column in COLUMNS],
        "readings": [asdict(row) for row in _in_order(readings.rows)],
    }
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_readings_json(path: Path) -> Readings:
    """Read what `write_readings_json` wrote.

    Args:
        path: The file to read.

    Returns:
        The readings.

    Raises:
        InputError: The file is missing, damaged, or something else.
    """
    remedy = "Remove the file and run `lessgad reader results` again"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Readings(
            settings=ReaderStudySettings.model_validate(content["settings"]),
            questionnaire=Questionnaire.model_validate(content["questionnaire"]),
            protocol_sha256=str(content["protocol_sha256"]),
            frozen_on=str(content["frozen_on"]),
            n_revised=int(content["n_revised"]),
            rows=tuple(ReadingRow(**row) for row in content["readings"]),
        )
    except FileNotFoundError as error:
        raise InputError(
            "There is no such file; it should hold the readings", path=path, remedy="Run `lessgad reader results` first"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
        raise InputError(
            f"The file does not hold readings as `lessgad reader results` writes them ({type(error).__name__})",
            path=path,
            remedy=remedy,
        ) from error


def _in_order(rows: Iterable[ReadingRow]) -> Sequence[ReadingRow]:
    def place(row: ReadingRow) -> tuple[object, ...]:
        return row.reader, row.sitting, row.case, row.occasion, row.dose is None, row.dose or 0.0, row.question

    return sorted(rows, key=place)
