# SPDX-License-Identifier: Apache-2.0
"""The answer in a few sentences, for someone who reads images and not statistics."""

from __future__ import annotations

from collections.abc import Iterable

from lessgad.dose_fraction import percent
from lessgad.evaluation.answer_settings import Endpoint
from lessgad.evaluation.dose_answer import DoseAnswer
from lessgad.evaluation.endpoint_at_dose import EndpointAtDose, fewest_patients
from lessgad.evaluation.endpoint_words import endpoint_words, share_words, value_with_unit
from lessgad.evaluation.outcomes import STANDARD
from lessgad.evaluation.reader_words import missing_words, read_at_words, readings_lack
from lessgad.evaluation.share_of_patients import patients_for

REPEAT_NEEDED = "a repeat scan (a second scan at the standard dose), real or simulated"
REPEAT_SCAN = "the repeat scan (a second scan at the standard dose)"
MASKS_NEEDED = "tumor masks"
_MOST_NAMED = 2


def answer_words(answer: DoseAnswer) -> str:
    """Say the answer with its evidence, or why there is none and what to do about it."""
    return f"{headline(answer)} {evidence(answer)}".strip()


def headline(answer: DoseAnswer, *, simulated: bool = False) -> str:
    """State the answer in one sentence, or why there is none.

    Args:
        answer: The dose answer.
        simulated: Whether the low doses were simulated, which the sentence then says.

    Returns:
        The sentence.
    """
    where = "In simulation, " if simulated else ""
    if answer.lowest_dose is not None:
        return f"{where}{percent(answer.lowest_dose)} of the standard dose is the lowest dose shown to be sufficient."
    if answer.status == "no dose":
        return f"{where}{'no' if simulated else 'No'} dose below the standard dose is shown to be sufficient."
    return f"No answer: {_obstacle(answer)}"


def evidence(answer: DoseAnswer) -> str:
    """State the evidence for an answer, its lowest dose and the endpoints without a verdict; empty if there is none."""
    if answer.status not in {"given", "no dose"}:
        return ""
    kept = [_kept(answer, answer.lowest_dose)] if answer.lowest_dose is not None else []
    end = "No lower dose was measured." if answer.stopped_at is None else _failure(answer, answer.stopped_at)
    return " ".join([*kept, end, *unusable_words(answer)])


def patients_that_would_do(cell: EndpointAtDose, answer: DoseAnswer) -> int | None:
    """Give the patients needed to show an endpoint if the share that meets it stays as it is.

    Args:
        cell: The endpoint at a dose.
        answer: The dose answer.

    Returns:
        Number of patients; None if the share is too small.
    """
    return patients_for(cell.share_kept, cell.endpoint.share, answer.settings.level) if cell.looks_kept else None


def unusable_words(answer: DoseAnswer) -> list[str]:
    """Name the endpoints that give no verdict, one sentence each, with the reason."""
    return [
        f"{_sentence(endpoint_words(endpoint))} gives no verdict: {_why_unusable(answer, endpoint)}."
        for endpoint in answer.unusable
    ]


def _why_unusable(answer: DoseAnswer, endpoint: Endpoint) -> str:
    unread = readings_lack(answer, endpoint)
    if unread is not None:
        return unread
    again = answer.cell(STANDARD, endpoint)
    assert again is not None  # noqa: S101 - this is what made it unusable
    what = "the standard dose, read again," if endpoint.kind.read else REPEAT_SCAN
    return f"{what} fails it too, {_count_words(again, answer)}"


def _kept(answer: DoseAnswer, dose: float) -> str:
    higher = [percent(other) for other in answer.doses if other > dose]
    also = f" and at every higher dose tested ({_all_of(higher)})" if higher else ""
    kept = []
    for endpoint in answer.deciding:
        cell = answer.cell(dose, endpoint)
        assert cell is not None  # noqa: S101 - every endpoint has one at each tested dose
        here = ", ".join(filter(None, (f"{cell.n_kept} of {cell.n_patients} here", read_at_words(cell))))
        kept.append(f"{endpoint_words(endpoint)} in {share_words(endpoint)} ({here})")
    confidence = percent(1 - answer.settings.level)
    each = "each of these was" if len(kept) > 1 else "this was"
    return f"At this dose{also} {each} shown with {confidence} confidence: {'; '.join(kept)}."


