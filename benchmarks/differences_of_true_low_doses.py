# SPDX-License-Identifier: Apache-2.0
"""How much of the fine differences between T1 and T1ce a true low dose has: a share of the dose, or its own.

    python benchmarks/differences_of_true_low_doses.py EXPERIMENT

For each validation study of a prepared experiment with `low_dose: measured`, where nothing enhances: the slope of
low − T1 over T1ce − T1, both without what is smooth, and how large the former is along the steepest edges in units of
the latter. A simulated low dose has the slope β; scans that lie independently of one another ½ at any dose.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

STEEPEST = 0.02


def main() -> int:
    from lessgad.preparation.prepared_study import read_prepared
    from lessgad.training.scan_position import SMOOTHING_MM, fine_difference
    from lessgad.volume import read_volume
    from lessgad.workflow.experiment import open_experiment
    from lessgad.workflow.prepare import prepared_files
    from lessgad.workflow.train import usable_studies

    experiment = open_experiment(Path(sys.argv[1]))
    slopes, edges = defaultdict(list), defaultdict(list)
    for study in usable_studies(experiment, "validation"):
        files = prepared_files(experiment, study)
        prepared = read_prepared(files)
        spacing_mm = prepared.spacing_mm[1], prepared.spacing_mm[0]
        turned = [np.ascontiguousarray(np.asarray(image).transpose(2, 1, 0)) for image in prepared.end_points]
        pre, head = (np.asarray(image).transpose(2, 1, 0) for image in (prepared.pre_contrast, prepared.head))
        fine = fine_difference(*turned, spacing_mm)
        sigma = [0.0, *(SMOOTHING_MM / mm for mm in spacing_mm)]
        folder = experiment.folder.prepared(study.patient, study.session)
        for dose in (dose for dose in experiment.settings.doses if dose > 0):
            for path in folder.glob(f"*acq-dose{100 * dose:g}_*desc-prepared_T1w.nii"):
                low = read_volume(path).array.transpose(2, 1, 0) - pre
                low = low - gaussian_filter(low, sigma)
                inside = head & (fine != 0)
                slopes[dose].append(float((fine * low)[inside].sum() / (fine**2)[inside].sum()))
                steep = inside & (np.abs(fine) > np.quantile(np.abs(fine[inside]), 1 - STEEPEST))
                edges[dose].append(float(low[steep].std() / fine[steep].std()))
    print("| dose | studies | slope: mean (least to most) | low dose along edges, in units of the T1ce |")
    for dose, found in sorted(slopes.items()):
        spread = f"{np.mean(found):.2f} ({min(found):.2f} to {max(found):.2f})"
        print(f"| {dose:.0%} | {len(found)} | {spread} | {np.mean(edges[dose]):.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
