# SPDX-License-Identifier: Apache-2.0
"""In which order the sessions of a patient were: by their dates, or by labels that count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from typing import Literal

from lessgad.cohort.spelling import Labels
from lessgad.cohort.study import Cohort
from lessgad.cohort.tables import read_table
from lessgad.cohort.visit_labels import counts, natural
from lessgad.cohort.visit_times import Span, is_stated, readings
from lessgad.errors import CohortError

OrderedBy = Literal["acq_time", "label", "unknown"]


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
    ``acq_time`` states a time for every session; else labels that differ in numbers alone, or in letters that follow
    each other, as long as the times that are known do not contradict them. Any others, such as ``preop`` and
    ``postop``, have no order, nor have those of a table that cannot be read.

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
    patients = {folder.name.removeprefix("sub-") for folder in cohort.root.glob("sub-*")} | set(sessions)
    try:
        rows = _rows_of_cohort(cohort.root / "sessions.tsv", Labels(patients))
    except CohortError:  # a table that says when they were, and cannot be read
        return {patient: _unknown(found) for patient, found in sessions.items()}
    of_all = rows.get(None, [])
    return {
        patient: _of_patient(cohort.root, patient, found, [*of_all, *rows.get(patient, [])])
        for patient, found in sessions.items()
    }


def _of_patient(root: Path, patient: str, sessions: set[str], rows_of_cohort: list[dict[str, str]]) -> Visits:
    try:
        rows = _rows(root / f"sub-{patient}" / f"sub-{patient}_sessions.tsv", ("session_id",))
        own = [row for row in rows if _names(row.get("participant_id", ""), patient)]
        return ordered(sessions, _stated_times(rows_of_cohort, sessions) | _stated_times(own, sessions))
    except CohortError:
        return _unknown(sessions)


def _unknown(sessions: set[str]) -> Visits:
    return Visits(tuple(sorted(sessions)), "unknown")


def ordered(sessions: Iterable[str], stated: Mapping[str, str] | None = None) -> Visits:
    """Order sessions by their dates, or by their labels if dates are missing.

    Args:
        sessions: Labels.
        stated: Time of each session that is known, as written.

    Returns:
        The sessions in order; "unknown" if the dates cannot be read, or contradict each other or the labels.
    """
    labels, known = sorted(set(sessions)), dict(stated or {})
    if len(labels) < 2:
        return Visits(tuple(labels), "label")
    times = [dict(zip(known, spans, strict=True)) for spans in readings(list(known.values()))]
    orders = {order for time in times if (order := _by_times(labels, time)) is not None}
    if len(orders) == 1 and all(_by_times(labels, time) for time in times):
        return Visits(orders.pop(), "acq_time")
    counted = sorted(labels, key=natural)
    if counts(labels) and any(_agree(counted, time) for time in times):
        return Visits(tuple(counted), "label")
    return Visits(tuple(labels), "unknown")


def _by_times(labels: list[str], times: Mapping[str, Span]) -> tuple[str, ...] | None:
    """Order labels by times; None where one has no time, or two times do not tell two sessions apart."""
    if set(times) != set(labels):
        return None
    order = sorted(labels, key=lambda label: times[label].first)
    certain = all(times[one].is_before(times[other]) for one, other in pairwise(order))
    return tuple(order) if certain else None


def _agree(order: list[str], times: Mapping[str, Span]) -> bool:
    """Whether no session is certainly before one that precedes it in an order."""
    known = [label for label in order if label in times]
    return not any(times[other].is_before(times[one]) for one, other in combinations(known, 2))


def _rows(table: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    return read_table(table, "a table of sessions", columns) if table.is_file() else []


def _rows_of_cohort(table: Path, patients: Labels) -> dict[str | None, list[dict[str, str]]]:
    """Sort the rows of the table of the cohort by the patient that they mean; under None those that name nobody."""
    rows: dict[str | None, list[dict[str, str]]] = {}
    for row in _rows(table, ("participant_id", "session_id", "acq_time")):
        whose = row["participant_id"]
        patient = patients.meant_by(whose) if whose else None
        if patient is not None or not whose:
            rows.setdefault(patient, []).append(row)
    return rows


def _names(whose: str, patient: str) -> bool:
    """Whether a row of the table of a patient is that patient's."""
    return not whose or Labels([patient]).meant_by(whose) is not None


def _stated_times(rows: Iterable[Mapping[str, str]], sessions: set[str]) -> dict[str, str]:
    """Give what rows state as times of sessions, as written.

    Args:
        rows: Rows of one patient.
        sessions: Labels of the sessions of the patient.

    Returns:
        Time of each session that has one.

    Raises:
        CohortError: They state two times of one session.
    """
    labels, found = Labels(sessions), dict[str, str]()
    for row in rows:
        words, session = row.get("acq_time", ""), labels.meant_by(row["session_id"])
        if session is not None and is_stated(words) and found.setdefault(session, words) != words:
            raise CohortError(f"Session {session} has two times, {found[session]} and {words}")
    return found
