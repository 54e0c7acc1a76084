# SPDX-License-Identifier: Apache-2.0
"""A stand-in for real stages: units that write a few letters, in a second."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from lessgad.engine.do_unit import Done, Job, do_job
from lessgad.engine.plan import Plan
from lessgad.engine.records import Records
from lessgad.engine.standing import Standing
from lessgad.engine.state_folder import StateFolder
from lessgad.engine.unit import Doing, Input, Unit


def ignore(_done: float, _note: str) -> None:
    pass


def write(path: Path, text: str, _doing: Doing) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + text)


def fail(error: BaseException, _doing: Doing) -> None:
    raise error


def unit_of(root: Path, name: str = "sub-01", *, stage: str = "prepare", text: str = "x", **more: object) -> Unit:
    output = root / stage / f"{name}.txt"
    given = {"work": partial(write, output, text), "outputs": (output,), "ingredients": {"text": text}}
    return Unit(**{"stage": stage, "name": name, "what": f"preparation of {name}", "version": 1, **given, **more})


def standing_of(root: Path, *units: Unit) -> Standing:
    return Standing(Plan(units), Records(StateFolder(root / ".state")))


def do(root: Path, unit: Unit, *beside: Unit) -> Done:
    """Do one unit of a plan as things stand."""
    return do_job(StateFolder(root / ".state"), Job.of(standing_of(root, *beside, unit), unit), ignore)


def state(root: Path, unit: Unit, *beside: Unit) -> str:
    return standing_of(root, *beside, unit).state(unit.key)


def needs(key: str, need: str = "must", role: str = "") -> Input:
    return Input(key, need, role)
