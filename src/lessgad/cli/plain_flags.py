# SPDX-License-Identifier: Apache-2.0
"""Help without the word that Typer writes after every flag, ``<bool>``: a flag takes no value."""

from __future__ import annotations

from typing import Any

import typer

HELP_NAMES = ["-h", "--help"]


def command_of(app: typer.Typer) -> Any:  # noqa: ANN401 - Typer has its own copy of Click, whose classes have no public name
    """Build the command of an app, with plain flags in it and in its commands."""
    command = typer.main.get_command(app)
    _make_plain(command)
    return command


def _make_plain(command: Any) -> None:  # noqa: ANN401
    context = typer.Context(command, help_option_names=HELP_NAMES)
    for option in (*command.params, command.get_help_option(context)):
        if getattr(option, "is_flag", False):
            option.metavar = ""
    for inner in getattr(command, "commands", {}).values():
        _make_plain(inner)
