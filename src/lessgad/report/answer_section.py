# SPDX-License-Identifier: Apache-2.0
"""The opening of the report: the lowest sufficient dose, the result of each endpoint, and the limits of both."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.dose_fraction import percent
from lessgad.evaluation.answer_settings import Endpoint
from lessgad.evaluation.answer_words import headline, patients_that_would_do
from lessgad.evaluation.dose_answer import DoseAnswer
from lessgad.evaluation.endpoint_at_dose import EndpointAtDose
from lessgad.evaluation.endpoint_words import endpoint_words, share_words, value_with_unit
from lessgad.evaluation.outcomes import STANDARD
from lessgad.evaluation.preregistration import Preregistration
from lessgad.evaluation.reader_words import missing_words, read_at_words
from lessgad.report.endpoint_definitions import definitions
from lessgad.report.found_in_short import evidence_in_short
from lessgad.report.html_templates import report_templates

REPEAT_ROW = "100 %, repeat scan"
READ_AGAIN_ROW = "100 %, read again"


@dataclass(frozen=True)
class AnswerCell:
    """An endpoint at a dose, in words.

    Attributes:
        kept: "27 of 30": patients that meet the endpoint, of those with a value.
        needed: "21 needed"; empty where there are too few patients.
        median: Over patients, with its unit; empty where whole numbers are counted.
        bound: "bound 73 %": lower bound of the share of all patients that meets it; empty where there is none.
        missing: "2 studies without a value"; may be empty.
        read_at: "read at 30 %", if readers read that dose in place of this one; may be empty.
        mark: ✓ where enough patients meet the endpoint, else ✗; none at the control without contrast, where meeting
            it would be bad, and none where patients are too few.
    """

    kept: str
    needed: str
    median: str
    bound: str
    missing: str
    read_at: str
    mark: str


@dataclass(frozen=True)
class AnswerRow:
    """A dose, in words.

    Attributes:
        dose: "100 %, repeat scan", "30 %", "0 % (control)".
        cells: One per endpoint; None where it was not measured.
        verdict: "sufficient"; "not shown"; "not tested": a higher dose failed; "control"; "–" where no answer is given.
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
        evidence: The endpoints that fail, in words; may be empty.
        definitions: What each endpoint measures: name and meaning.
        endpoints: Heads of the columns: endpoint, and the share of patients that is to be shown.
        rows: The repeat, doses from high to low, then the control without contrast.
        confidence: "97.5 %".
        notes: Limits of the answer.
        sha256: SHA-256 of endpoints, margins, doses and test patients as they are evaluated; empty where no one asked.
    """

    headline: str
    style: str
    evidence: str
    definitions: tuple[tuple[str, str], ...]
    endpoints: tuple[tuple[str, str], ...]
    rows: tuple[AnswerRow, ...]
    confidence: str
    notes: tuple[str, ...]
    sha256: str


def answer_section(
    answer: DoseAnswer, preregistration: Preregistration | None = None, *, simulated: bool = False
) -> AnswerSection:
    """Describe the dose answer in words.

    Args:
        answer: The dose answer.
        preregistration: Comparison with the frozen record; None without one.
        simulated: Whether the low doses were simulated.

    Returns:
        The section.
    """
    return AnswerSection(
        headline=headline(answer, simulated=simulated),
        style={"given": "gain", "no dose": "loss"}.get(answer.status, "open"),
        evidence=evidence_in_short(answer),
        definitions=definitions(answer.settings.endpoints),
        endpoints=tuple((endpoint_words(e), f"in {share_words(e)}") for e in answer.settings.endpoints),
        rows=tuple(_row(answer, dose) for dose in (*_at(answer, STANDARD), *answer.doses, *_at(answer, 0.0))),
        confidence=percent(1 - answer.settings.level),
        notes=(*_registration(preregistration), *_more_patients(answer), *_left_out(answer), *_limits(answer)),
        sha256=preregistration.sha256 if preregistration is not None else "",
    )


def answer_html(section: AnswerSection) -> str:
    """Render the section as HTML for `page.html.j2`; all words are escaped, the page's style sheet is all it needs."""
    return report_templates().get_template("answer.html.j2").render(section=section)


def _at(answer: DoseAnswer, control: float) -> list[float]:
    return [control] if any(cell.dose == control for cell in answer.cells) else []


def _scanned_again(answer: DoseAnswer) -> bool:
    """Whether any endpoint has a repeat scan, and not second readings alone."""
    return any(cell.dose == STANDARD and not cell.endpoint.kind.read for cell in answer.cells)


def _row(answer: DoseAnswer, dose: float) -> AnswerRow:
    cells = [answer.cell(dose, endpoint) for endpoint in answer.settings.endpoints]
    words = tuple(None if cell is None else _cell(cell) for cell in cells)
    again = REPEAT_ROW if _scanned_again(answer) else READ_AGAIN_ROW
    named = {0.0: f"{percent(dose)} (control)", STANDARD: again}.get(dose, percent(dose))
    return AnswerRow(named, words, _verdict(answer, dose))


