# SPDX-License-Identifier: Apache-2.0
"""Where the reader study was served last, so that links to it name the right port."""

from __future__ import annotations

from lessgad.atomic_write import write_text
from lessgad.reader_study.study_folder import StudyFolder

USUAL_PORT = 8765


def address_of_port(port: int) -> str:
    """Spell the address of a port on this machine."""
    return f"http://127.0.0.1:{port}"


def note_port(folder: StudyFolder, port: int) -> None:
    """Write down the port that is served.

    Args:
        folder: Folder of the reader study.
        port: Port on 127.0.0.1.

    Raises:
        StorageError: The folder cannot be written.
    """
    write_text(folder.served_port, f"{port}\n")


def served_address(folder: StudyFolder) -> str:
    """Give the address that was served last; the usual one where none was."""
    try:
        port = int(folder.served_port.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        port = USUAL_PORT
    return address_of_port(port)
