# SPDX-License-Identifier: Apache-2.0
"""Nothing that was confirmed can be changed, and what was changed past the program shows."""

import shutil
import sqlite3
from contextlib import closing

import pytest
from sqlmodel import SQLModel

from lessgad.errors import ReaderStudyError, StorageError
from lessgad.reader_study.backup import back_up
from lessgad.reader_study.protocol import read_protocol, write_protocol
from lessgad.reader_study.store import tables
from lessgad.reader_study.store.database import open_store
from lessgad.reader_study.store.migrations import migrate, migrations
from lessgad.reader_study.study import invite_to, opened_folder
from lessgad.reader_study.study_folder import StudyFolder
from lessgad.reader_study.verify import verify_database, verify_study

APPEND_ONLY = ("frozen_protocol", "answer_set", "sign_off", "audit_event")


@pytest.fixture(scope="module")
def answered_study(small, tmp_path_factory):
    """A study whose reader has read all, changed one answer and signed off."""
    folder = small.write_study(tmp_path_factory.mktemp("answered") / "reader", n_cases=2)
    with small.browser(folder) as (client, study):
        reader = small.reader(study, client())
        for _ in range(3):
            address = small.next_reading(reader)
            small.hand_in(reader, address)
        small.hand_in(reader, address, reason="looked again", sufficient=["yes"])
        secret = reader.get("/form-secret").json()["csrf"]
        reader.post("/sign-off", data={"csrf": secret, "sure": "yes"})
    return folder


@pytest.fixture
def answered(answered_study, tmp_path):
    return StudyFolder(shutil.copytree(answered_study.root, tmp_path / "reader"))


def execute(folder, *statements):
    with closing(sqlite3.connect(folder.database, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_study_that_nobody_touched_is_whole(answered):
    found = verify_study(answered)
    assert found.problems == ()
    assert found.n_answer_sets == 4
    assert len(found.head) == 64


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", ["UPDATE {} SET rowid = rowid", "DELETE FROM {}"])
def test_update_and_delete_are_forbidden(answered, table, statement):
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        execute(answered, statement.format(table))
    assert verify_study(answered).problems == ()


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_replacing_a_row_is_forbidden_too(answered, table):
    with pytest.raises(sqlite3.IntegrityError):
        execute(answered, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1")
    assert verify_study(answered).problems == ()


def test_nothing_is_added_after_the_sign_off(answered):
    added = (
        "INSERT INTO answer_set SELECT NULL, reading_id, revision + 1, answers, 'late', images, protocol_sha256, "
        "active_s, 'late', submitted_at FROM answer_set WHERE revision = 2"
    )
    with pytest.raises(sqlite3.IntegrityError, match="signed off"):
        execute(answered, added)


TAMPERED = {
    "a trigger is gone": (["DROP TRIGGER answer_set_no_update"], "answer_set_no_update is missing"),
    "a trigger does nothing": (
        [
            "DROP TRIGGER answer_set_no_update",
            "CREATE TRIGGER answer_set_no_update BEFORE UPDATE ON answer_set BEGIN SELECT 1; END",
        ],
        "answer_set_no_update was changed",
    ),
    "an answer was changed": (["UPDATE answer_set SET answers = '{}' WHERE id = 1"], "was changed"),
    "an answer is gone": (["DELETE FROM answer_set WHERE id = 1"], "is missing"),
    "an image hash of an answer was changed": (["UPDATE answer_set SET images = '{}' WHERE id = 1"], "was changed"),
    "an event was changed": (["UPDATE audit_event SET event = 'nothing' WHERE id = 2"], "audit event 2 was changed"),
    "an event is gone": (["DELETE FROM audit_event WHERE id = 2"], "audit event 2 is missing"),
    "the protocol was changed": (["UPDATE frozen_protocol SET content = '{}'"], "protocol"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_done_past_the_triggers_shows(answered, name):
    statements, wanted = TAMPERED[name]
    with closing(sqlite3.connect(answered.database, isolation_level=None)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        if not statements[0].startswith("DROP"):
            for trigger, _ in triggers:
                connection.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            connection.execute(statement)
        if not statements[0].startswith("DROP"):
            for _, sql in triggers:
                connection.execute(sql)
    problems = verify_study(answered).problems
    assert any(wanted in problem for problem in problems), problems


def test_a_changed_or_missing_image_shows(answered):
    first, second = sorted((answered.root / "images").iterdir())[:2]
    first.write_bytes(second.read_bytes())
    second.unlink()
    problems = verify_study(answered).problems
    assert [problem.split()[-1] for problem in problems] == ["changed", "damaged"]


def test_a_backup_is_whole_and_replaces_nothing(answered, tmp_path):
    copy = tmp_path / "copy.sqlite"
    with opened_folder(answered) as study, study.store.writing():
        back_up(answered, copy)
    found = verify_database(copy)
    assert found == verify_database(answered.database)
    assert found.problems == ()
    assert list(tmp_path.glob("*copy*")) == [copy]
    with pytest.raises(StorageError, match="exists"):
        back_up(answered, copy)


def test_another_questionnaire_after_the_first_answer_is_refused(answered):
    protocol = read_protocol(answered.protocol)
    changed = protocol.questionnaire.model_copy(update={"questions": protocol.questionnaire.questions[:-1]})
    write_protocol(answered.protocol, protocol.model_copy(update={"questionnaire": changed}))
    with pytest.raises(ReaderStudyError, match="questions"), opened_folder(answered):
        pass
    assert any("questions" in problem for problem in verify_study(answered).problems)


def test_other_cases_after_an_invitation_are_refused(small, folder):
    with opened_folder(folder) as study:
        invite_to(study, small.NOON, "kim", "reader")
    protocol = read_protocol(folder.protocol)
    write_protocol(folder.protocol, protocol.model_copy(update={"cases": protocol.cases[:-1]}))
    with pytest.raises(ReaderStudyError, match="invited"), opened_folder(folder):
        pass


def test_pragmas(folder):
    store = open_store(folder.database)
    with store.writing() as session:
        found = {
            name: session.connection().exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "user_version")
        }
    store.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "user_version": len(migrations())}


def test_a_database_of_a_newer_lessgad_is_left_alone(folder):
    execute(folder, "PRAGMA user_version = 99")
    with pytest.raises(StorageError, match="newer"):
        open_store(folder.database)


def test_python_and_sql_name_the_same_columns(folder):
    with closing(sqlite3.connect(folder.database)) as connection:
        there = {
            name: {row[1]: bool(row[3]) or row[5] > 0 for row in connection.execute(f"PRAGMA table_info({name})")}
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not name.startswith("sqlite_")
        }
    ours = [
        kind.__table__
        for kind in vars(tables).values()
        if isinstance(kind, type) and issubclass(kind, SQLModel) and kind is not SQLModel
    ]
    wanted = {table.name: {column.name: not column.nullable for column in table.columns} for table in ours}
    assert there == wanted


def test_migrating_twice_changes_nothing(folder):
    before = folder.database.read_bytes()
    migrate(folder.database)
    assert folder.database.read_bytes() == before
