# SPDX-License-Identifier: Apache-2.0
"""In which order the sessions of a patient were: by their dates, or by labels that count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from typing import Literal

from lessgad.cohort.spelling import meant_by, plain
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
    return {patient: _of_patient(cohort.root, patient, found) for patient, found in sessions.items()}


def _of_patient(root: Path, patient: str, sessions: set[str]) -> Visits:
    try:
        return ordered(sessions, _stated_times(root, patient, sessions))
    except CohortError:  # a table that says when they were, and cannot be read
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


def _stated_times(root: Path, patient: str, sessions: set[str]) -> dict[str, str]:
    """Read what tables state as times of sessions, as written.

    Args:
        root: The BIDS folder.
        patient: Label.
        sessions: Labels of the sessions of the patient.

    Returns:
        Time of each session that has one; the table of the patient comes before that of the cohort.

    Raises:
        CohortError: A table cannot be read, or states two times of one session.
    """
    patients = {folder.name.removeprefix("sub-") for folder in root.glob("sub-*")} | {patient}
    times: dict[str, str] = {}
    for table, columns in (
        (root / "sessions.tsv", ("participant_id", "session_id", "acq_time")),
        (root / f"sub-{patient}" / f"sub-{patient}_sessions.tsv", ("session_id",)),
    ):
        found: dict[str, str] = {}
        for row in read_table(table, "a table of sessions", columns) if table.is_file() else ():
            whose, words = row.get("participant_id", ""), row.get("acq_time", "")
            session = meant_by(row["session_id"], sessions)
            if session is None or not is_stated(words) or (whose and not _is_of(whose, patient, patients)):
                continue
            if found.setdefault(session, words) != words:
                raise CohortError(f"Session {session} has two times, {found[session]} and {words}", path=table)
        times.update(found)
    return times


def _is_of(whose: str, patient: str, patients: set[str]) -> bool:
    return plain(whose) == plain(patient) and meant_by(whose, patients) == patient
