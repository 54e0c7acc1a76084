# SPDX-License-Identifier: Apache-2.0
"""The key: who hides behind a pseudonym, and by how much the dates of a patient are shifted.

It is the one file of an import that identifies patients, so it stays outside the cohort, readable by its owner alone.
Pseudonyms and shifts are drawn at random: nothing can be computed back from them. A patient keeps both in every later
import, so that sessions of one patient stay together and their distances in time stay true.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import Field, ValidationError

from lessgad.atomic_write import write_text
from lessgad.errors import DicomError, LockedError
from lessgad.settings import Settings

#: Shifted dates lie before 1925, as BIDS asks of them, so that nobody takes them for true ones.
_LEAST_SHIFT_DAYS, _SHIFT_RANGE_DAYS = 45_000, 3_650
_SECONDS_PER_DAY = 86_400
_LETTERS = "bcdfghjkmnpqrstvwxz23456789"
_LABEL_LENGTH = 6


class KeySession(Settings):
    """One DICOM study.

    Attributes:
        session: BIDS label without ``ses-``.
        images: Imported images: end of the BIDS name, and the SeriesInstanceUID that it came from.
    """

    session: str
    images: dict[str, str] = Field(default_factory=dict)


class KeyPatient(Settings):
    """One patient.

    Attributes:
        subject: Pseudonym, BIDS label without ``sub-``.
        shift_days: Days that are taken from each date.
        shift_seconds: Seconds that are taken besides.
        sessions: Sessions by StudyInstanceUID.
    """

    subject: str
    shift_days: int
    shift_seconds: int
    sessions: dict[str, KeySession] = Field(default_factory=dict)

    def shifted(self, started: str) -> str:
        """Shift ``YYYYMMDDHHMMSS…`` as this patient's dates are, in BIDS' format; empty where it is no date."""
        digits = started.split(".")[0]
        for pattern in ("%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d"):
            try:
                when = datetime.strptime(digits, pattern)  # noqa: DTZ007 - scanners know no time zone
                shifted = when - timedelta(days=self.shift_days, seconds=self.shift_seconds)
            except (ValueError, OverflowError):
                continue
            return shifted.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
        return ""


class Key(Settings):
    """The content of a key file.

    Attributes:
        format: Version of the file.
        patients: Patients by identity (issuer and PatientID).
    """

    format: int = Field(default=1, ge=1, le=1)
    patients: dict[str, KeyPatient] = Field(default_factory=dict)

    def new_patient(self) -> KeyPatient:
        """Draw a pseudonym that nobody has, and a shift."""
        taken = {patient.subject for patient in self.patients.values()}
        while True:
            label = "".join(secrets.choice(_LETTERS) for _ in range(_LABEL_LENGTH))
            if label not in taken:
                days = _LEAST_SHIFT_DAYS + secrets.randbelow(_SHIFT_RANGE_DAYS)
                return KeyPatient(subject=label, shift_days=days, shift_seconds=secrets.randbelow(_SECONDS_PER_DAY))

    def with_patient(self, identity: str, patient: KeyPatient) -> Key:
        """Add or replace a patient.

        Args:
            identity: Identity of the patient in the export.
            patient: What the key holds of the patient.

        Returns:
            The new key.
        """
        return Key(format=self.format, patients={**self.patients, identity: patient})


def default_key_path(cohort: Path) -> Path:
    """Beside the cohort: ``COHORT-key.json``."""
    cohort = cohort.resolve()
    return cohort.with_name(f"{cohort.name}-key.json")


def check_outside(key: Path, cohort: Path) -> None:
    """Raise DicomError where the key would lie in the cohort, and be given away with it.

    Args:
        key: The key file.
        cohort: The cohort folder.
    """
    if key.resolve().is_relative_to(cohort.resolve()):
        raise DicomError("The key file lies inside the cohort", path=key, remedy="Name a place outside it with --key")


def read_key(path: Path) -> Key:
    """Read a key file.

    Args:
        path: The file to read.

    Returns:
        The key; empty if there is no file yet.

    Raises:
        DicomError: It is damaged.
    """
    if not path.exists():
        return Key()
    try:
        return Key.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError, RecursionError) as error:
        where = type(error).__name__
        raise DicomError(
            f"The key file is damaged, or was not written by lessgad import-dicom ({where})",
            path=path,
            remedy="Restore it from a backup",
        ) from error


def write_key(path: Path, key: Key) -> None:
    """Write a key file, whole or not at all, for its owner's eyes alone.

    Args:
        path: The file to write.
        key: The key.
    """
    before = os.umask(0o077)
    try:
        write_text(path, json.dumps(key.model_dump(), indent=2, ensure_ascii=False) + "\n")
    finally:
        os.umask(before)


@contextmanager
def holding_key(path: Path) -> Iterator[None]:
    """Lock the key file during an import, so that two imports cannot assign the same pseudonym twice.

    Args:
        path: The file.

    Yields:
        Nothing.

    Raises:
        LockedError: Another import holds it.
    """
    from filelock import FileLock, Timeout

    from lessgad.atomic_write import saying_why

    lock = FileLock(path.with_name(f".{path.name}.lock"))
    with saying_why(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise LockedError(
                "Another import uses this key file", path=path, remedy="Wait until it has ended"
            ) from error
    try:
        yield
    finally:
        lock.release()
