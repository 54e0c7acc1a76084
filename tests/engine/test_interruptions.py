# SPDX-License-Identifier: Apache-2.0
"""Whatever settings a run has and wherever it is killed: what is called done is what those settings make of it.

Three stages that stand in for real ones: pairs, a model that learns from all of them, an image for each pair. A "kill"
is an exception that nothing catches, at any write, rename or removal that the engine or a unit does; from then on
nothing changes on the disk any more.
"""

from __future__ import annotations

import pathlib
import shutil
import tempfile
from functools import cache, partial
from pathlib import Path
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st
from standin import ignore, needs, standing_of, unit_of

from lessgad.atomic_write import write_text
from lessgad.engine.do_unit import Job, do_job
from lessgad.engine.state_folder import StateFolder
from lessgad.engine.unit import Doing, Unit

STUDIES = ("a", "b")
FILES = ("one.txt", "two.txt", "three.txt")


class KilledError(BaseException):
    """What nothing in lessgad catches."""


def make(folder: Path, setting: int, sources: tuple[Path, ...], _doing: Doing) -> None:
    """Write several files, each of the setting and of all that is read."""
    read = "".join(path.read_text() for path in sources)
    for name in FILES:
        write_text(folder / name, f"({name} of {setting} from {read})")


def unit(root: Path, stage: str, name: str, setting: int, inputs: tuple[Unit, ...], need: str) -> Unit:
    folder = root / stage / name
    sources = tuple(path for one in inputs for path in one.outputs)
    return unit_of(
        root,
        name,
        stage=stage,
        ingredients={"setting": setting},
        work=partial(make, folder, setting, sources),
        outputs=tuple(folder / name for name in FILES),
        inputs=tuple(needs(one.key, need) for one in inputs),
    )


def units_of(root: Path, chosen: tuple[int, int, int]) -> list[Unit]:
    pairs = [unit(root, "prepare", name, chosen[0], (), "must") for name in STUDIES]
    model = unit(root, "train", "model", chosen[1], tuple(pairs), "where usable")
    images = [unit(root, "restore", one.name, chosen[2], (one, model), "must") for one in pairs]
    return [*pairs, model, *images]


def run(root: Path, chosen: tuple[int, int, int]) -> None:
    """Do what is to do, one unit after the other, as a run does."""
    folder, units = StateFolder(root / ".state"), units_of(root, chosen)
    for one in units:
        standing = standing_of(root, *units)
        if standing.own_state(one.key) != "done":
            do_job(folder, Job.of(standing, one), ignore)


class Deadly:
    """Counts every step that changes the disk, and ends the run at one of them, before or after it."""

    def __init__(self, at: int, after: bool) -> None:
        self.at, self.after, self.seen = at, after, 0
        self.steps = {name: getattr(pathlib.Path, name) for name in ("replace", "unlink", "write_text")}

    def __enter__(self) -> None:
        for name, step in self.steps.items():
            setattr(pathlib.Path, name, self._deadly(step))

    def __exit__(self, *_: object) -> None:
        for name, step in self.steps.items():
            setattr(pathlib.Path, name, step)

    def _deadly(self, step):
        def doing(path: Path, *arguments: object, **more: object) -> object:
            self.seen += 1
            if self.seen > self.at or (self.seen == self.at and not self.after):
                raise KilledError  # nor does what would clean up change anything any more
            result = step(path, *arguments, **more)
            if self.seen == self.at:
                raise KilledError
            return result

        return doing


def quickly():
    """Files are not flushed to the disk: processes are killed here, machines are not."""
    return mock.patch("lessgad.atomic_write._flush")


def contents(root: Path) -> dict[str, str]:
    folders = ("prepare", "train", "restore")
    return {
        str(p.relative_to(root)): p.read_text() for f in folders for p in sorted((root / f).rglob("*")) if p.is_file()
    }


@cache
def expected(chosen: tuple[int, int, int]) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as place:
        run(Path(place), chosen)
        return contents(Path(place))


runs = st.tuples(*[st.integers(0, 1)] * 3)
killed = st.tuples(runs, st.integers(1, 120), st.booleans())


@settings(deadline=None, max_examples=60)
@given(st.lists(killed, min_size=1, max_size=4), runs)
def test_what_is_called_done_is_what_the_settings_make_of_it(stopped, last):
    with quickly(), tempfile.TemporaryDirectory() as place:
        root = Path(place)
        for chosen, at, after in stopped:
            try:
                with Deadly(at, after):
                    run(root, chosen)
            except KilledError:
                pass
            _check_what_is_called_done(root, chosen)
            _check_what_is_called_done(root, last)
        run(root, last)
        assert contents(root) == expected(last)
        assert list(root.rglob(".tmp-*")) == []


def _check_what_is_called_done(root: Path, chosen: tuple[int, int, int]) -> None:
    """Whoever looks now with these settings finds nothing half done among what is called done."""
    units = units_of(root, chosen)
    standing, whole = standing_of(root, *units), expected(chosen)
    for one in units:
        if standing.own_state(one.key) == "done":
            for path in one.outputs:
                assert path.read_text() == whole[str(path.relative_to(root))]


def test_the_stand_in_notices_a_record_that_stays(monkeypatch):
    """The same test with an engine that leaves the old record in place finds the mix of old and new."""
    monkeypatch.setattr("lessgad.engine.do_unit.remove_for_good", lambda _path: None)
    with quickly(), tempfile.TemporaryDirectory() as place:
        root = Path(place)
        run(root, (0, 0, 0))
        steps = 0
        for at in range(1, 40):
            shutil.rmtree(root)
            run(root, (0, 0, 0))
            try:
                with Deadly(at, after=True):
                    run(root, (1, 0, 0))
            except KilledError:
                run(root, (0, 0, 0))
                steps += contents(root) != expected((0, 0, 0))
        assert steps > 0
