# SPDX-License-Identifier: Apache-2.0
"""The command `lessgad`: groups its subcommands and turns errors into exit codes.

Exit codes: 0 all well, 1 some studies failed (named), 2 unusable input, 3 internal error, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from pathlib import Path
from typing import Any

import typer

from lessgad import __version__
from lessgad.cli import (
    bids_app,
    convert,
    describe,
    experiment,
    import_dicom,
    import_nifti,
    node,
    phantom,
    power,
    reader,
    restore,
    view,
)
from lessgad.cli.console import say_error, say_internal_error
from lessgad.cli.plain_flags import HELP_NAMES, command_of
from lessgad.errors import LessgadError

#: Typer has its own copy of Click in newer versions; its usage errors derive from this one either way.
USAGE_ERROR: type[Any] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")

INTERRUPTED = 130
SEVERAL = ("--participant-label", "--participant_label")

app = typer.Typer(
    name="lessgad",
    help="How little gadolinium contrast is still enough?\n\nSimulate low-dose scans from pairs of T1 and T1ce, "
    "restore the standard-dose image with a network, and measure at each dose whether the result is good enough.\n\n"
    "Research software, not a medical device.",
    epilog="A first look: lessgad phantom COHORT; lessgad init EXPERIMENT --cohort COHORT; lessgad run EXPERIMENT",
    no_args_is_help=True,
    context_settings={"help_option_names": HELP_NAMES},
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
describe.add_to(app)
experiment.add_to(app)
restore.add_to(app)
view.add_to(app)
phantom.add_to(app)
power.add_to(app)
import_nifti.add_to(app)
convert.add_to(app)
import_dicom.add_to(app)
node.add_to(app)
bids_app.add_to(app)
reader.add_to(app)


@app.callback(invoke_without_command=True)
def _version(
    version: bool = typer.Option(False, "--version", help="Print the version and stop.", is_eager=True),
) -> None:
    if version:
        typer.echo(f"lessgad {__version__}")
        raise typer.Exit


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(exit_code(arguments))


def exit_code(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code; every error is printed as one line."""
    logging.raiseExceptions = False  # a log that cannot be written is no reason for a traceback
    words = _labels_spread(sys.argv[1:] if arguments is None else arguments)
    if (unnamable := _not_utf8(words)) is not None:
        say_error(
            f"The path {unnamable} holds bytes that are not UTF-8. Rename the file or folder, for example with convmv"
        )
        return 2
    try:
        result = command_of(app).main(args=words, prog_name="lessgad", standalone_mode=False)
    except USAGE_ERROR as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
        else:
            context = getattr(error, "ctx", None)
            words = error.format_message().rstrip(".")
            say_error(f"{words}. See {context.command_path if context else 'lessgad'} --help")
        return 2
    except (typer.Abort, KeyboardInterrupt):
        result = INTERRUPTED
    except LessgadError as error:
        say_error(str(error))
        return 2
    except Exception as error:  # noqa: BLE001 - the last resort; the log has the traceback
        say_internal_error(error)
        return 3
    if result == INTERRUPTED:  # some versions of Typer turn Ctrl-C into this exit code, without a word
        say_error("interrupted; what was done is kept, and the same command continues from there")
    return result if isinstance(result, int) else 0


def _not_utf8(words: list[str]) -> str | None:
    """Find a path that cannot be written into settings, logs and pages; from archives of older systems."""
    with contextlib.suppress(OSError):  # a folder that was removed meanwhile
        words = [*words, str(Path.cwd())]
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            return word.encode(errors="backslashreplace").decode()
    return None


def _labels_spread(words: list[str]) -> list[str]:
    """Accept several labels after one ``--participant-label``, as other BIDS Apps do."""
    spread: list[str] = []
    taking = False
    for word in words:
        taking = word in SEVERAL or (taking and not word.startswith("-"))
        if taking and word not in SEVERAL and spread[-1] not in SEVERAL:
            spread.append(SEVERAL[0])
        spread.append(word)
    return spread
