# SPDX-License-Identifier: Apache-2.0
"""What the report says of the reader study: Table 5, whether doses differ, whether readers agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lessgad.dose_fraction import percent
from lessgad.reader_study.agreement_tables import AgreementRow
from lessgad.reader_study.comparison_tables import ComparisonRow
from lessgad.reader_study.question_summaries import CountRow
from lessgad.reader_study.questions import Question
from lessgad.reader_study.readings_json import Readings
from lessgad.reader_study.results import Summary
from lessgad.reader_study.table5 import Table5Row
from lessgad.report.html_templates import report_templates

SUFFICIENT = "sufficient"  # key of the question of the default questionnaire


@dataclass(frozen=True)
class ReadingTable:
    """A table in words.

    Attributes:
        title: Title of the table.
        note: Explanation of the table.
        columns: Heads; the first `n_words` hold words, the others figures.
        rows: Each with as many words as there are columns.
        n_words: Columns that are set to the left.
        table: The table in ``results/`` that holds its numbers; empty where there is none.
    """

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    n_words: int
    table: str = ""


@dataclass(frozen=True)
class ReadingSection:
    """Everything that the section shows.

    Attributes:
        facts: Who read what, how.
        tables: Tables with rows.
        sha256: SHA-256 of the protocol.
        in_short: Who read what, and how many images were sufficient for the diagnosis.
    """

    facts: str
    tables: tuple[ReadingTable, ...]
    sha256: str
    in_short: str


def reading_section(readings: Readings, summary: Summary) -> ReadingSection:
    """Describe the results of a reader study; readers are numbered, not named.

    Args:
        readings: Questions and answers of the reader study.
        summary: Result of `results.summarize_readings`.

    Returns:
        The section.
    """
    names = sorted({row.reader for row in readings.rows if row.subset == "test"})
    number = {name: str(place) for place, name in enumerate(names, start=1)} | {"": "all"}
    tables = (
        _table3(readings),
        _table5(summary, number),
        _comparisons(readings, summary, number),
        _agreement(readings, summary, number),
    )
    return ReadingSection(
        _facts(readings, summary),
        tuple(t for t in tables if t.rows),
        readings.protocol_sha256,
        f"{_who(summary)}.{_sufficient(summary)}",
    )


def pooled_over_readers(counts: Sequence[CountRow]) -> list[CountRow]:
    """Give the counts of all readers, or of the only one: what a figure shows."""
    of_all = [row for row in counts if not row.reader]
    return of_all or list(counts)


def reading_html(section: ReadingSection) -> str:
    """Render the section as HTML for `page.html.j2`; all words are escaped, the page's style sheet is all it needs."""
    return report_templates().get_template("readings.html.j2").render(section=section)


def _who(summary: Summary) -> str:
    readers = "1 reader" if summary.n_readers == 1 else f"{summary.n_readers} readers"
    return f"{readers} read {summary.n_cases} studies of {summary.n_patients} test patients"


def _sufficient(summary: Summary) -> str:
    """Count the readings that called an image sufficient for diagnostic characterization, if that was asked."""
    counted = {
        row.dose: f"{row.count} of {row.n_readings} at {percent(row.dose)}"
        for row in pooled_over_readers(summary.counts)
        if (row.question, row.answer) == (SUFFICIENT, "yes") and row.dose is not None
    }
    found = [counted[dose] for dose in sorted(counted)]
    return f" Sufficient for diagnostic characterization: {', '.join(found)}." if found else ""


def _facts(readings: Readings, summary: Summary) -> str:
    how = (
        "All images were labeled."
        if readings.settings.mode == "open"
        else "The dose of each restored image was hidden, and the order was random for every reader and case."
    )
    again = f" {summary.n_repeated} readings were of a case seen before." if summary.n_repeated else ""
    revised = f" {readings.n_revised} were revised after submission." if readings.n_revised else ""
    fixed = f" Design and questions were fixed on {readings.frozen_on}." if readings.frozen_on else ""
    return f"{_who(summary)}. {how}{again}{revised}{fixed}"


def _table3(readings: Readings) -> ReadingTable:
    asked = {"each_dose": "once for each restored image", "pair": "once for two images", "each_case": "once per case"}

    def options(question: Question) -> str:
        if question.kind == "text":
            return "free words"
        if question.kind == "scale":
            return ", ".join(f"{n} {words}" for n, words in enumerate(question.labels_with(), start=1))
        return ", ".join(option.label for option in question.options)

    return ReadingTable(
        "Table 3. Questions",
        "Questions of the reader study.",
        ("question", "answers", "asked"),
        tuple((q.wording, options(q), asked[q.asked]) for q in readings.questionnaire.questions),
        3,
    )


