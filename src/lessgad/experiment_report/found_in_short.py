# SPDX-License-Identifier: Apache-2.0
"""The answer in one line and one further sentence, for the first screen; the section on the answer has the rest."""

from __future__ import annotations

from lessgad.dose_fraction import percent
from lessgad.evaluation.dose_answer import DoseAnswer
from lessgad.evaluation.endpoint_at_dose import fewest_patients
from lessgad.evaluation.endpoint_words import endpoint_words


def found_in_short(answer: DoseAnswer, headline: str) -> str:
    """Write the headline; with too few patients it only says how many are needed.

    Args:
        answer: The dose answer.
        headline: The answer in one sentence.

    Returns:
        One sentence.
    """
    if answer.status != "too few":
        return headline
    needed = max(fewest_patients(endpoint, answer.settings) for endpoint in answer.reasons)
    n = min(answer.n_patients(endpoint) for endpoint in answer.reasons)
    return f"No answer: {n} test {'patient is' if n == 1 else 'patients are'} too few; at least {needed} are needed."


def evidence_in_short(answer: DoseAnswer) -> str:
    """Say which endpoints fail at the first dose that is not sufficient."""
    if answer.status not in ("given", "no dose"):
        return ""
    if answer.stopped_at is None:
        return "No lower dose was measured."
    cells = [answer.cell(answer.stopped_at, endpoint) for endpoint in answer.deciding]
    failed = [cell for cell in cells if cell is not None and not cell.passed]
    named = "; ".join(f"{endpoint_words(c.endpoint)} ({c.n_kept} of {c.n_patients} patients)" for c in failed)
    return f"At {percent(answer.stopped_at)} too few patients keep the margin of: {named}."
