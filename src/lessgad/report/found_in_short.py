# SPDX-License-Identifier: Apache-2.0
"""The answer in one line, how a dose is judged, and why a lower dose is not sufficient: the words of the first screen.

The section on the answer has the rest.
"""

from __future__ import annotations

from lessgad.dose_fraction import percent
from lessgad.evaluation.answer_settings import Endpoint
from lessgad.evaluation.dose_answer import DoseAnswer
from lessgad.evaluation.endpoint_at_dose import EndpointAtDose, fewest_patients
from lessgad.evaluation.endpoint_words import endpoint_words, share_words
from lessgad.evaluation.reader_words import missing_words, read_at_words, readings_lack


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
    if n < answer.n_test_patients:
        has = "has" if n == 1 else "have"
        of_all = f"only {n} of {answer.n_test_patients} test patients {has} a value for every endpoint"
        return f"No answer: {of_all}; at least {needed} are needed."
    return f"No answer: {n} test {'patient is' if n == 1 else 'patients are'} too few; at least {needed} are needed."


def how_judged(answer: DoseAnswer) -> str:
    """Explain when a dose is sufficient, and what a repeat scan is if an endpoint compares with one."""
    n = len(answer.deciding or answer.settings.endpoints)
    each = "the endpoint" if n == 1 else f"each of the {n} endpoints"
    which = " that give a verdict" if answer.unusable and n > 1 else ""
    words = f"A dose is sufficient if enough patients meet {each}{which}, at this dose and at every higher dose."
    if not any(endpoint.is_relative for endpoint in answer.settings.endpoints):
        return words
    return (
        f"{words} The yardstick is a repeat scan: a second scan of the same patient at the standard dose. A restored "
        "image may differ from the standard dose only a little more than a repeat scan does."
    )


def evidence_in_short(answer: DoseAnswer) -> str:
    """Name the endpoints that fail at the first dose that is not sufficient, and those that give no verdict."""
    failed = [_failed(answer)] if answer.status in ("given", "no dose") else []
    return " ".join([*failed, *_without_verdict(answer)])


def _failed(answer: DoseAnswer) -> str:
    if answer.stopped_at is None:
        return "No lower dose was tested."
    cells = [answer.cell(answer.stopped_at, endpoint) for endpoint in answer.deciding]
    failed = [cell for cell in cells if cell is not None and not cell.passed]
    counted = [cell for cell in failed if not cell.n_missing]
    needed = {cell.n_needed for cell in counted}
    words = []
    if counted:
        shares = {share_words(cell.endpoint) for cell in counted}
        together = f"; {needed.pop()} are needed" if len(needed) == 1 else ""
        if together and len(shares) == 1:
            together += f" to show an endpoint for {shares.pop()}"
        each = [_met_by(cell, needed=not together) for cell in counted]
        met = "this endpoint is" if len(each) == 1 else "these endpoints are"
        words.append(f"At {percent(answer.stopped_at)}, {met} met by too few patients: {_all_of(each)}{together}.")
    if len(counted) < len(failed):
        missing = [f"{_name(cell.endpoint)} ({missing_words(cell)})" for cell in failed if cell.n_missing]
        words.append(f"At {percent(answer.stopped_at)}, values are missing of {_all_of(missing)}.")
    return " ".join(words)


def _met_by(cell: EndpointAtDose, *, needed: bool) -> str:
    wanted = f", {cell.n_needed} needed" if needed and cell.n_needed is not None else ""
    read = f", {read_at_words(cell)}" if cell.read_at is not None else ""
    return f"{_name(cell.endpoint)} ({cell.n_kept} of {cell.n_patients}{wanted}{read})"


def _all_of(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _name(endpoint: Endpoint) -> str:
    """Name the metric; for a count the whole endpoint."""
    return endpoint.kind.name if endpoint.kind.decimals else endpoint_words(endpoint)


def _without_verdict(answer: DoseAnswer) -> list[str]:
    unread = {endpoint: words for endpoint in answer.unusable if (words := readings_lack(answer, endpoint))}
    read = [endpoint for endpoint in answer.unusable if endpoint.kind.read and endpoint not in unread]
    scanned = [endpoint for endpoint in answer.unusable if not endpoint.kind.read]
    said = [
        f"{what} fails {_all_of([_name(endpoint) for endpoint in failed])}: no verdict by "
        f"{'it' if len(failed) == 1 else 'them'}."
        for what, failed in (("The repeat scan itself", scanned), ("The standard dose, read again,", read))
        if failed
    ]
    named = (f"{_name(endpoint)[:1].upper()}{_name(endpoint)[1:]}" for endpoint in unread)
    return [*said, *(f"{name} gives no verdict: {why}." for name, why in zip(named, unread.values(), strict=True))]
