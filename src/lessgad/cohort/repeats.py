# SPDX-License-Identifier: Apache-2.0
"""Further scans of a study at the standard dose, by their names: ``run-2``, or ``acq-repeat``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lessgad.cohort.selection import Selection, entities

REPEAT = "repeat"  # of the entity acq
_OF_A_REPEAT = ("run", "acq")


def first_scans(candidates: Sequence[Path], select: Selection) -> list[Path]:
    """Leave out the scans that repeat another one, unless a run is chosen.

    Args:
        candidates: Post-contrast images of one study.
        select: Entities of the images that are meant.

    Returns:
        The images without repeats.
    """
    named = [path for path in candidates if entities(path).get("acq") != REPEAT]
    if "run" in select:
        return named or list(candidates)
    first = {_but(path, ("run",)) for path in named if _run(path) <= 1}
    kept = [path for path in named if _run(path) <= 1 or _but(path, ("run",)) not in first]
    return kept or list(candidates)


def repeats_of(standard_dose: Path, candidates: Sequence[Path]) -> tuple[Path, ...]:
    """Find repeat scans at the standard dose: images that differ from it only in the run, or have ``acq-repeat``.

    Args:
        standard_dose: The standard-dose image.
        candidates: Candidate images.

    Returns:
        The images, by run.
    """
    own, others = _but(standard_dose, ("run",)), [path for path in candidates if path != standard_dose]
    plain = _but(standard_dose, _OF_A_REPEAT)
    found = [
        path
        for path in others
        if _but(path, ("run",)) == own or (entities(path).get("acq") == REPEAT and _but(path, _OF_A_REPEAT) == plain)
    ]
    return tuple(sorted(found, key=lambda path: (_run(path), path.name)))


def _run(path: Path) -> int:
    run = entities(path).get("run", "0")
    return int(run) if run.isdecimal() else 0


def _but(path: Path, left_out: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Give all entities of a name except some."""
    return tuple(sorted((key, value) for key, value in entities(path).items() if key not in left_out))
