# SPDX-License-Identifier: Apache-2.0
"""What the routes share: the study and the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from lessgad.reader_study.study import ReaderStudy


@dataclass(frozen=True, eq=False)
class State:
    """Attributes of the server.

    Attributes:
        study: Open.
        now: Gives Unix seconds.
        experiment: How the commands on the coordinator's page name the experiment.
    """

    study: ReaderStudy
    now: Callable[[], float]
    experiment: str


def state_of(request: Request) -> State:
    """Give the state of the server that a request came to."""
    state: State = request.app.state.lessgad
    return state