def _verdict(answer: DoseAnswer, dose: float) -> str:
    if dose in (0.0, STANDARD):
        return "control"
    if answer.status not in {"given", "no dose"}:
        return "–"
    if answer.stopped_at is None or dose > answer.stopped_at:
        return "sufficient"
    return "not shown" if dose == answer.stopped_at else "not tested"


def _cell(cell: EndpointAtDose) -> AnswerCell:
    return AnswerCell(
        kept=f"{cell.n_kept} of {cell.n_patients}" if cell.n_patients else "–",
        needed=f"{cell.n_needed} needed" if cell.n_needed is not None else "",
        median=f"median {value_with_unit(cell.median, cell.endpoint)}"
        if cell.endpoint.kind.decimals and cell.n_patients
        else "",
        bound=f"bound {100 * cell.bound:.0f} %" if cell.bound is not None else "",
        missing=missing_words(cell),
        read_at=read_at_words(cell),
        mark=_mark(cell),
    )


def _mark(cell: EndpointAtDose) -> str:
    too_few = cell.n_needed is None and not cell.n_missing
    return "" if cell.dose == 0 or too_few else "✓" if cell.passed else "✗"


def _registration(preregistration: Preregistration | None) -> list[str]:
    if preregistration is None:
        return []
    on = preregistration.frozen_on[:16].replace("T", " ")
    readers = (
        "An endpoint of readers was added because there are readings. Its margin and share are the defaults of "
        "lessgad; they were not among what was fixed in advance."
    )
    said = {
        "before results": [f"Endpoints, margins, doses and test patients were fixed on {on}, before any test result."],
        "after results": [f"Not fixed in advance: test results already existed on {on}, when this was fixed."],
        "changed": [
            f"Not as fixed in advance: since {on}, {' and '.join(preregistration.changes)} were changed. An "
            "answer chosen after seeing results is weaker evidence."
        ],
        "never": [
            "Not fixed in advance: there is no evidence that endpoints and margins were chosen before the results."
        ],
    }[preregistration.standing]
    return [*said, *([readers] if preregistration.readers_joined else [])]


def _more_patients(answer: DoseAnswer) -> list[str]:
    if answer.stopped_at is None or answer.status not in ("given", "no dose"):
        return []
    cells = [answer.cell(answer.stopped_at, endpoint) for endpoint in answer.deciding]
    wanted = [(cell, patients_that_would_do(cell, answer)) for cell in cells if cell is not None and not cell.passed]
    return [
        f"At {percent(cell.dose)}, {100 * cell.share_kept:.0f} % of the test patients meet "
        f"{endpoint_words(cell.endpoint)}. If this share stays the same, about {n} patients are "
        "needed to show that the endpoint is met."
        for cell, n in wanted
        if n is not None
    ]


def _left_out(answer: DoseAnswer) -> list[str]:
    of_endpoint = zip(answer.settings.endpoints, answer.n_undefined, strict=True)
    return [_left_out_of(endpoint, n) for endpoint, n in of_endpoint if n and n < answer.n_test_patients]


def _left_out_of(endpoint: Endpoint, n: int) -> str:
    if endpoint.kind.read:
        who = "1 test patient was" if n == 1 else f"{n} test patients were"
        return f"{who} not read and {'does' if n == 1 else 'do'} not count for “{endpoint_words(endpoint)}”."
    return (
        f"{n} test {'patient has' if n == 1 else 'patients have'} no value for “{endpoint_words(endpoint)}” at any "
        f"dose and {'is' if n == 1 else 'are'} left out. The answer does not apply to "
        f"{'this patient' if n == 1 else 'them'}."
    )


def _limits(answer: DoseAnswer) -> list[str]:
    notes = [
        "The answer holds for a share of patients and says nothing about the others. It applies to patients and "
        "scanners like these, and to no diagnosis that the endpoints do not measure.",
    ]
    if not _scanned_again(answer):
        notes.append(
            "No study has a repeat scan, real or simulated, so it is unknown whether the standard dose itself would "
            "meet these endpoints."
        )
    if any(cell.read_at is not None for cell in answer.cells if cell.endpoint not in answer.unusable):
        notes.append(
            "Readers did not read every dose. A dose that was not read has the readings of the next lower dose that "
            "was: more contrast is taken to be no worse for readers."
        )
    invented = [endpoint.kind.name for endpoint in answer.settings.endpoints if not endpoint.kind.needs_contrast]
    if invented:
        notes.append(
            "An image made without contrast agent invents no enhancement. Dose 0 is "
            f"therefore no control for {' and '.join(invented)}."
        )
    return notes
