# SPDX-License-Identifier: Apache-2.0
"""Table 4: similarity to the standard dose per dose and method, as plain values that a page or a CSV shows."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from lessgad.atomic_write import write_text
from lessgad.evaluation.metric_summary import MetricSummary, compare, correct_over_doses, summarize
from lessgad.evaluation.patient_level import N_RESAMPLES, patient_means
from lessgad.evaluation.results.similarity import REPEAT, UNRESTORED, SimilarityRow, method_order
from lessgad.evaluation.similarity import Area

Metric = Literal["ssim", "psnr_db"]
METRICS: tuple[Metric, ...] = ("ssim", "psnr_db")
CSV_COLUMNS = (
    "dose", "method", "metric", "n_studies", "n_patients", "n_infinite", "n_undefined", "mean", "sd",
    "p_wilcoxon", "star", "n_gain_studies", "n_gain_patients", "gain", "gain_low", "gain_high", "p_sign_flip", "p_holm",
)  # fmt: skip
_Entry = float | int | str | None
_Studies = dict[tuple[str, str], SimilarityRow]  # by patient and session


@dataclass(frozen=True)
class Table4Cell:
    """One method at one dose."""

    dose: float
    method: str
    n_studies: int
    n_patients: int
    ssim: MetricSummary
    psnr_db: MetricSummary


@dataclass(frozen=True)
class PatientGain:
    """The mean gain of one patient, given where patients are too few for an interval.

    Attributes:
        dose: Fraction of the standard dose.
        method: Method of the gain.
        patient: BIDS label.
        n_studies: Studies of the patient that have both images, finite or not.
        ssim: Mean gain in SSIM over unrestored, over finite ones; None without.
        psnr_db: Mean gain in PSNR in dB, over finite ones; None without.
    """

    dose: float
    method: str
    patient: str
    n_studies: int
    ssim: float | None
    psnr_db: float | None


@dataclass(frozen=True)
class Table4:
    """Similarity of one subset over one area.

    Attributes:
        subset: Subset of the studies.
        area: Over which area.
        doses: Ascending.
        methods: Unrestored, baselines, restored, then external ones by name.
        cells: Cells by dose, then method; a method that does not exist at a dose has no cell there.
        patient_gains: Every patient of each cell that has gains but too few patients for an interval.
    """

    subset: str
    area: Area
    doses: tuple[float, ...]
    methods: tuple[str, ...]
    cells: tuple[Table4Cell, ...]
    patient_gains: tuple[PatientGain, ...]

    def cell(self, dose: float, method: str) -> Table4Cell | None:
        """Look up the cell of a method at a dose.

        Args:
            dose: Dose as a fraction of the standard dose, 0–1.
            method: The method whose images are shown.

        Returns:
            The cell; None if there is none.
        """
        return next((cell for cell in self.cells if (cell.dose, cell.method) == (dose, method)), None)


def table4(
    rows: Iterable[SimilarityRow],
    *,
    seed: int,
    n_resamples: int = N_RESAMPLES,
    subset: str = "test",
    area: Area = "tumor_box",
) -> Table4:
    """Summarize similarity per dose and method, compared with the unrestored images of the same dose.

    Args:
        rows: Measurements of any subset and area.
        seed: Seed of the bootstrap and the sign flips.
        n_resamples: Draws of each.
        subset: Subset whose rows are used.
        area: Area whose rows are used.

    Returns:
        Table 4.
    """
    groups: dict[tuple[float, str], _Studies] = {}
    for row in rows:
        if (row.subset, row.area) == (subset, area):
            groups.setdefault((row.dose, row.method), {})[row.patient, row.session] = row
    keys = sorted(groups, key=lambda key: (key[0], method_order(key[1])))
    cells: list[Table4Cell] = []
    patient_gains: list[PatientGain] = []
    for dose, method in keys:
        unrestored = groups.get((dose, UNRESTORED), {})
        alone = _cell(dose, method, groups[dose, method])
        compares = method not in (UNRESTORED, REPEAT)
        cell = alone if not compares else _compared(alone, groups[dose, method], unrestored, seed, n_resamples)
        cells.append(cell)
        if any(_has_gain_without_interval(summary) for summary in (cell.ssim, cell.psnr_db)):
            patient_gains += _patient_gains(dose, method, groups[dose, method], unrestored)
    doses = tuple(sorted({dose for dose, _ in keys}))
    methods = tuple(sorted({method for _, method in keys}, key=method_order))
    return Table4(subset, area, doses, methods, tuple(_corrected(cells)), tuple(patient_gains))


def write_table4(path: Path, table: Table4) -> None:
    """Write ``table4.csv``: one row per dose, method and metric; what does not exist is empty.

    Args:
        path: The file to write.
        table: Table 4.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, CSV_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for cell in table.cells:
        for metric in METRICS:
            writer.writerow({column: _spell(value) for column, value in _csv_row(cell, metric).items()})
    write_text(path, buffer.getvalue())


