# SPDX-License-Identifier: Apache-2.0
"""The opening of the report: the lowest dose that is enough, how each endpoint stands, and what that does not say."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.dose_fraction import percent
from lessgad.evaluation.answer_words import endpoint_words, evidence, headline, value_words
from lessgad.evaluation.dose_answer import DoseAnswer, EndpointAtDose
from lessgad.evaluation.preregistration import Preregistration
from lessgad.report.html_templates import report_templates


@dataclass(frozen=True)
class AnswerCell:
    """An endpoint at a dose, in words.

    Attributes:
        mean: With its unit.
        bound: "at least 0.93", "at most 0.04 ml"; empty where there is none.
        counts: "n = 24 / 31": patients / studies.
        mark: ✓ where the bound keeps the margin, else ✗; none at the control, where keeping it would be bad, and none
            where patients are too few for a bound.
    """

    mean: str
    bound: str
    counts: str
    mark: str


@dataclass(frozen=True)
class AnswerRow:
    """A dose, in words.

    Attributes:
        dose: "30 %", "0 % (control)".
        cells: One per endpoint; None where it was not measured.
        verdict: "enough"; "not shown"; "not tested": a higher dose failed; "control"; "–" where no answer is given.
    """

    dose: str
    cells: tuple[AnswerCell | None, ...]
    verdict: str


@dataclass(frozen=True)
class AnswerSection:
    """Everything that the section shows.

    Attributes:
        headline: The answer in one sentence.
        style: Class of its sign.
        evidence: What it stands on; may be empty.
        endpoints: Heads of the columns.
        rows: Doses from high to low, then the control.
        confidence: "97.5 %".
        notes: How far the answer goes.
        sha256: Of endpoints, margins, doses and test patients as they are judged; empty where nobody asked.
    """

    headline: str
    style: str
    evidence: str
    endpoints: tuple[str, ...]
    rows: tuple[AnswerRow, ...]
    confidence: str
    notes: tuple[str, ...]
    sha256: str


def answer_section(answer: DoseAnswer, preregistration: Preregistration | None = None) -> AnswerSection:
    """Put the answer into words."""
    return AnswerSection(
        headline=headline(answer),
        style={"given": "gain", "no dose": "loss"}.get(answer.status, "open"),
        evidence=evidence(answer),
        endpoints=tuple(endpoint_words(endpoint) for endpoint in answer.settings.endpoints),
        rows=tuple(_row(answer, dose) for dose in (*answer.doses, *_control(answer))),
        confidence=percent(1 - answer.settings.level),
        notes=(*_registration(preregistration), *_left_out(answer), *_limits(answer)),
        sha256=preregistration.sha256 if preregistration is not None else "",
    )


def answer_html(section: AnswerSection) -> str:
    """Render the section as HTML for `page.html.j2`; all words are escaped, the page's style sheet is all it needs."""
    return report_templates().get_template("answer.html.j2").render(section=section)


def _control(answer: DoseAnswer) -> list[float]:
    return [0.0] if any(cell.dose == 0 for cell in answer.cells) else []


def _row(answer: DoseAnswer, dose: float) -> AnswerRow:
    cells = [answer.cell(dose, endpoint) for endpoint in answer.settings.endpoints]
    words = tuple(None if cell is None else _cell(cell) for cell in cells)
    return AnswerRow(f"{percent(dose)} (control)" if dose == 0 else percent(dose), words, _verdict(answer, dose))


def _verdict(answer: DoseAnswer, dose: float) -> str:
    if dose == 0:
        return "control"
    if answer.status not in {"given", "no dose"}:
        return "–"
    if answer.stopped_at is None or dose > answer.stopped_at:
        return "enough"
    return "not shown" if dose == answer.stopped_at else "not tested"


def _cell(cell: EndpointAtDose) -> AnswerCell:
    unit = cell.endpoint.kind.unit
    side = "at least" if cell.endpoint.kind.larger_is_better else "at most"
    missing = f", {cell.n_missing} missing" if cell.n_missing else ""
    return AnswerCell(
        mean=f"{value_words(cell.mean, cell.endpoint)}{unit}" if cell.n_patients else "–",
        bound=f"{side} {value_words(cell.bound, cell.endpoint)}{unit}" if cell.bound is not None else "",
        counts=f"n = {cell.n_patients} / {cell.n_studies}{missing}",
        mark=_mark(cell),
    )


def _mark(cell: EndpointAtDose) -> str:
    too_few = cell.bound is None and not cell.n_missing
    return "" if cell.dose == 0 or too_few else "✓" if cell.passed else "✗"


def _registration(preregistration: Preregistration | None) -> list[str]:
    if preregistration is None:
        return []
    on = preregistration.frozen_on
    return {
        "before results": [f"Endpoints, margins, doses and test patients were fixed on {on}, before any test result."],
        "after results": [f"Not fixed in advance: when this was fixed, on {on}, there were test results already."],
        "changed": [
            f"Not as fixed in advance: since {on}, {' and '.join(preregistration.changes)} were changed. "
            "An answer that was chosen after looking proves less."
        ],
        "never": ["Not fixed in advance: nothing shows that endpoints and margins were chosen before the results."],
    }[preregistration.standing]


def _left_out(answer: DoseAnswer) -> list[str]:
    return [
        f"{endpoint_words(endpoint)}: {n} test {'patient has' if n == 1 else 'patients have'} no value at any dose and "
        f"{'is' if n == 1 else 'are'} left out. The answer says nothing of them."
        for endpoint, n in zip(answer.settings.endpoints, answer.n_undefined, strict=True)
        if n
    ]


def _limits(answer: DoseAnswer) -> list[str]:
    notes = [
        "This is about the mean over patients: single patients may fare worse. It holds for patients and scanners like "
        "these, and says nothing of a diagnosis that the endpoints do not measure.",
    ]
    if any(not endpoint.kind.needs_contrast for endpoint in answer.settings.endpoints):
        notes.append(
            "An image without contrast may show no false enhancement because it shows none at all: "
            "dose 0 is no control for that."
        )
    return notes
