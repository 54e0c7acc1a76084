# SPDX-License-Identifier: Apache-2.0
"""How the templates of the report are read: everything escaped, nothing silently missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def report_templates() -> Environment:
    """Give the environment of ``report/templates``; a name that a template does not find is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("lessgad.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=curly_apostrophes,
    )
    environment.filters["unbroken"] = unbroken
    return environment


def curly_apostrophes(value: object) -> object:
    """Print the apostrophe within a word as typographers do: ``tumor’s``; what is HTML already stays."""
    return re.sub(r"(?<=[^\W\d_])'(?=[^\W\d_])", "’", value) if type(value) is str else value


def unbroken(words: str) -> str:
    """Tie each number to its unit with a no-break space, and the parts of ``n = 18 / 18`` to each other."""
    tied = re.sub(r"(?<=\d) (?=(?:%|mm|ml|dB)(?!\w))", "\u00a0", words)
    return re.sub(r"n = \d+(?: / \d+)?", lambda found: found[0].replace(" ", "\u00a0"), tied)
