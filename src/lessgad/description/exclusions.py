# SPDX-License-Identifier: Apache-2.0
"""Studies that were left out, grouped by reason, for a flow diagram."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MOST_REASONS = 6
OTHER = "other reasons"
_FILE = re.compile(r"\S*\.(?:nii|json|tsv|nii\.gz)\b\S*")
_PLACE = re.compile(r"^.*?\.(?:nii\.gz|nii|json|tsv|yaml): ")
_OLDER = re.compile(r"(?:^|: )wanted (.*?), got (.*?)[.?!]?(?: [A-Z].*)?$")  # in records of older versions
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Exclusion:
    """Studies that were left out for one reason.

    Attributes:
        reason: The reason in words, without names of files.
        studies: Names of the studies.
    """

    reason: str
    studies: tuple[str, ...]


def exclusions(left_out: Iterable[tuple[str, str]]) -> tuple[Exclusion, ...]:
    """Group studies by reason, the most frequent reason first; rare reasons are put together.

    Args:
        left_out: Name of each study and the error's line.

    Returns:
        The groups, the largest first.
    """
    groups: dict[str, tuple[str, list[str]]] = {}
    for study, line in left_out:
        words = reason_in_words(line)
        groups.setdefault(_NUMBER.sub("#", words), (words, []))[1].append(study)
    found = [Exclusion(words, tuple(studies)) for words, studies in groups.values()]
    found.sort(key=lambda exclusion: (-len(exclusion.studies), exclusion.reason))
    if len(found) <= MOST_REASONS:
        return tuple(found)
    rest = tuple(study for exclusion in found[MOST_REASONS - 1 :] for study in exclusion.studies)
    return (*found[: MOST_REASONS - 1], Exclusion(OTHER, rest))


def reason_in_words(line: str) -> str:
    """Shorten an error's line to its first sentence, without names of files.

    ``a.nii.gz: The mask is empty. Draw it or remove it.`` becomes ``The mask is empty``.

    Args:
        line: The error as one line.

    Returns:
        The reason without file names.
    """
    older = _OLDER.search(line)
    if older is not None:
        wanted, came = (_FILE.sub("", part).strip(" :,") for part in older.groups())
        return f"{wanted} needed, {came or 'something else'} found"
    problem = re.split(r"(?<=[^.A-Z])\. (?=[A-Z])", _PLACE.sub("", line), maxsplit=1)[0]
    return _FILE.sub("…", problem).rstrip(".")
