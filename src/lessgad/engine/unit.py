# SPDX-License-Identifier: Apache-2.0
"""A unit of work: what it needs, what it writes, and everything that its result depends on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Advance = Callable[[float, str], None]
#: What becomes of a unit where an input has failed: `must`: it waits until that is mended; `else left out`: there is
#: nothing to do for it; `where usable`: it is done without that input.
Need = Literal["must", "else left out", "where usable"]
#: Of inputs that are usable, those that count.
Counted = Callable[[frozenset[str]], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Input:
    """Another unit whose outputs a unit reads.

    Attributes:
        unit: Key of the unit.
        need: What happens where it has failed.
        role: Role of the input, if it makes a difference: "train", "validation".
    """

    unit: str
    need: Need = "must"
    role: str = ""


@dataclass(frozen=True)
class Doing:
    """Context that the work of a unit gets.

    Attributes:
        advance: Takes how far the unit is (0 to its size) and a few words.
        fingerprint: Fingerprint of the unit.
        inputs: Fingerprint of each input that counts, by key.
        failures: Key and reason of each input that failed, where the unit asks for them.
    """

    advance: Advance
    fingerprint: str
    inputs: Mapping[str, str]
    failures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Unit:
    """Something to do, and how to know whether it is done.

    Attributes:
        stage: The stage that it belongs to.
        name: Name of its record: the study, the model.
        what: Description for display: "preparation of sub-01".
        version: Raised by hand when results change that neither settings nor inputs explain.
        ingredients: Settings and hashes of files that its result depends on; anything JSON can spell.
        work: Does it. Must pickle unless the unit is done `here`.
        outputs: Files or folders without which it is not done.
        inputs: Units whose outputs it reads.
        passing: Files that it writes too, and that need not stay.
        size: How much it counts in the progress of its stage.
        subject: The study that it is about. A bug in it fails this unit alone; empty: it ends the run.
        here: Whether it must be done in the process that was started, one after the other.
        counted: Chooses among the inputs that are usable; None: all of them count.
        spoils: Units that are not done any more once this one begins, for it removes outputs of theirs.
        tells_failures: Whether its result depends on which inputs failed, and why.
        sources: Files from outside the experiment that it reads, with their hashes.
        stands_on: A folder from outside without which nothing can be done, and no study is to blame.
    """

    stage: str
    name: str
    what: str
    version: int
    ingredients: Mapping[str, Any]
    work: Callable[[Doing], None]
    outputs: tuple[Path, ...]
    inputs: tuple[Input, ...] = ()
    passing: tuple[Path, ...] = ()
    size: float = 1.0
    subject: str = ""
    here: bool = False
    counted: Counted | None = None
    spoils: tuple[str, ...] = ()
    tells_failures: bool = False
    sources: tuple[tuple[Path, str], ...] = ()
    stands_on: Path | None = None
    key: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", key_of(self.stage, self.name))


def key_of(stage: str, name: str) -> str:
    """Make the key of a unit: ``prepare/sub-01``.

    Args:
        stage: Name of the stage.
        name: Name of the unit within its stage.

    Returns:
        The key.
    """
    return f"{stage}/{name}"
