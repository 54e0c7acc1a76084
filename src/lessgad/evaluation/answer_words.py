# SPDX-License-Identifier: Apache-2.0
"""The answer in one or two sentences, for someone who reads images and not statistics."""

from __future__ import annotations

import math
from collections.abc import Iterable

from lessgad.dose_fraction import percent
from lessgad.evaluation.answer_settings import Endpoint
from lessgad.evaluation.dose_answer import DoseAnswer, EndpointAtDose

_AREAS = {"tumor_box": "tumor’s box", "tumor": "tumor"}


def answer_words(answer: DoseAnswer) -> str:
    """Say the answer with its evidence, or why there is none and what to do about it."""
    return f"{headline(answer)} {evidence(answer)}".strip()


def headline(answer: DoseAnswer) -> str:
    """The answer in one sentence; where there is none, why."""
    if answer.lowest_dose is not None:
        return f"{percent(answer.lowest_dose)} of the standard dose is the lowest that is shown to be enough."
    if answer.status == "no dose":
        return "No dose below the standard is shown to be enough."
    return f"No answer: {_obstacle(answer)}"


def evidence(answer: DoseAnswer) -> str:
    """What an answer stands on, and at which dose it ends; empty where none is given."""
    kept = [_kept(answer, answer.lowest_dose)] if answer.lowest_dose is not None else []
    if answer.status not in {"given", "no dose"}:
        return ""
    end = "No lower dose was measured." if answer.stopped_at is None else _failure(answer, answer.stopped_at)
    return " ".join([*kept, end])


def endpoint_words(endpoint: Endpoint) -> str:
    """Spell an endpoint with its margin: ``enhancement recovery ≥ 0.9``, ``SSIM (tumor’s box) ≥ 0.9``."""
    sign = "≥" if endpoint.kind.larger_is_better else "≤"
    area = f" ({_AREAS.get(endpoint.area, endpoint.area)})" if endpoint.area else ""
    return f"{endpoint.kind.name}{area} {sign} {endpoint.margin:g}{endpoint.kind.unit}"


def value_words(value: float | None, endpoint: Endpoint) -> str:
    """Spell a mean or bound, with as many digits as it takes to see on which side of the margin it lies."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    decimals = endpoint.kind.decimals
    while decimals < 6 and round(value, decimals) == round(endpoint.margin, decimals) and value != endpoint.margin:
        decimals += 1
    return f"{value:z.{decimals}f}".replace("-", "−")


def _kept(answer: DoseAnswer, dose: float) -> str:
    higher = [percent(other) for other in answer.doses if other > dose]
    also = f" and at every higher dose tested ({_all_of(higher)})" if higher else ""
    n_patients = min(cell.n_patients for cell in answer.cells if cell.dose == dose)
    kept = _all_of(endpoint_words(endpoint) for endpoint in answer.settings.endpoints)
    confidence = percent(1 - answer.settings.level)
    each = ", each" if len(answer.settings.endpoints) > 1 else ""
    return f"At it{also} {kept} held on average over {n_patients} patients{each} with {confidence} confidence."


def _failure(answer: DoseAnswer, dose: float) -> str:
    failed = [cell for cell in answer.cells if cell.dose == dose and not cell.passed]
    return f"At {percent(dose)} that is not shown: {'; '.join(_why(cell) for cell in failed)}."


def _why(cell: EndpointAtDose) -> str:
    wanted = endpoint_words(cell.endpoint)
    if cell.n_missing:
        return f"{wanted}, where {_count(cell.n_missing, 'study has', 'studies have')} no value"
    mean = f"{value_words(cell.mean, cell.endpoint)}{cell.endpoint.kind.unit}"
    if not cell.mean_keeps_margin:
        return f"{wanted}, where the mean is {mean}"
    bound = f"{value_words(cell.bound, cell.endpoint)}{cell.endpoint.kind.unit}"
    few = f"{_count(cell.n_patients, 'patient')} are too few to be sure (it may be as bad as {bound})"
    return f"{wanted}, where the mean is {mean} but {few}"


def _obstacle(answer: DoseAnswer) -> str:
    if not answer.doses:
        return "no dose between 0 and the standard dose was measured."
    named = _all_of(endpoint_words(endpoint) for endpoint in answer.reasons)
    was, can = ("was", "it can") if len(answer.reasons) == 1 else ("were", "they can")
    if answer.status == "too few":
        n = min(answer.n_patients(endpoint) for endpoint in answer.reasons)
        needed = answer.settings.min_patients
        return f"{_count(n, 'patient is', 'patients are')} too few for {named}; {needed} are needed."
    if answer.status == "no control":
        return (
            f"{named} {was} not measured without contrast in every study, so nothing shows that {can} fail. "
            "Dose 0 must be among the doses."
        )
    if answer.status == "insensitive":
        controls = [answer.cell(0.0, endpoint) for endpoint in answer.reasons]
        means = _all_of(f"{value_words(c.mean, c.endpoint)}{c.endpoint.kind.unit}" for c in controls if c is not None)
        return (
            f"without any contrast {named} {was} met already (mean {means}), which proves nothing of a dose. "
            "A stricter margin or another endpoint is needed, and other patients to test it on."
        )
    return f"{named} {was} not measured."


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"


def _all_of(words: Iterable[str]) -> str:
    listed = list(words)
    return " and ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)
