# SPDX-License-Identifier: Apache-2.0
"""From the database to the readings that results are computed from."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sqlmodel import Session

from lessgad.errors import ReaderStudyError
from lessgad.reader_study.protocol import read_frozen
from lessgad.reader_study.readings import reading_rows
from lessgad.reader_study.readings_csv import ReadingRow
from lessgad.reader_study.readings_json import Readings
from lessgad.reader_study.store.accounts import account_id_of, accounts
from lessgad.reader_study.store.answer_sets import revisions, signed_off_at
from lessgad.reader_study.store.assignments import assignments
from lessgad.reader_study.store.tables import Account, StoredProtocol
from lessgad.reader_study.study import ReaderStudy


def signed_off_readings(study: ReaderStudy, *, leave_out_others: bool = False) -> Readings:
    """Collect the last revision of every reading of the readers who have signed off.

    Args:
        study: An open reader study.
        leave_out_others: Whether to leave out readers who have not signed off.

    Returns:
        The readings.

    Raises:
        ReaderStudyError: No reader has signed off, or some have not and `leave_out_others` is false.
    """
    with study.store.reading() as session:
        readers = accounts(session, "reader")
        signed = [account for account in readers if signed_off_at(session, account_id_of(account)) is not None]
        stored = session.get(StoredProtocol, 1)
        if not signed or stored is None:
            raise ReaderStudyError("No reader has signed off", remedy="Results are given after the sign-off")
        if len(signed) < len(readers) and not leave_out_others:
            raise ReaderStudyError(
                f"{len(signed)} of {len(readers)} readers have signed off",
                remedy="Wait for the others, or leave them out with --signed-off",
            )
        frozen = read_frozen(stored.content)
        rows: list[ReadingRow] = []
        n_revised = 0
        for account in signed:
            more, n = _rows_of(session, account, study)
            rows += more
            n_revised += n
    return Readings(
        settings=study.protocol.settings,
        questionnaire=study.protocol.questionnaire,
        protocol_sha256=frozen.sha256,
        frozen_on=frozen.frozen_on,
        n_revised=n_revised,
        rows=tuple(rows),
    )


def _rows_of(session: Session, account: Account, study: ReaderStudy) -> tuple[list[ReadingRow], int]:
    """Rows of one reader, and how many of their readings were changed."""
    rows: list[ReadingRow] = []
    n_revised = 0
    for assignment in assignments(session, account_id_of(account), 0.0, study.protocol):
        sets = revisions(session, assignment.reading.id)
        if not sets:
            continue
        last = sets[-1]
        n_revised += len(sets) > 1
        rows += reading_rows(
            study.protocol.questionnaire,
            account.name,
            assignment.reading,
            json.loads(last.answers),
            seconds=last.active_s,
            handed_in=datetime.fromtimestamp(last.submitted_at, UTC).isoformat(timespec="seconds"),
        )
    return rows, n_revised
