# SPDX-License-Identifier: Apache-2.0
"""Hold a model against a 3D Gaussian on low doses that were truly scanned, and both against a repeated scan.

    lessgad phantom COHORT --patients 12 --seed 901 --low-dose 0.1 0.3 0.999
    python benchmarks/restoration_of_true_low_doses.py EXPERIMENT --patients 01 02 03 04 06 07 10 11 12

EXPERIMENT: prepared, with `low_dose: measured` and the doses of the cohort; 99.9 % of the dose is the repeated scan.
The Gaussian has the width that suits simulated low doses. One line for each study, dose and method, then the means.
The part of the head that T1, T1ce and low dose cover is judged; `better` counts the studies whose rms error is below
that of the low dose.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from lessgad.dose.low_doses import LowDoses
from lessgad.dose.simulation import SimulationSettings
from lessgad.evaluation.artifacts import artifact_scores
from lessgad.evaluation.enhancement import enhancement_scores
from lessgad.evaluation.enhancement_reference import enhancement_reference
from lessgad.evaluation.similarity import bounding_box, psnr_db
from lessgad.preparation.prepared_study import PreparedFiles, PreparedStudy, read_prepared
from lessgad.restoration.gaussian_baseline import scaled_average
from lessgad.restoration.restore_low_dose import restore_low_dose
from lessgad.restoration.restorer import Restorer
from lessgad.restoration.scan_facts import scan_facts

REPEAT = 0.999
WIDTHS_MM = {0.1: 1.3, 0.3: 1.0}
REGIONS = {"intrameatal": (1,), "extrameatal": (2,)}
FIGURES = ("rms error", "off by 30 %", "artifacts, ml", "PSNR, dB", "recovery", "false, ml")


def images_of(
    study: PreparedStudy, files: PreparedFiles, dose: float, restorer: Restorer
) -> Iterator[tuple[str, np.ndarray]]:
    """The image of each method at a dose, and the low dose itself first."""
    scanned = LowDoses(SimulationSettings(), {dose: files.low_dose(dose)}).at(study, dose)
    if dose == REPEAT:
        yield "repeat", scanned.image
        return
    yield "unrestored", scanned.image
    facts, box = scan_facts(study, scanned.simulator, scanned=True), study.head_box.slices
    t1, low = (np.asarray(image)[box].transpose(2, 1, 0) for image in (study.pre_contrast, scanned.image))
    smooth = scanned.image.copy()
    average = scaled_average(t1, low, dose, facts, WIDTHS_MM[dose])
    smooth[box] = np.clip(t1 + average, -1, 1).transpose(2, 1, 0)
    yield f"Gaussian {WIDTHS_MM[dose]} mm", smooth
    yield "model", restore_low_dose(restorer, study, scanned)[0]


def figures_of(study: PreparedStudy, image: np.ndarray, seen: np.ndarray) -> list[float]:
    tumor = study.tumor(REGIONS)
    assert tumor is not None
    t1, t1ce = np.asarray(study.pre_contrast), np.asarray(study.standard_dose)
    whole = artifact_scores(image, t1, t1ce, seen, tumor, study.spacing_mm, study.tissue_level)
    sigmas = study.sigma_pre_contrast or 0.0, study.sigma or 0.0
    reference = enhancement_reference(t1, t1ce, tumor, study.head, study.spacing_mm, sigmas)
    enhancement = enhancement_scores(image, reference, None)
    quality = psnr_db(image, t1ce, bounding_box(tumor))
    return [whole.rms_error, whole.off_share, whole.artifact_ml, quality, enhancement.recovery, enhancement.false_ml]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--model", type=Path, help="a model folder; without it the pretrained one")
    parser.add_argument("--patients", nargs="+", required=True, help="labels, such as 01 02")
    given = parser.parse_args()
    torch.set_num_threads(1)
    restorer = Restorer.load(given.model or "pretrained")
    rows: dict[tuple[float, str], list[list[float]]] = defaultdict(list)
    better: dict[tuple[float, str], int] = defaultdict(int)
    for path in sorted((given.experiment / "prepared").rglob("*_desc-prepared_T1w.nii")):
        stem = path.name.removesuffix("_desc-prepared_T1w.nii")
        if "_ce-" in stem or stem.split("_")[0].removeprefix("sub-") not in given.patients:
            continue
        files = PreparedFiles(path.parent, stem)
        study = read_prepared(files)
        for dose in (*WIDTHS_MM, REPEAT):
            before = None
            for name, image in images_of(study, files, dose, restorer):
                before = image if before is None else before
                found = figures_of(study, image, study.head & (before > -1))
                rows[dose, name].append(found)
                better[dose, name] += found[0] < rows[dose, "unrestored"][-1][0] if name != "repeat" else 0
                print(stem, dose, name, *(f"{value:.3f}" for value in found), flush=True)
    print("dose method | " + " | ".join(FIGURES) + " | better")
    for (dose, name), found_in in rows.items():
        means = " | ".join(f"{value:.3f}" for value in np.nanmean(found_in, axis=0))
        print(f"{dose} {name} | {means} | {better[dose, name]} of {len(found_in)}")


if __name__ == "__main__":
    main()
