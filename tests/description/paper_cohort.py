# SPDX-License-Identifier: Apache-2.0
"""A cohort of tiny images whose tables are those of Chen et al. 2025: 203 studies of 72 patients."""

from __future__ import annotations

import json
import math
from itertools import chain, repeat
from pathlib import Path

import nibabel
import numpy as np

AGES = (
    29, 30, 31, 32, 33, 34, 35, 36, 37, 39, 41, 41, 43, 43, 44, 46, 46, 47, 47, 48, 49, 50, 51, 52, 53, 54, 54, 54, 56,
    56, 57, 57, 58, 59, 60, 61, 61, 62, 62, 63, 64, 64, 64, 65, 66, 67, 67, 68, 68, 68, 69, 69, 70, 70, 70, 70, 71, 71,
    72, 74, 74, 74, 75, 77, 77, 78, 78, 79, 79, 80, 81, 83,
)  # fmt: skip
N_MEN, N_STUDIES = 39, 203
#: Rows of Table 2, as printed, and how many of the 203 scans each row has here.
TABLE2 = (
    ("T1", "SE", "1.0", "20.0", "546.9", "0.45", "3.0", 1),
    ("T1", "SE", "1.5", "10.0 (6.0–24.0)", "550.0 (370.8–698.9)", "0.37 (0.32–0.86)", "3.0 (1.0–6.0)", 41),
    ("T1", "SE", "3.0", "9.0 (7.0–16.0)", "750.0 (400.0–958.4)", "0.35 (0.27–0.66)", "1.0 (1.0–3.0)", 21),
    ("T1", "GR", "1.0", "6.9 (6.7–6.9)", "26.0 (23.0–30.0)", "0.47 (0.35–0.90)", "1.4 (1.2–3.0)", 25),
    ("T1", "GR", "1.5", "4.6 (2.4–5.6)", "25.0 (8.6–1690.0)", "0.59 (0.39–1.0)", "1.4 (1.0–6.0)", 75),
    ("T1", "GR", "3.0", "3.7 (2.2–4.7)", "20.0 (8.1–25.0)", "0.63 (0.33–0.94)", "2.0 (0.6–3.0)", 40),
    ("T1ce", "SE", "1.0", "20.0", "546.9", "0.45", "3.0", 1),
    ("T1ce", "SE", "1.5", "11.0 (6.0–24.0)", "550.0 (370.8–698.9)", "0.37 (0.32–0.86)", "2.0 (1.0–5.0)", 41),
    ("T1ce", "SE", "3.0", "9.0 (7.0–15.0)", "786.0 (500.1–958.4)", "0.35 (0.27–0.66)", "1.0 (1.0–3.0)", 21),
    ("T1ce", "GR", "1.0", "6.9 (6.7–6.9)", "26.0 (23.0–30.0)", "0.47 (0.35–0.90)", "1.4 (1.2–3.0)", 25),
    ("T1ce", "GR", "1.5", "4.6 (2.4–6.3)", "25.0 (8.6–2200.0)", "0.59 (0.39–1.0)", "1.4 (0.9–3.0)", 75),
    ("T1ce", "GR", "3.0", "3.7 (2.2–4.7)", "20.0 (8.1–25.0)", "0.63 (0.33–0.94)", "2.0 (0.6–3.0)", 40),
)
#: Kanzaki classes: number of studies, and the extrameatal diameter drawn, in mm (0: intrameatal part only).
SIZES = ((89, 0.0), (35, 7.0), (53, 16.0), (17, 26.0), (9, 35.0))


def write_paper_cohort(root: Path) -> Path:
    """Write images of a few voxels, sidecars, masks and participants.tsv."""
    parameters = {modality: _parameters(modality) for modality in ("T1", "T1ce")}
    diameters = list(chain.from_iterable(repeat(mm, n) for n, mm in SIZES))
    for number in range(N_STUDIES):
        patient, session = number % len(AGES) + 1, number // len(AGES) + 1
        stem = f"sub-{patient:02d}_ses-{session}"
        place = Path(f"sub-{patient:02d}", f"ses-{session}", "anat")
        for modality, name in (("T1", "T1w"), ("T1ce", "ce-gadolinium_T1w")):
            sidecar, spacing = parameters[modality][number]
            _save(root / place / f"{stem}_{name}.nii.gz", np.arange(8, dtype=np.uint8).reshape(2, 2, 2), spacing)
            (root / place / f"{stem}_{name}.json").write_text(json.dumps(sidecar))
        spacing = parameters["T1"][number][1]
        _save(
            root / "derivatives" / "manual" / place / f"{stem}_dseg.nii.gz", _mask(diameters[number], spacing), spacing
        )
    (root / "derivatives" / "manual" / "dseg.tsv").write_text("index\tname\n1\tintrameatal\n2\textrameatal\n")
    rows = [f"sub-{n:02d}\t{age}\t{'M' if n <= N_MEN else 'F'}\n" for n, age in enumerate(AGES, start=1)]
    (root / "participants.tsv").write_text("participant_id\tage\tsex\n" + "".join(rows))
    return root


def _parameters(modality: str) -> list[tuple[dict[str, object], tuple[float, float, float]]]:
    """Sidecar and voxel size of each scan of a modality: lowest, highest, and the median for all others."""
    found: list[tuple[dict[str, object], tuple[float, float, float]]] = []
    for _, sequence, field, *cells, n in (row for row in TABLE2 if row[0] == modality):
        echo, repetition, in_plane, thickness = (_values(cell, n) for cell in cells)
        for te, tr, mm, slice_mm in zip(echo, repetition, in_plane, thickness, strict=True):
            sidecar = {
                "ScanningSequence": sequence,
                "MagneticFieldStrength": 0.995 * float(field),  # as scanners write it
                "EchoTime": te / 1000,
                "RepetitionTime": tr / 1000,
            }
            found.append((sidecar, (mm, mm, slice_mm)))
    return found


def _values(cell: str, n: int) -> list[float]:
    median, _, limits = cell.removesuffix(")").partition(" (")
    if not limits:
        return [float(median)] * n
    low, high = map(float, limits.split("–"))
    return [low, high, *[float(median)] * (n - 2)]


def _mask(diameter_mm: float, spacing: tuple[float, float, float]) -> np.ndarray:
    """A row of extrameatal voxels whose longest diagonal is about this long, and one intrameatal voxel."""
    n = round(math.sqrt(max((diameter_mm / spacing[0]) ** 2 - 1, 0.0)))
    mask = np.zeros((n + 2, 3, 2), dtype=np.uint8)
    mask[0, 1, 0] = 1
    mask[1 : n + 1, 1, 0] = 2
    return mask


def _save(path: Path, array: np.ndarray, spacing: tuple[float, float, float]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.nifti1.Nifti1Image(array, np.diag([*spacing, 1.0])), path)
