# SPDX-License-Identifier: Apache-2.0
"""A generated cohort of heads the size of a thumb, and an experiment on it that takes seconds.

Six patients, one of them with two sessions; 40×48×10 voxels of 4×4×5 mm; aligned pairs, T1ce on a scale of
its own, a two-part tumor that enhances, masks in a derivative with its ``dseg.tsv``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import yaml

SHAPE = (40, 48, 10)
SPACING_MM = (4.0, 4.0, 5.0)
AFFINE = np.array([[4.0, 0, 0, -78], [0, 4.0, 0, -94], [0, 0, 5.0, -25], [0, 0, 0, 1]])
DERIVATIVE = "manual"
STUDIES = (("01", ""), ("02", ""), ("03", ""), ("04", ""), ("05", ""), ("06", "a"), ("06", "b"))
SPLIT = {"01": "train", "02": "train", "03": "train", "04": "validation", "05": "test", "06": "test"}
JUDGED = ("sub-04", "sub-05", "sub-06_ses-a", "sub-06_ses-b")
DOSES = (0.0, 0.1, 0.5)


def head(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One person: T1, T1ce on another intensity scale, and the labels (1 intrameatal, 2 extrameatal)."""
    rng = np.random.default_rng(seed)
    center = [(n - 1) / 2 for n in SHAPE]
    x, y, z = (
        (grid - middle) * mm
        for grid, middle, mm in zip(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), center, SPACING_MM, strict=True)
    )
    width, length = 62 + 4 * rng.random(), 76 + 4 * rng.random()

    def inside(factor: float) -> np.ndarray:
        return (x / (width * factor)) ** 2 + (y / (length * factor)) ** 2 + (z / 60) ** 2 < 1

    shift = rng.uniform(-4, 4, 3)
    waves = np.sin((x + shift[0]) / 11) + np.cos((y - shift[1]) / 17 + 0.5) + np.sin((x + y + shift[2]) / 23 + z / 9)
    t1 = np.where(inside(1.0), 150.0, 0.0)
    t1[inside(0.93)] = 25.0
    t1[inside(0.86)] = 100.0 + 6.0 * waves[inside(0.86)]
    t1[((x - 8 - shift[0]) / 14) ** 2 + ((y + 6) / 26) ** 2 + (z / 18) ** 2 < 1] = 35.0
    at = np.array([-26.0, -18.0, 0.0]) + shift
    distance = np.sqrt((x - at[0]) ** 2 + (y - at[1]) ** 2 + (1.2 * (z - at[2])) ** 2)
    labels = np.where(distance < 13, np.where(x < at[0] - 5, 1, 2), 0).astype(np.int16)
    t1[labels > 0] = 85.0
    enhancement = np.where(labels > 0, 110.0, 0.0) * (1 + 0.2 * np.sin(y / 6)) + np.where(inside(0.86), 4.0, 0.0)
    gain = rng.uniform(0.6, 1.8)
    images = (
        np.abs(image + 2.0 * rng.standard_normal(SHAPE)).astype(np.float32) * scale
        for image, scale in ((t1, np.float32(3)), (t1 + enhancement, np.float32(3 * gain)))
    )
    return *images, labels


