# SPDX-License-Identifier: Apache-2.0
"""Words that a spreadsheet must not run as a formula."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def without_formula(words: str) -> str:
    """Put an apostrophe before text that a spreadsheet might run: that which starts with ``= + - @``, tab or return.

    Words that look escaped already get one more, so that `as_written` gives all words back as they were.

    Source: OWASP, CSV Injection.

    Args:
        words: The text of a cell.

    Returns:
        The text.
    """
    return f"'{words}" if _FORMULA.match(words) else words


def as_written(words: str) -> str:
    """Undo `without_formula`."""
    return words[1:] if words.startswith("'") and _FORMULA.match(words[1:]) else words
