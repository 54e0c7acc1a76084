# SPDX-License-Identifier: Apache-2.0
"""How every unit of a plan stands: its fingerprint as things are, its state, what it waits for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args

from lessgad.engine.fingerprint import fingerprint
from lessgad.engine.lock import Holder, read_holder
from lessgad.engine.plan import Plan
from lessgad.engine.record import Record
from lessgad.engine.records import Records
from lessgad.engine.unit import Unit

State = Literal["done", "stale", "failed", "to do", "waiting", "running"]
STATES: tuple[State, ...] = get_args(State)
#: With more inputs than this a record keeps one digest of each stage instead of every fingerprint.
MOST_KEPT = 500


class Standing:
    """A plan compared with the records.

    The plan says what depends on what; which inputs count depends on what has failed. A unit that has failed with its
    fingerprint of today is no input; one that is yet to be done is taken for one that will be.

    Args:
        plan: Plan of the experiment.
        records: Records of all units.
    """

    def __init__(self, plan: Plan, records: Records) -> None:
        self.plan, self.records = plan, records
        self._forget()

    def _forget(self) -> None:
        self._fingerprints: dict[str, str] = {}
        self._usable: dict[str, bool] = {}
        self._left_out: dict[str, bool] = {}
        self._counted: dict[str, tuple[str, ...]] = {}
        self._own: dict[str, State] = {}

    def look_again(self) -> None:
        """Read what this and other processes have done since."""
        self.records.look_again()
        self._forget()

    def fingerprint(self, key: str) -> str:
        """Hash all that the result of a unit depends on, its inputs included."""
        if key not in self._fingerprints:
            unit = self.plan[key]
            self._fingerprints[key] = fingerprint(unit.version, **self._ingredients(unit, self._in_roles(unit)))
        return self._fingerprints[key]

    def inputs(self, key: str) -> dict[str, str]:
        """Give the fingerprint of each input that counts."""
        return {counted: self.fingerprint(counted) for counted in self.counted(key)}

    def failures(self, key: str) -> tuple[tuple[str, str], ...]:
        """List the failed inputs of a unit, if the unit asks for them.

        Args:
            key: Key of the unit.

        Returns:
            Key and reason of each.
        """
        unit = self.plan[key]
        if not unit.tells_failures:
            return ()
        found = []
        for needed in unit.inputs:
            if not self.left_out(needed.unit) and self.own_state(needed.unit) == "failed":
                record = self.records.of(needed.unit)
                found.append((needed.unit, record.reason if record is not None else ""))
        return tuple(found)

    def made_from(self, key: str) -> dict[str, Any]:
        """Give the ingredients that a record keeps, to show later what has changed."""
        unit = self.plan[key]
        inputs = self._in_roles(unit)
        if len(inputs) > MOST_KEPT:
            inputs = {
                f"{stage}/": fingerprint(0, inputs={k: v for k, v in inputs.items() if k.startswith(f"{stage}/")})
                for stage in dict.fromkeys(k.partition("/")[0] for k in inputs)
            }
        return {"version": unit.version, **self._ingredients(unit, inputs)}

    def _in_roles(self, unit: Unit) -> dict[str, str]:
        """Spell the fingerprint of each input that counts with what the input is read as."""
        inputs = self.inputs(unit.key)
        roles = {one.unit: one.role for one in unit.inputs if one.role}
        return {k: f"{mark} {roles[k]}" if k in roles else mark for k, mark in inputs.items()} if roles else inputs

    def _ingredients(self, unit: Unit, inputs: dict[str, str]) -> dict[str, Any]:
        more: dict[str, Any] = {"inputs": inputs} if inputs else {}
        if unit.tells_failures:
            more["failures"] = self.failures(unit.key)
        return {**unit.ingredients, **more}

    def counted(self, key: str) -> tuple[str, ...]:
        """List the inputs of a unit that count at present.

        Args:
            key: Key of the unit.

        Returns:
            Their keys.
        """
        if key not in self._counted:
            unit = self.plan[key]
            usable = [needed.unit for needed in unit.inputs if self.usable(needed.unit)]
            if unit.counted is not None:
                chosen = unit.counted(frozenset(usable))
                usable = [one for one in usable if one in chosen]
            self._counted[key] = tuple(usable)
        return self._counted[key]

    def usable(self, key: str) -> bool:
        """Say whether a unit is an input to others: it is not left out and has not failed as things are."""
        if key not in self._usable:
            self._usable[key] = not self.left_out(key) and self.own_state(key) != "failed"
        return self._usable[key]

    def left_out(self, key: str) -> bool:
        """Say whether there is nothing to do for a unit, as an input has failed that it is nothing without."""
        if key not in self._left_out:
            inputs = self.plan[key].inputs
            self._left_out[key] = any(one.need == "else left out" and not self.usable(one.unit) for one in inputs)
        return self._left_out[key]

    def own_state(self, key: str) -> State:
        """Say whether a unit is done, failed, stale or to do; what somebody deleted is to do again."""
        if key not in self._own:
            self._own[key] = self._held_against(self.records.of(key), key)
        return self._own[key]

    def _held_against(self, record: Record | None, key: str) -> State:
        if record is None:
            return "to do"
        if record.fingerprint != self.fingerprint(key):
            return "stale"
        if record.outcome == "failed":
            return "failed"
        return "done" if all(path.exists() for path in self.plan[key].outputs) else "to do"

    def state(self, key: str) -> State:
        """Say how a unit stands, whether somebody is at work on it and whether it can begin included."""
        own = self.own_state(key)
        if own == "done":
            return own
        if self.running(key) is not None:
            return "running"
        return "waiting" if own == "to do" and any(self.waits_for(key)) else own

    def running(self, key: str) -> Holder | None:
        """Say who is at work on a unit."""
        path = self.records.holder(key)
        return None if path is None else read_holder(path, only_alive=True)

    def waits_for(self, key: str) -> Iterator[str]:
        """Name the inputs that must be done before a unit can begin.

        Args:
            key: Key of the unit.

        Yields:
            The keys.
        """
        for needed in self.plan[key].inputs:
            if needed.need == "must" and not self.usable(needed.unit):
                yield needed.unit
        for counted in self.counted(key):
            if self.own_state(counted) != "done":
                yield counted

    def to_do(self, units: Iterable[Unit]) -> list[Unit]:
        """Give the units that a run does: all that are not done and not left out."""
        return [unit for unit in units if not self.left_out(unit.key) and self.own_state(unit.key) != "done"]

    def before(self, units: Iterable[Unit]) -> set[str]:
        """Find all units that are not done and on which some units depend, directly or not.

        A failed input is included if a unit requires it.

        Args:
            units: Units to start from.

        Returns:
            Their keys.
        """
        missing: set[str] = set()
        seen: set[str] = set()
        looking = [unit.key for unit in units]
        while looking:
            key = looking.pop()
            needed = [one.unit for one in self.plan[key].inputs if one.need == "must"]
            for one in {*needed, *self.counted(key)} - seen:
                seen.add(one)
                looking.append(one)
                if self.own_state(one) != "done":
                    missing.add(one)
        return missing
