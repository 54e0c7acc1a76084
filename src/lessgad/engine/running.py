# SPDX-License-Identifier: Apache-2.0
"""The runs that are at work on an experiment: many at once, but all with the same settings."""

from __future__ import annotations

import os
import platform
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from lessgad.atomic_write import saying_why
from lessgad.engine.lock import HeldError, holding
from lessgad.engine.state_folder import StateFolder
from lessgad.errors import SettingsError


@contextmanager
def one_of_the_runs(folder: StateFolder, settings: str) -> Iterator[None]:
    """Register this process as a run of the experiment while the block runs.

    Args:
        folder: State folder of the experiment.
        settings: A hash of all settings that results depend on.

    Yields:
        Nothing.

    Raises:
        SettingsError: A run with other settings is at work.
    """
    own = folder.runs / f"{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}.lock"
    try:
        with holding(own, "run", settings):
            _check_others(folder, settings)
            yield
    finally:
        with suppress(OSError):
            own.unlink(missing_ok=True)


def _check_others(folder: StateFolder, settings: str) -> None:
    with saying_why(folder.runs):
        others = sorted(folder.runs.glob("*.lock"))
    for other in others:
        if other.name.startswith(f"{platform.node()}-{os.getpid()}-"):
            continue
        try:
            with holding(other, "run"):
                other.unlink(missing_ok=True)  # of a run that was killed
        except HeldError as held:
            if held.holder is not None and held.holder.mark != settings:
                raise SettingsError(
                    f"Another run with other settings is at work ({held.holder.words})",
                    remedy="Wait for it or stop it, or restore the experiment.yaml with which it began",
                ) from held
