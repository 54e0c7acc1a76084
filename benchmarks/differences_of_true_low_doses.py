# SPDX-License-Identifier: Apache-2.0
"""How much of the fine differences between T1 and T1ce a low dose has: a share of the dose, or its own.

    python benchmarks/differences_of_true_low_doses.py EXPERIMENT

For each validation study of a prepared experiment with `low_dose: measured`, for its true low doses and for simulated
ones: both differences to the T1 without what is smooth, weighted by how surely nothing enhances; the slope of the low
dose's over the T1ce's, and how large the former is in the steepest places of the latter, in units of it. Without noise
a linear mix has β in both; scans that lie independently of one another have a slope of ½ at any dose.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

STEEPEST = 0.02


def main() -> int:
    from lessgad.dose.simulation import simulated_low_dose
    from lessgad.dose.simulator import not_scanned
    from lessgad.experiment.opened import open_experiment
    from lessgad.experiment.study_files import prepared_files
    from lessgad.pipeline.usable import usable_studies
    from lessgad.preparation.prepared_study import read_prepared
    from lessgad.training.misalignment import SMOOTHING_MM, unenhanced_weight
    from lessgad.volume import read_volume

    experiment = open_experiment(Path(sys.argv[1]))
    slopes, edges = defaultdict(list), defaultdict(list)
    for study in usable_studies(experiment, "validation"):
        prepared = read_prepared(prepared_files(experiment, study))
        sigma = [SMOOTHING_MM / mm for mm in prepared.spacing_mm[:2]] + [0.0]
        t1, t1ce = (np.asarray(image) for image in prepared.source_pair)
        weight = unenhanced_weight(gaussian_filter(t1ce - t1, sigma)) * (prepared.head & ~not_scanned(t1, t1ce))

        def fine(difference, weight=weight, sigma=sigma):
            return weight * (difference - gaussian_filter(difference, sigma))

        standard = fine(t1ce - t1)
        steep = np.abs(standard) > np.quantile(np.abs(standard[prepared.head]), 1 - STEEPEST)
        folder = experiment.folder.prepared(study.patient, study.session)
        for dose in (dose for dose in experiment.settings.doses if dose > 0):
            low_doses = {"simulated": [simulated_low_dose(prepared, dose, experiment.settings.simulation)]}
            scanned = folder.glob(f"*acq-dose{100 * dose:g}_*desc-prepared_T1w.nii")
            low_doses["true"] = [read_volume(path).array for path in scanned]
            for kind, low_dose in ((kind, image) for kind, images in low_doses.items() for image in images):
                low = fine(np.asarray(low_dose, np.float32) - np.asarray(prepared.pre_contrast))
                slopes[dose, kind].append(float((standard * low).sum() / (standard**2).sum()))
                edges[dose, kind].append(float(low[steep].std() / standard[steep].std()))
    print("| dose | low dose | studies | slope: mean (least to most) | at the steepest, in units of the T1ce |")
    for (dose, kind), found in sorted(slopes.items()):
        spread = f"{np.mean(found):.2f} ({min(found):.2f} to {max(found):.2f})"
        print(f"| {dose:.0%} | {kind} | {len(found)} | {spread} | {np.mean(edges[dose, kind]):.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
