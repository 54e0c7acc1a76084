# SPDX-License-Identifier: Apache-2.0
"""JSON as converters write it: in any encoding, with raw tabs, nan, comments, or a comma too many."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from lessgad.cohort.tables import read_text_of
from lessgad.errors import CohortError
from lessgad.not_fetched import GET_IT, not_fetched

_STRING = r'"(?:[^"\\]|\\.)*"'
_NO_NUMBER = re.compile(
    rf"({_STRING})|(?<![\w.])[-+]?(?:nan|inf(?:inity)?)(?:\([\w]*\))?(?![\w.])", re.IGNORECASE | re.DOTALL
)
_COMMENT = re.compile(rf"({_STRING})|//[^\r\n]*|/\*.*?\*/", re.DOTALL)
_COMMA_TOO_MANY = re.compile(rf"({_STRING})|,(?=\s*[}}\]])", re.DOTALL)
_LONE_BACKSLASH = re.compile(r'\\(?!["\\/bfnrtu])')


def read_sidecar(path: Path) -> dict[str, Any]:
    """Read a sidecar leniently: values that cannot be read are treated as missing.

    Args:
        path: The file to read.

    Returns:
        The content.

    Raises:
        CohortError: It is no JSON object, or was not fetched.
    """
    if (why := not_fetched(path)) is not None:
        raise CohortError(f"The sidecar cannot be read: it is {why}", path=path, remedy=GET_IT)
    text = read_text_of(path, "a JSON sidecar").strip("\0 \t\r\n")
    try:
        content = _parsed(text)
    except (ValueError, RecursionError) as error:
        raise CohortError(f"The sidecar is not valid JSON ({error})", path=path) from error
    if not isinstance(content, dict):
        raise CohortError(f"The sidecar holds a {type(content).__name__} where a JSON object is needed", path=path)
    return content


def _parsed(text: str) -> object:
    try:
        parsed: object = json.loads(text, strict=False)
    except ValueError:
        text = _COMMENT.sub(lambda found: found[1] or "", text)
        text = _NO_NUMBER.sub(lambda found: found[1] or "null", text)
        text = _COMMA_TOO_MANY.sub(lambda found: found[1] or "", text)
        parsed = json.loads(_LONE_BACKSLASH.sub(r"\\\\", text), strict=False)
    return parsed
