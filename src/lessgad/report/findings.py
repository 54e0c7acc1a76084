# SPDX-License-Identifier: Apache-2.0
"""What Table 4 says, in sentences: at each dose whether restoration gained anything, and against what baseline.

A gain is claimed only where the 95 % confidence interval over patients leaves out zero. Under 10
patients there is no interval: patients are counted instead, and nothing is claimed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lessgad.evaluation.metric_summary import MetricSummary
from lessgad.evaluation.results.similarity import RESTORED, SUBTRACT_AND_SCALE
from lessgad.report.tables import Metric, Table4, Table4Cell

Verdict = Literal["gain", "no gain", "loss", "mixed", "open"]
#: Baselines at the start of a sentence, and what they do without.
_WITHOUT_NETWORK = {
    SUBTRACT_AND_SCALE: ("Subtract-and-scale", "training"),
    "denoise": ("Denoising the low dose", "network"),
    "gaussian_and_scale": ("Subtract-and-scale with the difference averaged by a 3D Gaussian", "network"),
    "denoise_and_scale": ("Subtract-and-scale with the difference denoised", "network"),
}
_UNITS: dict[Metric, str] = {"psnr_db": " dB", "ssim": ""}


@dataclass(frozen=True)
class Finding:
    """Findings at one dose.

    Attributes:
        dose: Fraction of the standard dose.
        verdict: `gain` or `loss` where the interval leaves out zero, `no gain` where it holds zero, `mixed`
            where PSNR and SSIM say different things, `open` without intervals.
        sentences: The evidence, in words.
    """

    dose: float
    verdict: Verdict
    sentences: str


def findings(table: Table4) -> tuple[Finding, ...]:
    """Collect one finding for each dose with restored images.

    Args:
        table: Table 4.

    Returns:
        The findings.
    """
    found = []
    for dose in table.doses:
        cell = table.cell(dose, RESTORED)
        if cell is not None:
            found.append(_finding(table, cell))
    return tuple(found)


def signed(value: float, metric: Metric) -> str:
    """Write a gain with its sign: ``+3.2 dB``, ``−0.012``.

    Args:
        value: The value.
        metric: The metric.

    Returns:
        The text.
    """
    text = f"{value:+.1f}" if metric == "psnr_db" else f"{value:+.3f}"
    if float(text) == 0:
        text = text[1:]
    return text.replace("-", "−") + _UNITS[metric]


def interval_words(interval: tuple[float, float], metric: Metric) -> str:
    """Write an interval: ``+1.1 to +2.3``.

    Args:
        interval: Lower and upper bound.
        metric: The metric.

    Returns:
        The text.
    """
    low, high = (signed(bound, metric).removesuffix(" dB") for bound in interval)
    return f"{low} to {high}"


def _finding(table: Table4, cell: Table4Cell) -> Finding:
    said = {_verdict(cell.psnr_db), _verdict(cell.ssim)} - {"open"}
    verdict: Verdict = "open" if not said else said.pop() if len(said) == 1 else "mixed"
    psnr = _evidence(table, cell, "psnr_db", cell.psnr_db)
    ssim = _evidence(table, cell, "ssim", cell.ssim)
    opening = {
        "gain": "Closer to the standard dose than without restoration:",
        "no gain": "No gain was shown:",
        "loss": "Further from the standard dose than without restoration:",
        "mixed": "PSNR and SSIM do not agree:",
        "open": "Too few patients to tell:",
    }[verdict]
    return Finding(cell.dose, verdict, " ".join([f"{opening} {psnr}; {ssim}.", *_against_baseline(table, cell)]))


def _verdict(summary: MetricSummary) -> Verdict:
    if summary.gain is None or summary.gain.interval is None:
        return "open"
    low, high = summary.gain.interval
    if low > 0:
        return "gain"
    return "loss" if high < 0 else "no gain"


def _evidence(table: Table4, cell: Table4Cell, metric: Metric, summary: MetricSummary) -> str:
    name = "PSNR" if metric == "psnr_db" else "SSIM"
    gain = summary.gain
    if gain is None or gain.n_patients == 0:
        return f"{name} in no study of both images"
    if gain.interval is not None:
        bounds = interval_words(gain.interval, metric)
        count = f"n = {gain.n_patients} / {gain.n_studies}"
        return f"{name} {signed(gain.mean, metric)} (95 % CI {bounds}; {count})"
    of_patients = [
        value
        for patient in table.patient_gains
        if (patient.dose, patient.method) == (cell.dose, cell.method)
        for value in [patient.psnr_db if metric == "psnr_db" else patient.ssim]
        if value is not None
    ]
    return f"{name} {_patients_words(of_patients, metric)}"


def _patients_words(values: Sequence[float], metric: Metric) -> str:
    n_better = sum(value > 0 for value in values)
    span = signed(values[0], metric)
    if len(values) > 1:
        span = interval_words((min(values), max(values)), metric) + _UNITS[metric]
    return f"rose in {n_better} of {_count(len(values), 'patient')} ({span})"


def _against_baseline(table: Table4, cell: Table4Cell) -> list[str]:
    """Say where a method without any network does as well or better than it: then the network is not needed."""
    judged = {method: table.cell(cell.dose, method) for method in _WITHOUT_NETWORK}
    baselines = {method: found for method, found in judged.items() if found is not None}
    exact = baselines.get(SUBTRACT_AND_SCALE)
    if exact is not None and exact.psnr_db.n_infinite and exact.psnr_db.n_infinite == exact.n_studies:
        return ["Subtract-and-scale returned the standard-dose image exactly."]
    means = {method: found.psnr_db.mean for method, found in baselines.items() if not math.isnan(found.psnr_db.mean)}
    ours = cell.psnr_db.mean
    if math.isnan(ours) or not means:
        return []
    best = max(means, key=lambda method: means[method])
    name, what = _WITHOUT_NETWORK[best]
    words = f"(mean PSNR {means[best]:.1f} against {ours:.1f} dB)"
    if f"{means[best]:.1f}" == f"{ours:.1f}":
        return [f"{name}, which needs no {what}, did as well {words}."]
    if means[best] > ours:
        return [f"{name}, which needs no {what}, did better {words}."]
    return [f"{name} did less well {words}."]


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"
