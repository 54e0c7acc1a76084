# SPDX-License-Identifier: Apache-2.0
"""Why a unit is not done: what changed since, what it waits for, who works on it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from lessgad.engine.standing import Standing

MOST_CHANGES = 3
MOST_NAMED = 2  # units of a stage
LONGEST_VALUE = 40
_ABSENT = object()


def why(standing: Standing, key: str) -> str:
    """Explain in one line why a unit is pending or blocked.

    Args:
        standing: State of all units.
        key: Key of a unit.

    Returns:
        The reason; empty if the unit is done.
    """
    state = standing.state(key)
    if state == "done":
        return ""
    if state == "running":
        holder = standing.running(key)
        return "another run is at it" if holder is None else holder.words
    if state == "waiting":
        return _listed([f"waits for {words}" for words in _by_stage(standing, key, standing.waits_for(key))])
    record = standing.records.of(key)
    if record is None:
        return "never done"
    if state == "failed":
        return record.reason
    if state == "to do":
        missing = next(path for path in standing.plan[key].outputs if not path.exists())
        return f"{missing.name} is missing"
    if not record.made_from:
        return "it was done by an older lessgad, which did not record its inputs"
    now = json.loads(json.dumps(standing.made_from(key)))  # as it would come back from disk
    return _listed(_changes(record.made_from, now, standing, key))


def _changes(before: Mapping[str, Any], now: Mapping[str, Any], standing: Standing, key: str) -> list[str]:
    """Give what differs: settings with both values, inputs by what they are."""
    was, is_now = before.get("inputs") or {}, now.get("inputs") or {}
    kinds = {
        "new": is_now.keys() - was.keys(),
        "without": was.keys() - is_now.keys(),
        "changed": {one for one in was.keys() & is_now.keys() if was[one] != is_now[one]},
    }
    ordered = list({**was, **is_now})
    inputs = [
        f"{kind}: {words}"
        for kind, keys in kinds.items()
        for words in _by_stage(standing, key, [one for one in ordered if one in keys])
    ]
    settings: list[str] = []
    own = [_flat({k: v for k, v in made_from.items() if k != "inputs"}) for made_from in (before, now)]
    for name in sorted({*own[0], *own[1]}):
        value, other = own[0].get(name, _ABSENT), own[1].get(name, _ABSENT)
        if value != other:
            settings.append(f"{name}: {_spelled(value)} → {_spelled(other)}")
    return settings + inputs


def _by_stage(standing: Standing, key: str, inputs: Iterable[str]) -> list[str]:
    """Name inputs of a unit: those of its own study by their stage, many of one stage by their number."""
    own, found = standing.plan[key].subject, dict[tuple[str, bool], list[str]]()
    for one in inputs:
        unit = standing.plan.get(one)
        stage, its_own = one.partition("/")[0], unit is not None and bool(own) and unit.subject == own
        found.setdefault((stage, its_own), []).append(one if unit is None else f"the {unit.what}")
    return [f"its stage {stage}" if its_own else _few(what, stage) for (stage, its_own), what in found.items()]


def _few(what: list[str], stage: str) -> str:
    return " and ".join(what).rstrip("/") if len(what) <= MOST_NAMED else f"{len(what)} of stage {stage}"


def _flat(value: Any, name: str = "") -> dict[str, Any]:  # noqa: ANN401 - what JSON can hold
    if isinstance(value, Mapping) and value:
        found: dict[str, Any] = {}
        for key, inner in value.items():
            found |= _flat(inner, f"{name}.{key}" if name else str(key))
        return found
    return {name: value}


def _spelled(value: object) -> str:
    if value is _ABSENT:
        return "nothing"
    words = str(value)
    return words if len(words) <= LONGEST_VALUE else f"{words[: LONGEST_VALUE - 1]}…"


def _listed(changes: list[str]) -> str:
    more = f"; and {len(changes) - MOST_CHANGES} more" if len(changes) > MOST_CHANGES else ""
    return "; ".join(changes[:MOST_CHANGES]) + more