def _cell(dose: float, method: str, studies: _Studies) -> Table4Cell:
    def summary(metric: Metric) -> MetricSummary:
        return summarize(np.array([_value(studies[study], metric) for study in sorted(studies)], dtype=np.float64))

    n_patients = len({patient for patient, _ in studies})
    return Table4Cell(dose, method, len(studies), n_patients, summary("ssim"), summary("psnr_db"))


def _compared(cell: Table4Cell, studies: _Studies, unrestored: _Studies, seed: int, n_resamples: int) -> Table4Cell:
    return replace(
        cell,
        ssim=compare(cell.ssim, *_gains(studies, unrestored, "ssim"), seed, n_resamples),
        psnr_db=compare(cell.psnr_db, *_gains(studies, unrestored, "psnr_db"), seed, n_resamples),
    )


def _gains(studies: _Studies, unrestored: _Studies, metric: Metric) -> tuple[Float[np.ndarray, " studies"], list[str]]:
    """Compute the gain of each study that has both images (∞ − ∞ is NaN), with its patient."""
    both = sorted(studies.keys() & unrestored.keys())
    gains = [_value(studies[study], metric) - _value(unrestored[study], metric) for study in both]
    return np.array(gains, dtype=np.float64), [patient for patient, _ in both]


def _has_gain_without_interval(summary: MetricSummary) -> bool:
    return summary.gain is not None and summary.gain.interval is None and summary.gain.n_patients > 0


def _patient_gains(dose: float, method: str, studies: _Studies, unrestored: _Studies) -> list[PatientGain]:
    ssim = patient_means(*_gains(studies, unrestored, "ssim"))
    psnr_gains, patients = _gains(studies, unrestored, "psnr_db")
    psnr_db = patient_means(psnr_gains, patients)
    return [
        PatientGain(dose, method, patient, patients.count(patient), ssim.get(patient), psnr_db.get(patient))
        for patient in sorted(set(patients))
    ]


def _corrected(cells: list[Table4Cell]) -> list[Table4Cell]:
    """Correct p over the doses of each method and metric."""
    corrected = list(cells)
    for method in {cell.method for cell in cells}:
        places = [place for place, cell in enumerate(cells) if cell.method == method]
        ssim = correct_over_doses([cells[place].ssim for place in places])
        psnr_db = correct_over_doses([cells[place].psnr_db for place in places])
        for place, of_ssim, of_psnr in zip(places, ssim, psnr_db, strict=True):
            corrected[place] = replace(cells[place], ssim=of_ssim, psnr_db=of_psnr)
    return corrected


def _value(row: SimilarityRow, metric: Metric) -> float:
    return row.ssim if metric == "ssim" else row.psnr_db


def _csv_row(cell: Table4Cell, metric: Metric) -> dict[str, _Entry]:
    summary = cell.ssim if metric == "ssim" else cell.psnr_db
    row: dict[str, _Entry] = {
        "dose": cell.dose, "method": cell.method, "metric": metric,
        "n_studies": cell.n_studies, "n_patients": cell.n_patients,
        "n_infinite": summary.n_infinite, "n_undefined": summary.n_undefined, "mean": summary.mean, "sd": summary.sd,
    }  # fmt: skip
    gain = summary.gain
    if gain is None:
        return row
    low, high = gain.interval or (None, None)
    return row | {
        "p_wilcoxon": summary.p_wilcoxon, "star": "yes" if summary.star else "no",
        "n_gain_studies": gain.n_studies, "n_gain_patients": gain.n_patients,
        "gain": gain.mean, "gain_low": low, "gain_high": high, "p_sign_flip": gain.p, "p_holm": summary.p_holm,
    }  # fmt: skip


def _spell(value: _Entry) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return repr(value) if isinstance(value, float) else str(value)
