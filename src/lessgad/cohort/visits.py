# SPDX-License-Identifier: Apache-2.0
"""In which order the sessions of a patient were: by their dates, or by labels that count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from lessgad.cohort.study import Cohort
from lessgad.cohort.tables import read_table
from lessgad.errors import CohortError

OrderedBy = Literal["acq_time", "label", "unknown"]
_PARTS = re.compile(r"\d+|\D+")


@dataclass(frozen=True)
class Visits:
    """The sessions of a patient.

    Attributes:
        sessions: Sessions from the earliest to the latest; unordered if the order is unknown.
        by: Source of the order: `acq_time` of sessions.tsv, the numbers in the labels, or nothing.
    """

    sessions: tuple[str, ...]
    by: OrderedBy


def visits_of(cohort: Cohort) -> dict[str, Visits]:
    """Order the sessions of every patient.

    ``sub-P/sub-P_sessions.tsv`` (or ``sessions.tsv`` beside the patients, with ``participant_id``) decides where its
    ``acq_time`` names every session; else labels that differ in numbers alone, or in one letter. Any others, such as
    ``preop`` and ``postop``, have no order, nor have those of a table that cannot be read.

    Args:
        cohort: The cohort.

    Returns:
        The sessions of each patient, in order.
    """
    sessions: dict[str, set[str]] = {}
    named = [(study.patient, study.session) for study in cohort.studies]
    named += [(study.patient, study.session) for study in cohort.unusable]
    for patient, session in named:
        sessions.setdefault(patient, set()).add(session)
    return {patient: _of_patient(cohort.root, patient, found) for patient, found in sessions.items()}


def _of_patient(root: Path, patient: str, sessions: set[str]) -> Visits:
    try:
        return ordered(sessions, _times(root, patient))
    except CohortError:  # a table that says when they were, and cannot be read
        return Visits(tuple(sorted(sessions)), "unknown")


def ordered(sessions: Iterable[str], times: Mapping[str, datetime] | None = None) -> Visits:
    """Order sessions by their dates, or by their labels if dates are missing.

    Args:
        sessions: Labels.
        times: Time of each session that is known.

    Returns:
        The sessions in order.
    """
    labels, known = sorted(set(sessions)), times or {}
    moments = [known[label] for label in labels if label in known]
    if labels and len(moments) == len(labels) == len(set(moments)):
        return Visits(tuple(sorted(labels, key=lambda label: known[label])), "acq_time")
    if len(labels) < 2 or _count(labels):
        return Visits(tuple(sorted(labels, key=_natural)), "label")
    return Visits(tuple(labels), "unknown")


def _count(labels: list[str]) -> bool:
    """Whether labels differ in numbers alone, or else in one letter in one place."""
    parts = [_PARTS.findall(label.lower()) for label in labels]
    if len({len(own) for own in parts}) > 1 or len({_natural(label) for label in labels}) < len(labels):
        return False
    columns = [set(column) for column in zip(*parts, strict=True)]
    kinds = [{part.isdecimal() for part in column} for column in columns]
    if any(len(kind) > 1 for kind in kinds):
        return False
    words = [column for column, kind in zip(columns, kinds, strict=True) if kind == {False} and len(column) > 1]
    if not words:
        return True
    n_counting = sum(len(column) > 1 for column in columns) - len(words)
    return n_counting == 0 and len(words) == 1 and all(len(word) == 1 for word in words[0])


def _natural(label: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in _PARTS.findall(label.lower()))


def _times(root: Path, patient: str) -> dict[str, datetime]:
    """Read the times of the sessions that a table names; unreadable ones are unknown."""
    times: dict[str, datetime] = {}
    for table, columns in (
        (root / "sessions.tsv", ("participant_id", "session_id", "acq_time")),
        (root / f"sub-{patient}" / f"sub-{patient}_sessions.tsv", ("session_id",)),
    ):
        if not table.is_file():
            continue
        for row in read_table(table, "a table of sessions", columns):
            if row.get("participant_id", patient).removeprefix("sub-") not in (patient, ""):
                continue
            try:
                time = datetime.fromisoformat(row.get("acq_time", "").replace("Z", ""))
            except ValueError:
                continue
            times[row["session_id"].removeprefix("ses-")] = time.replace(tzinfo=None)
    return times
