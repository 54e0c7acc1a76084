# SPDX-License-Identifier: Apache-2.0
"""What the best baseline would gain if it denoised in three dimensions instead of slice by slice.

    python benchmarks/denoising_in_three_dimensions.py EXPERIMENT

Around the tumor of each validation study of a prepared experiment: T1 + denoise(low − T1)/β by non-local means, in
slices as the baselines do (5×5 px patches, 9×9 px search) and in volumes (3×3×3, 7×7×7), each with the strength that is
best for that study and dose.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np

DOSES = (0.1, 0.3, 0.5)
STRENGTHS = (0.2, 0.35, 0.5, 0.7, 1.0, 1.4)
MARGIN_PX = 10


def main() -> int:
    from skimage.restoration import denoise_nl_means

    from lessgad.dose.simulation import study_simulator
    from lessgad.evaluation.similarity import bounding_box, psnr_db
    from lessgad.experiment.opened import open_experiment
    from lessgad.experiment.study_files import prepared_files
    from lessgad.pipeline.usable import usable_studies
    from lessgad.preparation.prepared_study import read_prepared
    from lessgad.restoration.denoised_baselines import PATCH_PX, REACH_PX

    def in_slices(image, strength):
        cut = [
            denoise_nl_means(image[..., k], PATCH_PX, REACH_PX, h=strength, sigma=1.0) for k in range(image.shape[2])
        ]
        return np.stack(cut, axis=2)

    def in_volumes(image, strength):
        return denoise_nl_means(image, 3, 3, h=strength, sigma=1.0)

    experiment = open_experiment(Path(sys.argv[1]))
    print("| study | " + " | ".join(f"{dose:.0%}: slices, volumes" for dose in DOSES) + " |")
    for number, study in enumerate(usable_studies(experiment, "validation"), start=1):
        prepared = read_prepared(prepared_files(experiment, study))
        simulator = study_simulator(prepared, experiment.settings.simulation)
        judged = bounding_box(prepared.tumor(experiment.settings.cohort.regions))
        at = np.argwhere(judged)
        box = tuple(
            slice(max(0, low - MARGIN_PX), high + MARGIN_PX + 1)
            for low, high in zip(at.min(axis=0), at.max(axis=0), strict=True)
        )
        pre, post, inside = (
            np.asarray(image[box]) for image in (prepared.pre_contrast, prepared.standard_dose, judged)
        )
        t1, t1ce = (np.asarray(image[box]).transpose(2, 1, 0) for image in prepared.source_pair)
        row = []
        for dose in DOSES:
            low_dose = simulator.scan(t1, t1ce, dose, np.random.default_rng(0)).transpose(2, 1, 0)
            sigma = math.sqrt(2) * simulator.sigma
            relative = ((low_dose - pre) / sigma).astype(np.float64)
            best = [
                max(psnr_db(pre + sigma * denoised(relative, h) / dose, post, inside) for h in STRENGTHS)
                for denoised in (in_slices, in_volumes)
            ]
            row.append("{:.1f}, {:.1f}".format(*best))
        print(f"| {number} | " + " | ".join(row) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
