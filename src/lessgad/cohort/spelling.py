# SPDX-License-Identifier: Apache-2.0
"""Labels as spreadsheets change them: 001 becomes 1 or 1.0, 1e5 becomes 1,00E+05."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_POWER = re.compile(r"(\d+(?:[.,]\d+)?)e\+?(\d{1,2})")


def plain(label: str) -> str:
    """Give a label as spreadsheets write it: without leading zeros, in any case, a number with decimals, in quotes.

    Args:
        label: A label as written, with or without ``sub-`` or ``ses-``.

    Returns:
        A form that all spellings of the label share.
    """
    shown = re.sub(r"[.,]0+$", "", unicodedata.normalize("NFKC", label).lower())
    if power := _POWER.fullmatch(shown):
        shown = str(round(float(power[1].replace(",", ".")) * 10 ** int(power[2])))
    letters = re.sub(r"^(sub|ses)", "", re.sub(r"[^a-z0-9]", "", shown))
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", letters)


class Labels:
    """Labels that cells of a table may mean.

    Args:
        labels: Labels without ``sub-`` or ``ses-``.
    """

    def __init__(self, labels: Iterable[str]) -> None:
        self._labels = set(labels)
        self._alike: dict[str, list[str]] = {}
        for label in self._labels:
            self._alike.setdefault(plain(label), []).append(label)

    def meant_by(self, written: str) -> str | None:
        """Find the label that a cell means: the same, or the only one that a spreadsheet could have changed into it.

        Args:
            written: The cell.

        Returns:
            One of the labels; None if none is meant, or more than one could be.
        """
        bare = re.sub(r"^(sub|ses)-", "", written)
        if bare in self._labels:
            return bare
        alike = self._alike.get(plain(written), [])
        return alike[0] if len(alike) == 1 else None
