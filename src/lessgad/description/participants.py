# SPDX-License-Identifier: Apache-2.0
"""Age and sex of patients from participants.tsv, in the forms in which people and converters write them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lessgad.cohort.spelling import Labels
from lessgad.cohort.tables import read_table
from lessgad.errors import CohortError

Sex = Literal["male", "female", "other"]

OLDEST_YEARS = 130.0
_AGE = re.compile(r"(\d+(?:[.,]\d+)?)\s*(\+?)")
_DICOM_AGE = re.compile(r"(\d{1,3})\s*([DWMY])", re.IGNORECASE)
_YEARS_PER = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}
_SEXES: dict[str, Sex] = {
    **dict.fromkeys(("m", "male", "man"), "male"),
    **dict.fromkeys(("f", "female", "woman", "w"), "female"),
    **dict.fromkeys(("o", "other", "d", "diverse"), "other"),
}


@dataclass(frozen=True)
class Age:
    """Age at the first scan.

    Attributes:
        years: Age in years.
        or_older: Whether the table states a limit, as in ``90+``; `years` is that limit.
    """

    years: float
    or_older: bool = False


@dataclass(frozen=True)
class Participant:
    """Age and sex of one patient; None where the table does not state them.

    Attributes:
        age: Age at the first scan.
        sex: Sex as stated.
    """

    age: Age | None = None
    sex: Sex | None = None


def read_participants(root: Path, patients: Iterable[str]) -> dict[str, Participant]:
    """Read age and sex of patients from ``participants.tsv``.

    A patient with several rows has the lowest age of them, which is the age at the first scan; contradicting sexes
    count as not stated. A label that a spreadsheet changed (1 for 001) is found if it can mean one patient alone. An
    age that only ``sub-P_sessions.tsv`` states is taken from there.

    Args:
        root: The BIDS folder.
        patients: Labels without ``sub-``.

    Returns:
        An entry for each patient, empty where nothing is known.

    Raises:
        CohortError: The table has no column participant_id or cannot be read.
    """
    ages: dict[str, list[Age]] = {}
    sexes: dict[str, set[Sex]] = {}
    patients = list(dict.fromkeys(patients))
    labels = Labels(patients)
    for row in _rows(root / "participants.tsv", "participant_id"):
        patient = labels.meant_by(row["participant_id"])
        if patient is None:
            continue
        if (age := age_from(row.get("age", ""))) is not None:
            ages.setdefault(patient, []).append(age)
        if (sex := sex_from(row.get("sex", "") or row.get("gender", ""))) is not None:
            sexes.setdefault(patient, set()).add(sex)
    found: dict[str, Participant] = {}
    for patient in patients:
        known = ages.get(patient) or _ages_of_sessions(root, patient)
        stated = sexes.get(patient, set())
        first = min(known, key=lambda age: age.years, default=None)
        found[patient] = Participant(first, next(iter(stated)) if len(stated) == 1 else None)
    return found


def age_from(words: str) -> Age | None:
    """Read an age: ``58``, ``58.5``, ``58,5``, ``90+``, ``>89``, or DICOM's ``065Y``, ``018M``, ``003W``, ``010D``.

    Anything else, ``n/a`` included, and ages above 130 years are not stated ages.

    Args:
        words: The age as written.

    Returns:
        The age in years, and whether it is a lower bound; None if it cannot be read.
    """
    words = words.strip()
    if dicom := _DICOM_AGE.fullmatch(words):
        years = int(dicom[1]) * _YEARS_PER[dicom[2].upper()]
        return Age(years) if years <= OLDEST_YEARS else None
    above = re.match(r">\s*(=?)\s*", words)
    found = _AGE.fullmatch(words[above.end() :] if above else words)
    if found is None:
        return None
    years = float(found[1].replace(",", "."))
    years += 1 if above and not above[1] and years.is_integer() else 0  # >89 is 90 or older
    return Age(years, bool(found[2] or above)) if years <= OLDEST_YEARS else None


def sex_from(words: str) -> Sex | None:
    """Read a sex; codes that a table does not explain, such as 1 and 2, are not guessed."""
    return _SEXES.get(words.strip().lower())


def _ages_of_sessions(root: Path, patient: str) -> list[Age]:
    rows = _rows(root / f"sub-{patient}" / f"sub-{patient}_sessions.tsv", "session_id")
    return [age for row in rows if (age := age_from(row.get("age", ""))) is not None]


def _rows(path: Path, column: str) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    try:
        return read_table(path, "a table of patients or sessions", (column,))
    except CohortError as error:
        raise CohortError(error.problem, path=path, remedy=f"Correct {path.name}, or remove it") from error
