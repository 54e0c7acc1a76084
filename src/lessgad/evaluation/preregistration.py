# SPDX-License-Identifier: Apache-2.0
"""Whether what counts as enough was fixed before test results were seen.

A change is allowed, but it is reported. An answer whose endpoints were changed after results, or never fixed, is given
and labeled so; to refuse it would only teach to delete the record.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lessgad.dose_fraction import dose_label
from lessgad.errors import InputError
from lessgad.evaluation.answer_settings import AnswerSettings

Standing = Literal["before results", "after results", "changed", "never"]
_NAMES = {
    "format": "how endpoints are tested",
    "endpoints": "the endpoints or their margins",
    "method": "the method",
    "min_patients": "the smallest number of patients",
    "level": "the level of the bounds",
    "readers": "whether readings add an endpoint",
    "doses": "the doses",
    "patients": "the test patients",
}


@dataclass(frozen=True)
class Preregistration:
    """Comparison of the answer with the frozen settings.

    Attributes:
        standing: "before results": frozen before any test result and the same now; "after results": the same, but
            frozen when there were results already; "changed" since; "never" frozen.
        changes: Differences from the frozen settings, in words.
        frozen_on: Date of the freeze from the record; empty without a record.
        sha256: SHA-256 of the present definition of the answer.
        readers_joined: Whether readings added an endpoint, which the record does not name.
    """

    standing: Standing
    changes: tuple[str, ...]
    frozen_on: str
    sha256: str
    readers_joined: bool = False


def answer_content(settings: AnswerSettings, doses: Iterable[float], patients: Iterable[str]) -> dict[str, Any]:
    """Collect everything that decides whether a dose is sufficient, as plain JSON values.

    Args:
        settings: Endpoints, margins, method.
        doses: Doses to test.
        patients: Patients of the test subset.

    Returns:
        The content, in a fixed order.
    """
    endpoints = [endpoint.model_dump(mode="json", exclude_none=True) for endpoint in settings.endpoints]
    return {
        "format": 2,
        "endpoints": sorted(
            endpoints, key=lambda endpoint: (endpoint["metric"], endpoint["area"], "relative_to" in endpoint)
        ),
        "method": settings.method,
        "min_patients": settings.min_patients,
        "level": settings.level,
        "doses": [dose_label(dose) for dose in sorted(doses)],
        "patients": sorted(patients),
        **({} if settings.readers else {"readers": False}),
    }


def answer_hash(content: Mapping[str, Any]) -> str:
    """SHA-256 of the content, in 64 hexadecimal digits; the order of keys does not matter."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def frozen_record(content: Mapping[str, Any], *, frozen_on: str, results_exist: bool) -> dict[str, Any]:
    """Make the record that is written once, before the first test result is computed.

    Args:
        content: Result of `answer_content`.
        frozen_on: Date and time, UTC, ISO 8601.
        results_exist: Whether results of test patients are there already.

    Returns:
        The record.
    """
    return {
        "frozen_on": frozen_on,
        "before_results": not results_exist,
        "sha256": answer_hash(content),
        "content": dict(content),
    }


def compare_with_frozen(
    record: Mapping[str, Any] | None, content: Mapping[str, Any], path: Path | None = None
) -> Preregistration:
    """Compare the present definition of the answer with the frozen record.

    Args:
        record: Record as read back from disk; None where there is none.
        content: Present result of `answer_content`.
        path: File of the record, for the error.

    Returns:
        Whether they agree, and what differs.

    Raises:
        InputError: The record is not what was frozen: its hash is not that of its content, or parts are missing.
    """
    sha256 = answer_hash(content)
    if record is None:
        return Preregistration("never", (), "", sha256)
    frozen = record.get("content")
    whole = {"frozen_on", "before_results", "sha256"} <= set(record)
    if not whole or not isinstance(frozen, dict) or answer_hash(frozen) != record["sha256"]:
        raise InputError(
            "The record of the answer as it was frozen is damaged or was changed by hand",
            path=path,
            remedy="Put it back, or remove it: the answer then counts as not fixed in advance",
        )
    frozen_on = str(record["frozen_on"])
    if sha256 != record["sha256"]:
        keys = [key for key in (*content, *frozen) if content.get(key) != frozen.get(key)]
        return Preregistration("changed", tuple(dict.fromkeys(_NAMES.get(k, k) for k in keys)), frozen_on, sha256)
    standing: Standing = "before results" if record["before_results"] is True else "after results"
    return Preregistration(standing, (), frozen_on, sha256)
