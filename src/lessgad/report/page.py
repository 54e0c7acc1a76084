# SPDX-License-Identifier: Apache-2.0
"""The report: one HTML file that opens anywhere, needs nothing else, and prints."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lessgad.dose_fraction import percent
from lessgad.evaluation.metric_summary import MetricSummary, as_text
from lessgad.evaluation.results.similarity import UNRESTORED
from lessgad.report.answer_section import answer_html
from lessgad.report.content import Picture, ReportContent
from lessgad.report.findings import findings, interval_words, signed
from lessgad.report.html_templates import report_templates
from lessgad.report.reading_section import reading_html
from lessgad.report.style import line_style
from lessgad.report.tables import Metric, Table4

if TYPE_CHECKING:
    from jinja2 import Environment

AREAS = {"tumor_box": "the tumor’s box", "tumor": "the tumor itself", "head": "the head"}
_DECIMALS: dict[Metric, int] = {"ssim": 3, "psnr_db": 2}


@dataclass(frozen=True)
class PatientTable:
    """Gains of every patient with one method: rows of patients, columns of doses, (PSNR, SSIM) in each cell."""

    method: str
    doses: tuple[float, ...]
    rows: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def render_page(content: ReportContent) -> str:
    """Render the report as one HTML page with embedded pictures, without scripts or external resources.

    All words of `content` are escaped. A content security policy forbids everything but the page's
    own style sheet and pictures.

    Args:
        content: Content of the report.

    Returns:
        The page.
    """
    environment = _environment()
    style = environment.get_template("style.html.j2").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    first = content.tables[0] if content.tables else None
    return environment.get_template("page.html.j2").render(
        content=content,
        style=style,
        style_digest=digest,
        answer=answer_html(content.answer) if content.answer else "",
        readings=reading_html(content.readings) if content.readings else "",
        findings=findings(first) if first else (),
        patient_tables=[patient_table(first, method) for method in _methods_with_patients(first)] if first else [],
    )


def patient_table(table: Table4, method: str) -> PatientTable:
    """Arrange the gains of single patients with one method.

    Args:
        table: Table 4.
        method: The method whose images are shown.

    Returns:
        The table.
    """
    gains = {(gain.patient, gain.dose): gain for gain in table.patient_gains if gain.method == method}
    doses = tuple(sorted({dose for _, dose in gains}))
    rows = []
    for patient in sorted({patient for patient, _ in gains}):
        cells = [gains.get((patient, dose)) for dose in doses]
        words = tuple(
            (
                _gain(cell.psnr_db if cell else None, "psnr_db"),
                _gain(cell.ssim if cell else None, "ssim"),
            )
            for cell in cells
        )
        rows.append((patient, words))
    return PatientTable(method, doses, tuple(rows))


def p_words(p: float | None) -> str:
    """Spell a p-value: ``p = 0.012``, ``p < 0.001``."""
    if p is None or math.isnan(p):
        return ""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def gain_words(summary: MetricSummary, metric: Metric) -> str:
    """Write a patient-level gain, with its interval if there is one.

    Args:
        summary: The summary.
        metric: The metric.

    Returns:
        The text.
    """
    gain = summary.gain
    if gain is None or gain.n_patients == 0:
        return "–"
    words = signed(gain.mean, metric).removesuffix(" dB")
    return words if gain.interval is None else f"{words} ({interval_words(gain.interval, metric)})"


def amplification(dose: float) -> str:
    """By how much subtract-and-scale multiplies noise: √(1/β² + (1 − 1/β)²), of independent noise on both scans."""
    return f"{math.hypot(1 / dose, 1 - 1 / dose):.1f}"


def _methods_with_patients(table: Table4) -> Sequence[str]:
    named = {gain.method for gain in table.patient_gains}
    return [method for method in table.methods if method in named and method != UNRESTORED]


def _gain(value: float | None, metric: Metric) -> str:
    return "–" if value is None else signed(value, metric).removesuffix(" dB")


def _image(picture: Picture) -> str:
    if picture.svg:
        return "data:image/svg+xml;base64," + base64.b64encode(picture.svg.encode()).decode()
    return "data:image/png;base64," + base64.b64encode(picture.png).decode()


def _environment() -> Environment:
    environment = report_templates()
    environment.filters |= {
        "percent": percent,
        "data_url": _image,
        "gain_words": gain_words,
        "p_words": p_words,
        "amplification": amplification,
        "method_name": lambda method: line_style(method).label,
        "sentence": lambda words: words[:1].upper() + words[1:],
        "area_name": lambda area: AREAS.get(area, area),
        "mean_sd": lambda summary, metric: as_text(summary, _DECIMALS[metric]),
    }
    return environment
