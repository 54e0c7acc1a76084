# SPDX-License-Identifier: Apache-2.0
"""Which of several images of one kind is meant, by the entities of their names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

from lessgad.errors import CohortError

#: Entities of BIDS by which two scans of one kind can differ.
Entity = Literal["task", "acq", "trc", "rec", "dir", "run", "mod", "echo", "flip", "inv", "mt", "part", "proc", "chunk"]
Selection = Mapping[Entity, str | int | None]

ENTITIES: tuple[Entity, ...] = get_args(Entity)
_ENTITY = re.compile(r"([a-zA-Z0-9]+)-([a-zA-Z0-9+]+)")


def entities(path: Path) -> dict[str, str]:
    """Read the entities of a BIDS name: ``sub-01_ce-gadolinium_T1w.nii.gz`` → sub, ce."""
    return dict(_ENTITY.findall(path.name.split(".")[0]))


def image_stem(path: Path) -> str:
    """Name without ``.nii`` or ``.nii.gz``."""
    return path.name.removesuffix(".gz").removesuffix(".nii")


def selected(candidates: Sequence[Path], select: Selection, *, but: Sequence[Entity] = ()) -> list[Path]:
    """Keep the images that have the chosen entities.

    An entity that none of the candidates bears decides nothing; where one does, those without it are not meant.

    Args:
        candidates: Images of one kind.
        select: Value of each entity that is chosen.
        but: Entities that have another meaning for this kind.

    Returns:
        The images that are left.
    """
    chosen = list(candidates)
    for entity, value in select.items():
        if entity not in but and any(entity in entities(path) for path in candidates):
            chosen = [path for path in chosen if _same(entities(path).get(entity), value)]
    return chosen


def only(candidates: Sequence[Path], select: Selection, kind: str, anat: Path) -> Path:
    """Return the only image that the selection leaves.

    Args:
        candidates: Candidate images.
        select: Entities of the chosen images.
        kind: What the image is, for the error.
        anat: The ``anat`` folder of the study.

    Returns:
        The file of the image.

    Raises:
        CohortError: There is none, or several; says which entity would decide.
    """
    chosen = selected(candidates, select)
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(path.name for path in candidates)
    if not candidates:
        raise CohortError(f"The study has no {kind}" if anat.is_dir() else "The study has no anat folder")
    if not chosen:
        words = ", ".join(f"{entity}: {value}" for entity, value in select.items())
        raise CohortError(f"No {kind} has {words}; there are {names}", remedy="Correct select in experiment.yaml")
    names = ", ".join(path.name for path in chosen)
    raise CohortError(f"There are {len(chosen)} candidates for the {kind}: {names}", remedy=what_decides(chosen))


def what_decides(candidates: Sequence[Path]) -> str:
    """Say by which entity images can be told apart, as a thing to do."""
    for entity in ENTITIES:
        values = [entities(path).get(entity) for path in candidates]
        if len(set(values)) == len(values):
            value = next(value for value in values if value is not None)
            return f"Choose one with cohort: {{select: {{{entity}: {value}}}}} in experiment.yaml, or remove the others"
    differing = [entity for entity in ENTITIES if len({entities(path).get(entity) for path in candidates}) > 1]
    if differing:
        chosen = ", ".join(f"{entity}: …" for entity in differing)
        return f"Choose one with cohort: {{select: {{{chosen}}}}} in experiment.yaml, or remove the others"
    return "Leave one of them in the folder"


def _same(value: str | None, wanted: str | int | None) -> bool:
    """Whether two values are one: runs ``1``, ``01`` and 1 are; null wants an image without the entity."""
    if value is None or wanted is None:
        return value is None and wanted is None
    one, other = value, str(wanted)
    return int(one) == int(other) if one.isdecimal() and other.isdecimal() else one == other
