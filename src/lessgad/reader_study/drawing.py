# SPDX-License-Identifier: Apache-2.0
"""Random orders that stay what they are: under other versions of NumPy, on other machines, as the cohort grows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def drawn_order(items: Iterable[T], spelled: Callable[[T], str], *words: str | int) -> list[T]:
    """Put items into a random order that depends only on the seed words and on the spelling of each item.

        sort by SHA-256("word₁ ␟ word₂ ␟ … ␟ spelling")

    For other words the order is another, independent one. An item that joins later leaves the order of the others as
    it was. ␟ is U+001F, which no label holds.

    Args:
        items: Items in any order, told apart by their spelling.
        spelled: Gives the name of an item.
        *words: What the order is for: the seed, the purpose, the reader …

    Returns:
        The items in that order.
    """
    return sorted(items, key=lambda item: _digest(*words, spelled(item)))


def opaque_id(key: str, *words: str | int, length: int = 10) -> str:
    """Make an ID that reveals nothing without the key.

    Args:
        key: Secret; made once for a study.
        *words: What is named.
        length: Characters of a–z and 2–7; 10 are 50 bits.

    Returns:
        The ID.
    """
    import base64

    return base64.b32encode(bytes.fromhex(_digest(key, *words))).decode().lower()[:length]


def _digest(*words: str | int) -> str:
    return hashlib.sha256("\x1f".join(str(word) for word in words).encode()).hexdigest()
