# SPDX-License-Identifier: Apache-2.0
"""A reader study that is open: its folder, its protocol, its database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lessgad.reader_study.protocol import ReadingProtocol, read_protocol
from lessgad.reader_study.store.accounts import account_id_of, invite
from lessgad.reader_study.store.assignments import assign_readings
from lessgad.reader_study.store.database import Store, open_store
from lessgad.reader_study.store.protocol_freeze import check_protocol
from lessgad.reader_study.store.tables import Role
from lessgad.reader_study.study_folder import StudyFolder


@dataclass(frozen=True, eq=False)
class ReaderStudy:
    """An opened reader study, for the server and the commands.

    Attributes:
        folder: Layout of the folder.
        protocol: Protocol: cases, questions and design.
        store: The database.
    """

    folder: StudyFolder
    protocol: ReadingProtocol
    store: Store


@contextmanager
def opened(experiment: Path) -> Iterator[ReaderStudy]:
    """Open the reader study of an experiment, and close it after the block.

    Args:
        experiment: The experiment folder.

    Yields:
        The reader study.

    Raises:
        ReaderStudyError: There is none, or its protocol is not the one that readers were invited by.
        StorageError: Its database cannot be used.
    """
    with opened_folder(StudyFolder.of(experiment)) as study:
        yield study


@contextmanager
def opened_folder(folder: StudyFolder) -> Iterator[ReaderStudy]:
    """Open the reader study in a folder, as `opened` does.

    Args:
        folder: Folder of the reader study.

    Yields:
        The reader study.
    """
    protocol = read_protocol(folder.protocol)
    store = open_store(folder.database)
    try:
        with store.reading() as session:
            check_protocol(session, protocol)
        yield ReaderStudy(folder, protocol, store)
    finally:
        store.close()


def invite_to(study: ReaderStudy, at: float, name: str, role: Role) -> str:
    """Invite a reader, who gets all their readings, or a coordinator.

    Args:
        study: The opened reader study.
        at: Current time, in seconds since 1970.
        name: Login name.
        role: Role of the account.

    Returns:
        Code of the invitation.

    Raises:
        SettingsError: The name cannot be used.
    """
    with study.store.writing() as session:
        account, code = invite(session, at, name, role)
        if role == "reader":
            assign_readings(session, account_id_of(account), study.protocol.readings_of(account.name))
    return code
