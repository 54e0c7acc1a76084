# SPDX-License-Identifier: Apache-2.0
"""How the templates of the report are read: everything escaped, nothing silently missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def report_templates() -> Environment:
    """Give the environment of ``report/templates``; a name that a template does not find is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("lessgad.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
