# SPDX-License-Identifier: Apache-2.0
"""Which of several images of one kind is meant, as chosen on the command line."""

from __future__ import annotations

from collections.abc import Sequence

from lessgad.cohort.selection import ENTITIES, Entity
from lessgad.errors import SettingsError


def image_selection(options: Sequence[str]) -> dict[Entity, str | int | None]:
    """Read ``entity=value`` options such as ``acq=mprage``.

    Args:
        options: Options as typed, ``entity=value``.

    Returns:
        Value of each entity.

    Raises:
        SettingsError: An entity that BIDS does not have, one given twice, or no value.
    """
    select: dict[Entity, str | int | None] = {}
    for option in options:
        name, separator, value = option.partition("=")
        entity = next((entity for entity in ENTITIES if entity == name), None)
        if entity is None or not separator or not value.replace("+", "").isalnum() or entity in select:
            raise SettingsError(
                f"--select {option} is not understood, or its entity is named twice",
                remedy="Write an entity and its value, such as acq=mprage or run=1, each entity once",
            )
        select[entity] = value
    return select
