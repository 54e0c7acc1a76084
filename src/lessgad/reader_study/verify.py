# SPDX-License-Identifier: Apache-2.0
"""Whether a reader study is what it was: schema, triggers, answers, audit log, protocol, images."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from sqlmodel import Session, col, select

from lessgad.errors import LessgadError, StorageError
from lessgad.reader_study.protocol import read_frozen
from lessgad.reader_study.store.answer_sets import answer_digest
from lessgad.reader_study.store.audit import broken_links
from lessgad.reader_study.store.database import connect_read_only
from lessgad.reader_study.store.migrations import migrations, schema_of, schema_version, wanted_schema
from lessgad.reader_study.store.tables import AnswerSet, AuditEvent, StoredProtocol
from lessgad.reader_study.study import opened_folder
from lessgad.reader_study.study_folder import StudyFolder
from lessgad.viewer.browser_images import browser_image_sha256


@dataclass(frozen=True)
class Verification:
    """Result of the verification.

    Attributes:
        problems: One line each; none where all is well.
        n_answer_sets: Handed in, revisions counted.
        n_events: Number of events in the audit log.
        head: Hash of the last event. Noted elsewhere, it shows later whether events at the end are missing.
    """

    problems: tuple[str, ...]
    n_answer_sets: int
    n_events: int
    head: str


def verify_study(folder: StudyFolder) -> Verification:
    """Check a whole reader study: its database, its protocol file, its images.

    Args:
        folder: Folder of the reader study.

    Returns:
        What was found.

    Raises:
        StorageError: There is none, or its database cannot be opened.
    """
    found = verify_database(folder.database)
    if not found.head and found.problems:
        return found
    more = []
    try:
        with opened_folder(folder):
            pass
    except LessgadError as error:
        more.append(str(error))
    return replace(found, problems=(*found.problems, *more, *image_problems(folder)))


def verify_database(path: Path) -> Verification:
    """Check a database, or a backup of one, without changing it.

    Args:
        path: The file.

    Returns:
        What was found.

    Raises:
        StorageError: It cannot be opened.
    """
    if not path.is_file():
        raise StorageError("There is no reader study", path=path, remedy="Make one with lessgad reader create")
    try:
        problems = list(_schema_problems(path))
        if problems:
            return Verification(tuple(problems), 0, 0, "")
        return _content(path)
    except sqlite3.Error as error:
        raise StorageError(f"The file is not the database of a reader study ({error})", path=path) from error


def image_problems(folder: StudyFolder) -> list[str]:
    """Compare every image file with the hash that answers are stored with."""
    found = []
    with closing(connect_read_only(folder.database)) as connection:
        rows = connection.execute("SELECT id, sha256 FROM image ORDER BY id").fetchall()
    for image_id, sha256 in rows:
        try:
            if browser_image_sha256(folder.image(image_id)) != sha256:
                found.append(f"image {image_id} was changed")
        except LessgadError:
            found.append(f"image {image_id} is missing or damaged")
    return found


def _schema_problems(path: Path) -> Iterator[str]:
    with closing(connect_read_only(path)) as connection:
        version = schema_version(connection)
        if not 1 <= version <= len(migrations()):
            yield f"schema version {version} is not known"
            return
        found = str(connection.execute("PRAGMA integrity_check").fetchone()[0])
        if found != "ok":
            yield f"the file is damaged: {found}"
            return
        wanted, there = wanted_schema(version), schema_of(connection)
        yield from (f"{name} is missing" for name in wanted if name not in there)
        yield from (f"{name} was changed" for name, sql in wanted.items() if there.get(name, sql) != sql)
        yield from (f"{name} does not belong here" for name in there if name not in wanted)
        for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
            yield f"row {row} of {table} names no row of {parent}"


def _content(path: Path) -> Verification:
    from sqlalchemy import create_engine

    engine = create_engine("sqlite://", creator=lambda: connect_read_only(path))
    try:
        with Session(engine) as session:
            events = session.exec(select(AuditEvent).order_by(col(AuditEvent.id))).all()
            sets = session.exec(select(AnswerSet).order_by(col(AnswerSet.id))).all()
            problems = [*broken_links(events), *_answer_problems(sets, events), *_protocol_problems(session, sets)]
            head = events[-1].sha256 if events else ""
            return Verification(tuple(problems), len(sets), len(events), head)
    finally:
        engine.dispose()


def _answer_problems(sets: Sequence[AnswerSet], events: Sequence[AuditEvent]) -> Iterator[str]:
    logged = {}
    for event in events:
        if event.event == "answers":
            details = json.loads(event.details)
            logged[details["reading"], details["revision"]] = details["sha256"]
    for answers in sets:
        name = f"revision {answers.revision} of reading {answers.reading_id}"
        known = logged.pop((answers.reading_id, answers.revision), None)
        if known is None:
            yield f"{name} is not in the audit log"
        elif known != answer_digest(answers.answers, json.loads(answers.images)):
            yield f"{name} was changed"
    for reading, revision in logged:
        yield f"revision {revision} of reading {reading} is missing"


def _protocol_problems(session: Session, sets: Sequence[AnswerSet]) -> Iterator[str]:
    stored = session.get(StoredProtocol, 1)
    if stored is None:
        if sets:
            yield "there are answers, but no frozen protocol"
        return
    try:
        if read_frozen(stored.content).sha256 != stored.sha256:
            yield "the frozen protocol was changed"
    except LessgadError as error:
        yield str(error)
    for answers in sets:
        if answers.protocol_sha256 != stored.sha256:
            yield f"reading {answers.reading_id} belongs to another protocol"