def _failure(answer: DoseAnswer, dose: float) -> str:
    cells = (answer.cell(dose, endpoint) for endpoint in answer.deciding)
    failed = [cell for cell in cells if cell is not None and not cell.passed]
    return f"At {percent(dose)} that is not shown: {'; '.join(_why(cell, answer) for cell in failed)}."


def _why(cell: EndpointAtDose, answer: DoseAnswer) -> str:
    wanted = endpoint_words(cell.endpoint)
    if cell.n_missing:
        return f"{wanted} ({missing_words(cell)})"
    return ", ".join(filter(None, (wanted, read_at_words(cell), _count_words(cell, answer))))


def _count_words(cell: EndpointAtDose, answer: DoseAnswer) -> str:
    median = f", median {value_with_unit(cell.median, cell.endpoint)}" if cell.endpoint.kind.decimals else ""
    words = f"met by {cell.n_kept} of {cell.n_patients} patients where {cell.n_needed} are needed{median}"
    enough = patients_that_would_do(cell, answer)
    return f"{words} (at this share about {enough} patients would do)" if enough is not None else words


def _obstacle(answer: DoseAnswer) -> str:
    if not answer.doses:
        return "no dose between 0 and the standard dose was measured."
    named = _all_of(endpoint_words(endpoint) for endpoint in answer.reasons)
    was, can = ("was", "it can") if len(answer.reasons) == 1 else ("were", "they can")
    if answer.status == "too few":
        return f"{_too_few(answer)}."
    if answer.status == "unusable":
        return f"{' '.join(unusable_words(answer))} No endpoint that needs contrast is left."
    if answer.status == "no control":
        return (
            f"{named} {was} not measured without contrast in every study, so nothing shows that {can} fail. "
            "Dose 0 must be among the doses."
        )
    if answer.status == "insensitive":
        controls = [answer.cell(0.0, endpoint) for endpoint in answer.reasons]
        counts = _all_of(f"{c.n_kept} of {c.n_patients}" for c in controls if c is not None)
        return (
            f"without any contrast agent {named} {was} met already (by {counts} patients), which proves nothing "
            "of a dose. "
            "A stricter margin or another endpoint is needed, and other patients to test it on."
        )
    return _not_measured(answer, f"{named} {was}")


def _not_measured(answer: DoseAnswer, named: str) -> str:
    """Say what endpoints without any value need: the repeat scan, or masks if another endpoint has a repeat scan."""
    reasons, endpoints = answer.reasons, answer.settings.endpoints
    there = any(endpoint.is_relative and answer.n_patients(endpoint) for endpoint in endpoints)
    needed = ""
    if there and all(endpoint.needs_mask for endpoint in reasons):
        needed = MASKS_NEEDED
    elif not there and any(endpoint.is_relative for endpoint in reasons):
        needed = REPEAT_NEEDED
    if len(reasons) > _MOST_NAMED:
        named = f"{len(reasons)} of {len(endpoints)} endpoints were"
    need = "It needs" if len(reasons) == 1 else "They need"
    return f"{named} not measured." + (f" {need} {needed}." if needed else "")


def _too_few(answer: DoseAnswer) -> str:
    """Take the endpoint that lacks most patients to speak for all."""

    def lacking(endpoint: Endpoint) -> int:
        return fewest_patients(endpoint, answer.settings) - answer.n_patients(endpoint)

    endpoint = max(answer.reasons, key=lacking)
    n, needed = answer.n_patients(endpoint), fewest_patients(endpoint, answer.settings)
    return (
        f"{_count(n, 'patient is', 'patients are')} too few to show “{endpoint_words(endpoint)}” for "
        f"{share_words(endpoint)}. That takes at least {needed} patients, all of whom must meet it"
    )


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"


def _all_of(words: Iterable[str]) -> str:
    listed = list(words)
    return " and ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)
