# SPDX-License-Identifier: Apache-2.0
"""Why a unit is not done: what changed since, what it waits for, who is at it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lessgad.engine.standing import Standing

MOST_CHANGES = 3
LONGEST_VALUE = 40
_ABSENT = object()


def why(standing: Standing, key: str) -> str:
    """Say in one line why a unit is to be done, or why it cannot be; empty where it is done."""
    state = standing.state(key)
    if state == "done":
        return ""
    if state == "running":
        holder = standing.running(key)
        return "another run is at it" if holder is None else holder.words
    if state == "waiting":
        waits_for = list(standing.waits_for(key))
        more = f" and {len(waits_for) - 1} more" if len(waits_for) > 1 else ""
        return f"waits for the {standing.plan[waits_for[0]].what}{more}"
    record = standing.records.of(key)
    if record is None:
        return "never done"
    if state == "failed":
        return record.reason
    if state == "to do":
        missing = next(path for path in standing.plan[key].outputs if not path.exists())
        return f"{missing.name} is missing"
    if not record.made_from:
        return "an older lessgad did it, which did not note from what"
    now = json.loads(json.dumps(standing.made_from(key)))  # as it would come back from disk
    return _listed(_changes(record.made_from, now, standing))


def _changes(before: Mapping[str, Any], now: Mapping[str, Any], standing: Standing) -> list[str]:
    """Give what differs: settings with both values, inputs by what they are."""
    inputs = before.get("inputs") or {}, now.get("inputs") or {}
    changed = [key for key in sorted({*inputs[0], *inputs[1]}) if inputs[0].get(key) != inputs[1].get(key)]
    words = []
    for key in changed:
        what = standing.plan[key].what if key in standing.plan else key.rstrip("/")
        come = "new: " if key not in inputs[0] else "without: " if key not in inputs[1] else "changed: "
        words.append(come + what)
    own = [_flat({k: v for k, v in made_from.items() if k != "inputs"}) for made_from in (before, now)]
    for key in sorted({*own[0], *own[1]}):
        was, is_now = own[0].get(key, _ABSENT), own[1].get(key, _ABSENT)
        if was != is_now:
            words.append(f"{key}: {_spelled(was)} → {_spelled(is_now)}")
    return words[len(changed) :] + words[: len(changed)]


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
