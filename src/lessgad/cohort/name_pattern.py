# SPDX-License-Identifier: Apache-2.0
"""Names of files with places for patient and session: ``{patient}_{session}_t1.nii.gz``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lessgad.errors import SettingsError

_PLACE = re.compile(r"\{(\w*)\}|(\*)")
_KNOWN = ("patient", "session")


@dataclass(frozen=True)
class Found:
    """A file that a pattern matches.

    Attributes:
        patient: What stands in the place of the patient.
        session: What stands in that of the session; empty where the pattern has none.
        path: The file.
    """

    patient: str
    session: str
    path: Path


def find(folder: Path, pattern: str) -> list[Found]:
    """Find the files under a folder that a pattern matches, by name.

    ``{patient}`` and ``{session}`` stand for any text without a slash; where both are in one part of the path, for
    letters and digits. ``*`` stands for anything without a slash. A place that comes twice is the same both times.

    Args:
        folder: The folder to search, with its subfolders.
        pattern: Pattern of file names with ``{patient}`` and, optionally, ``{session}``.

    Returns:
        The files by name, with the labels of patient and session.

    Raises:
        SettingsError: The pattern has no place for the patient, or an unknown one.
    """
    expression = _expression(pattern)
    found = []
    for path in sorted(folder.rglob("*")):
        match = expression.fullmatch(path.relative_to(folder).as_posix())
        if match is not None and not path.is_dir():
            found.append(Found(match["patient"], match.groupdict().get("session") or "", path))
    return found


def _expression(pattern: str) -> re.Pattern[str]:
    if "{patient}" not in pattern:
        raise SettingsError(
            f"The pattern {pattern} has no place for the patient",
            remedy="Write {patient} where the patient's label is: {patient}_{session}_t1.nii.gz",
        )
    seen: set[str] = set()
    parts = []
    for part in pattern.removeprefix("./").split("/"):
        names = [match[1] for match in _PLACE.finditer(part) if match[1] is not None]
        strange = [name for name in names if name not in _KNOWN]
        if strange:
            raise SettingsError(f"The pattern holds {{{strange[0]}}}; only {{patient}} and {{session}} have a meaning")
        text = "[A-Za-z0-9]+" if len(set(names)) > 1 else "[^/]+"
        parts.append(_of_part(part, text, seen))
    return re.compile("/".join(parts))


def _of_part(part: str, text: str, seen: set[str]) -> str:
    """Give the expression of one part of a path."""
    expression, end = "", 0
    for match in _PLACE.finditer(part):
        expression += re.escape(part[end : match.start()])
        end = match.end()
        name = match[1]
        if name is None:
            expression += "[^/]*"
        elif name in seen:
            expression += f"(?P={name})"
        else:
            seen.add(name)
            expression += f"(?P<{name}>{text})"
    return expression + re.escape(part[end:])
