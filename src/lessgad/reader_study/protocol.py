# SPDX-License-Identifier: Apache-2.0
"""The protocol of a reader study: everything that decides what is read and asked, fixed at the first answer."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from lessgad.atomic_write import write_text
from lessgad.errors import ReaderStudyError
from lessgad.reader_study.design import Case, Reading, readings_of
from lessgad.reader_study.questionnaire import Questionnaire
from lessgad.reader_study.settings import ReaderStudySettings
from lessgad.settings import Settings

_PUT_BACK = "Restore the original file; answers to another protocol are another study"


class ReadingProtocol(Settings):
    """A reader study on paper.

    Attributes:
        format: Format of the file.
        settings: Design.
        questionnaire: The questionnaire.
        cases: Cases, practice first.
        key: Secret that opaque names are made with; readers never see it.
    """

    format: Literal[1] = 1
    settings: ReaderStudySettings
    questionnaire: Questionnaire
    cases: tuple[Case, ...] = Field(min_length=1)
    key: str = Field(min_length=16)

    def readings_of(self, reader: str) -> tuple[Reading, ...]:
        """List the readings of one reader, in order.

        Args:
            reader: Name of the reader.

        Returns:
            The readings.
        """
        return readings_of(reader, self.cases, self.settings, self.key)


class FrozenProtocol(Settings):
    """The record that is made at the first answer.

    Attributes:
        frozen_on: Date and time, UTC, ISO 8601.
        sha256: SHA-256 of the protocol.
        protocol: The frozen protocol.
    """

    frozen_on: str
    sha256: str
    protocol: ReadingProtocol


def protocol_json(protocol: ReadingProtocol) -> str:
    """Spell a protocol in the one way that is hashed: keys sorted, no spaces, UTF-8, every default written out."""
    return _canonical(protocol.model_dump(mode="json"))


def protocol_sha256(protocol: ReadingProtocol) -> str:
    """SHA-256 of `protocol_json`, in 64 hexadecimal digits."""
    return hashlib.sha256(protocol_json(protocol).encode()).hexdigest()


def write_protocol(path: Path, protocol: ReadingProtocol) -> None:
    """Write a protocol as readable text, completely or not at all.

    Args:
        path: The file to write.
        protocol: The protocol of the reader study.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    write_text(path, json.dumps(protocol.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n")


def read_protocol(path: Path) -> ReadingProtocol:
    """Read what `write_protocol` wrote.

    Args:
        path: The file to read.

    Returns:
        The protocol.

    Raises:
        ReaderStudyError: The file is missing, damaged, or of a newer format.
    """
    try:
        return ReadingProtocol.model_validate_json(_text(path))
    except ValidationError as error:
        raise _damaged(path, error) from error


def freeze(protocol: ReadingProtocol, frozen_on: str) -> FrozenProtocol:
    """Make the record of the protocol, once, before the first answer is stored.

    Args:
        protocol: The present protocol.
        frozen_on: Date and time, UTC, ISO 8601.

    Returns:
        The record.
    """
    return FrozenProtocol(frozen_on=frozen_on, sha256=protocol_sha256(protocol), protocol=protocol)


def frozen_json(record: FrozenProtocol) -> str:
    """Spell a record for a file or a cell of a database."""
    return json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def read_frozen(text: str, path: Path | None = None) -> FrozenProtocol:
    """Read the record that `frozen_json` wrote, and check that it is unchanged.

    The hash is that of the protocol as the text spells it, so that a later version of lessgad, with more settings,
    still knows its own record.

    Args:
        text: The record.
        path: File, for the error.

    Returns:
        The record.

    Raises:
        ReaderStudyError: The file is damaged, or its hash is not that of its protocol.
    """
    try:
        record = FrozenProtocol.model_validate_json(text)
    except ValidationError as error:
        raise _damaged(path, error) from error
    spelled = json.loads(text)["protocol"]
    if hashlib.sha256(_canonical(spelled).encode()).hexdigest() != record.sha256:
        raise ReaderStudyError("The protocol was changed by hand after it was frozen", path=path, remedy=_PUT_BACK)
    return record


def check_unchanged(record: FrozenProtocol, protocol: ReadingProtocol, path: Path | None = None) -> None:
    """Refuse to continue with another protocol than the one that the answers belong to.

    Args:
        record: Record frozen at the first answer.
        protocol: The present protocol.
        path: File, for the error.

    Raises:
        ReaderStudyError: It has changed; says which parts.
    """
    if protocol == record.protocol:
        return
    names = {"questionnaire": "questions", "cases": "cases", "settings": "settings", "key": "key"}
    changed = [name for part, name in names.items() if getattr(protocol, part) != getattr(record.protocol, part)]
    raise ReaderStudyError(
        f"The protocol has other {' and '.join(changed)} than the one that was frozen on {record.frozen_on}",
        path=path,
        remedy=_PUT_BACK,
    )


def _canonical(content: object) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ReaderStudyError(
            "There is no protocol of a reader study",
            path=path,
            remedy="Make a reader study with `lessgad reader create`",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ReaderStudyError(f"The protocol of the reader study cannot be read ({error})", path=path) from error


def _damaged(path: Path | None, error: ValidationError) -> ReaderStudyError:
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    came = f"{where}: {problem['msg']}" if where else str(problem["msg"])
    return ReaderStudyError(f"The protocol of the reader study is not valid: {came}", path=path, remedy=_PUT_BACK)