def save(path: Path, array: np.ndarray, affine: np.ndarray = AFFINE) -> None:
    """Write a NIfTI file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.nifti1.Nifti1Image(array, affine), path)


def study_files(root: Path, patient: str, session: str = "") -> dict[str, Path]:
    """Where the T1, the T1ce and the mask of a study lie."""
    place = Path(f"sub-{patient}", *([f"ses-{session}"] if session else []), "anat")
    stem = f"sub-{patient}_ses-{session}" if session else f"sub-{patient}"
    return {
        "t1": root / place / f"{stem}_T1w.nii.gz",
        "t1ce": root / place / f"{stem}_ce-gadolinium_T1w.nii.gz",
        "mask": root / "derivatives" / DERIVATIVE / place / f"{stem}_dseg.nii.gz",
    }


def write_study(root: Path, patient: str, session: str = "", seed: int | None = None) -> None:
    """Write one study; each patient has a seed of its own."""
    files = study_files(root, patient, session)
    t1, t1ce, labels = head(sum(map(ord, patient + session)) if seed is None else seed)
    save(files["t1"], t1)
    save(files["t1ce"], t1ce)
    save(files["mask"], labels)


def low_dose_file(root: Path, patient: str, session: str, label: str) -> Path:
    """Where a measured low dose of a study lies."""
    t1 = study_files(root, patient, session)["t1"]
    return t1.with_name(t1.name.replace("_T1w", f"_acq-{label}_ce-gadolinium_T1w"))


def write_low_dose(
    root: Path, patient: str, session: str, dose: float, label: str, *, gain: float = 0.7, noise: float = 6.0
) -> np.ndarray:
    """Write a scan at a lower dose, a linear mix on an intensity scale of its own; give the mix on that of the T1."""
    files = study_files(root, patient, session)
    t1, t1ce, labels = (np.asanyarray(nibabel.load(files[name]).dataobj) for name in ("t1", "t1ce", "mask"))
    still = (labels == 0) & (t1 > 250) & (t1 < 340)
    low = (1 - dose) * t1 + dose * t1ce * np.median(t1[still] / t1ce[still])
    rng = np.random.default_rng(sum(map(ord, patient + session + label)))
    noisy = np.hypot(low + noise * rng.standard_normal(SHAPE), noise * rng.standard_normal(SHAPE))
    save(low_dose_file(root, patient, session, label), (gain * noisy).astype(np.float32))
    return low


def t2_file(root: Path, patient: str, session: str = "") -> Path:
    """Where the T2 of a study lies."""
    t1 = study_files(root, patient, session)["t1"]
    return t1.with_name(t1.name.replace("_T1w", "_T2w"))


def write_t2(root: Path, patient: str, session: str = "") -> np.ndarray:
    """Write a T2: dark where the T1 is bright, liquor brightest, the tumor a little bright."""
    files = study_files(root, patient, session)
    t1, labels = (np.asanyarray(nibabel.load(files[name]).dataobj) for name in ("t1", "mask"))
    t2 = np.where(t1 > 30, 60 * np.exp(1.5 - t1 / 200.0), t1 / 10) + np.where(labels > 0, 20.0, 0.0)
    save(t2_file(root, patient, session), t2.astype(np.float32))
    return t2


def write_cohort(root: Path) -> Path:
    """Write the BIDS folder."""
    for patient, session in STUDIES:
        write_study(root, patient, session)
    (root / "derivatives" / DERIVATIVE / "dseg.tsv").write_text("index\tname\n1\tintrameatal\n2\textrameatal\n")
    return root


def settings(cohort: Path | str, **changes: Any) -> dict[str, Any]:
    """Settings of an experiment that takes seconds; `changes` are merged into them, group by group."""
    small: dict[str, Any] = {
        "cohort": {"path": str(cohort), "regions": {"intrameatal": [1], "extrameatal": [2]}},
        "preparation": {"alignment": "aligned"},
        "simulation": {"model": "linear", "noise": "none"},
        "doses": list(DOSES),
        "field": {
            "channels": [8, 8],
            "n_blocks": 1,
            "feature_channels": 8,
            "field_width": 8,
            "n_hidden_layers": 1,
            "n_frequencies": 2,
        },
        "training": {
            "n_samples": 24,
            "batch_size": 4,
            "patch_size": [32, 32],
            "precision": "fp32",
            "validate_every": 8,
            "n_validation_slices": 2,
        },
        "restoration": {"precision": "fp32", "interval_patients": 1},
        "evaluation": {"n_resamples": 100},
        "n_workers": 1,
    }
    for group, value in changes.items():
        small[group] = {**small[group], **value} if isinstance(value, dict) and group in small else value
    return small


def write_experiment(root: Path, cohort: Path | str, *, split: dict[str, str] | None = SPLIT, **changes: Any) -> Path:
    """Write experiment.yaml and, unless it shall be drawn, split.tsv."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "experiment.yaml").write_text(yaml.safe_dump(settings(cohort, **changes), sort_keys=False))
    if split is not None:
        rows = "".join(f"sub-{patient}\t{subset}\n" for patient, subset in split.items())
        (root / "split.tsv").write_text("participant_id\tsubset\n" + rows)
    return root
