# SPDX-License-Identifier: Apache-2.0
"""A share of the studies, for jobs that run side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lessgad.errors import SettingsError

_SHARD = re.compile(r"(\d+)/(\d+)")


@dataclass(frozen=True)
class Shard:
    """One of several shares.

    Attributes:
        number: Which, from 1.
        n: Number of shares.
    """

    number: int = 1
    n: int = 1

    @classmethod
    def parse(cls, words: str) -> Shard:
        """Read ``3/50``.

        Args:
            words: The option as typed.

        Returns:
            The share.

        Raises:
            SettingsError: It is not a share: 0/50, 51/50, three.
        """
        found = _SHARD.fullmatch(words.strip())
        number, n = (int(found[1]), int(found[2])) if found else (0, 0)
        if not 1 <= number <= n:
            raise SettingsError(
                f"--shard {words} is not understood",
                remedy="Write the number and how many there are, such as 3/50, and count from 1",
            )
        return cls(number, n)

    def of(self, subjects: Sequence[str]) -> list[str]:
        """Take every n-th subject; each is in one share, in any order of the subjects."""
        return sorted(subjects)[self.number - 1 :: self.n]


WHOLE = Shard()
