# SPDX-License-Identifier: Apache-2.0
"""The plan: every unit of an experiment, made once per command, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from lessgad.engine.unit import Unit


class Plan:
    """Units in an order in which each comes after its inputs.

    Args:
        units: Units of all stages, stage by stage.

    Raises:
        ValueError: Two units have one key or write one file, or an input does not come before the unit that reads it.
    """

    def __init__(self, units: Iterable[Unit]) -> None:
        self._units: dict[str, Unit] = {}
        writers: dict[str, str] = {}
        for unit in units:
            if unit.key in self._units:
                raise ValueError(f"two units are called {unit.key}")
            for needed in unit.inputs:
                if needed.unit not in self._units:
                    raise ValueError(f"{unit.key} needs {needed.unit}, which does not come before it")
            for output in map(str, unit.outputs):
                if (other := writers.setdefault(output, unit.key)) != unit.key:
                    raise ValueError(f"{unit.key} and {other} both write {output}")
            self._units[unit.key] = unit
        self._stages = {stage: tuple(of_it) for stage, of_it in groupby(self, key=lambda unit: unit.stage)}

    def __getitem__(self, key: str) -> Unit:
        return self._units[key]

    def __contains__(self, key: object) -> bool:
        return key in self._units

    def get(self, key: str) -> Unit | None:
        """Give a unit; None where the plan has none of that key."""
        return self._units.get(key)

    def __iter__(self) -> Iterator[Unit]:
        return iter(self._units.values())

    def __len__(self) -> int:
        return len(self._units)

    @property
    def stages(self) -> tuple[str, ...]:
        """Stages that have units, in order."""
        return tuple(self._stages)

    def of_stage(self, stage: str) -> tuple[Unit, ...]:
        """List the units of one stage.

        Args:
            stage: Name of the stage.

        Returns:
            The units, in their order.
        """
        return self._stages.get(stage, ())