def _table5(summary: Summary, number: dict[str, str]) -> ReadingTable:
    doses = summary.table5.doses
    heads = tuple("once per case" if dose is None else percent(dose) for dose in doses)

    def words(row: Table5Row) -> tuple[str, ...]:
        return row.wording, row.scale, number[row.reader], *(cell or "–" for cell in row.cells)

    return ReadingTable(
        "Table 5. Answers",
        "Scales: median (quartiles), in whole or half steps. Choices: counts in the order of the options, and the "
        "share of the first. Reasons: number of readings with each reason.",
        ("question", "answers", "reader", *heads),
        tuple(words(row) for row in summary.table5.rows),
        3,
        "table5",
    )


def _comparisons(readings: Readings, summary: Summary, number: dict[str, str]) -> ReadingTable:
    wording = {question.key: question.wording for question in readings.questionnaire.questions}

    def words(row: ComparisonRow) -> tuple[str, ...]:
        test = ("W", row.p_wilcoxon) if row.p_mcnemar is None else ("M", row.p_mcnemar)
        return (
            wording[row.question],
            f"{percent(row.higher_dose)} / {percent(row.lower_dose)}",
            number[row.reader],
            f"{row.n_higher_better} / {row.n_lower_better} of {row.n_cases}",
            "–" if test[1] is None else f"{_p(test[1])} ({test[0]})",
            _with_interval(row.gain, row.gain_low, row.gain_high, "+.2f"),
            _p(row.p_holm),
            "–" if row.vgc_area is None else _with_interval(row.vgc_area, row.vgc_low, row.vgc_high, ".2f"),
            str(row.n_patients),
        )

    return ReadingTable(
        "Is the higher dose graded better?",
        "Better / worse: cases in which the higher, or the lower, dose had the better answer. p over cases: Wilcoxon "
        "(W) or exact McNemar (M), as in papers; both treat the studies of a patient as independent. Gain: mean over "
        "patients, in steps of the scale, or as share of the first option; 95 % bootstrap interval over "
        "patients, not given with fewer than 10; p by flipping the signs of patients, corrected over pairs of "
        "doses (Holm). VGC area: how often the higher dose is graded better, with ties counted half; 0.5 means "
        "no difference.",
        ("question", "doses", "reader", "better / worse", "p over cases", "gain", "p", "VGC area", "patients"),
        tuple(words(row) for row in summary.comparisons),
        3,
        "reading_comparisons",
    )


_COEFFICIENTS = (
    ("raw", "none"),
    ("gwet_ac1", "none"),
    ("gwet_ac2", "quadratic"),
    ("cohen_kappa", "none"),
    ("cohen_kappa", "quadratic"),
    ("krippendorff_alpha", "none"),
    ("krippendorff_alpha", "ordinal"),
)


def _agreement(readings: Readings, summary: Summary, number: dict[str, str]) -> ReadingTable:
    wording = {question.key: question.wording for question in readings.questionnaire.questions}
    asked = {question.key: question.asked for question in readings.questionnaire.questions}
    groups: dict[tuple[str, str, float | None, str], dict[tuple[str, str], AgreementRow]] = {}
    for row in summary.agreement:
        group = groups.setdefault((row.between, row.question, row.dose, row.reader), {})
        group[row.coefficient, row.weighting] = row
    rows = []
    for (between, question, dose, reader), found in groups.items():
        raw = found["raw", "none"]
        whom = "between readers" if between == "readers" else f"reader {number[reader]} with themselves"
        about = percent(dose) if dose is not None else "all doses" if asked[question] == "each_dose" else "–"
        cells = [found.get(key) for key in _COEFFICIENTS]
        values = ("–" if cell is None else _with_interval(cell.value, cell.low, cell.high, ".2f") for cell in cells)
        rows.append((wording[question], whom, about, *values, f"{raw.n_patients} / {raw.n_subjects}"))
    return ReadingTable(
        "Do readers agree?",
        "Raw: share of pairs of answers that are the same. AC1, κ and α count same answers alone; AC2 and weighted κ "
        "give credit for near misses (quadratic), ordinal α by rank. If nearly all answers are equal, κ and α "
        "fall to zero or are undefined (–) although readers agree; compare them with raw agreement and AC. 95 % "
        "bootstrap interval over patients, not given with fewer than 10 or if the bootstrap variance is zero. n: "
        "patients / images or cases.",
        ("question", "agreement", "dose", "raw", "AC1", "AC2", "κ", "weighted κ", "α", "ordinal α", "n"),
        tuple(rows),
        3,
        "reading_agreement",
    )


def _with_interval(value: float, low: float | None, high: float | None, form: str) -> str:
    if math.isnan(value):
        return "–"
    bounds = "" if low is None or high is None else f" ({low:{form}} to {high:{form}})"
    return f"{value:{form}}{bounds}".replace("-", "−")


def _p(p: float) -> str:
    return "–" if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"
