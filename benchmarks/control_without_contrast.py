# SPDX-License-Identifier: Apache-2.0
"""The pre-contrast scan with fresh noise, called a low dose: nothing may grow in it.

    python benchmarks/control_without_contrast.py EXPERIMENT --dose 0.1 --subset test

Prints the recovery of each study with a tumor (0: nothing was invented in it) and the ml invented elsewhere, with
`--n-draws` times another noise; beside it those of `denoise_and_scale`, as the experiment tuned it.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np


def main() -> None:
    from lessgad.dose.low_doses import LowDose
    from lessgad.dose.simulation import study_simulator
    from lessgad.dose.simulator import not_scanned
    from lessgad.evaluation.enhancement import enhancement_scores
    from lessgad.evaluation.enhancement_reference import enhancement_reference
    from lessgad.experiment.models import model_of_dose
    from lessgad.experiment.opened import open_experiment
    from lessgad.experiment.study_files import prepared_files
    from lessgad.pipeline.usable import usable_studies
    from lessgad.preparation.prepared_study import read_prepared
    from lessgad.restoration.baseline_strengths import read_strengths
    from lessgad.restoration.denoised_baselines import denoise_and_scale
    from lessgad.restoration.restore_low_dose import restore_low_dose
    from lessgad.restoration.restorer import Restorer

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--dose", type=float, default=0.1)
    parser.add_argument("--subset", default="test")
    parser.add_argument("--n-draws", type=int, default=1)
    given = parser.parse_args()
    experiment = open_experiment(given.experiment)
    settings = experiment.settings
    restorer = Restorer.load(
        experiment.folder.model(model_of_dose(experiment.settings, given.dose)), settings.restoration
    )
    tuned = read_strengths(experiment.folder.baselines).at(given.dose)
    recoveries = []
    for study in usable_studies(experiment, given.subset):
        prepared = read_prepared(prepared_files(experiment, study))
        tumor = prepared.tumor(settings.cohort.regions)
        if tumor is None:
            continue
        t1, simulator = prepared.source_pair[0], study_simulator(prepared, settings.simulation)
        outside = not_scanned(prepared.pre_contrast, prepared.standard_dose)
        sigmas = (float(prepared.sigma_pre_contrast or 0), float(prepared.sigma or 0))
        reference = enhancement_reference(
            prepared.pre_contrast, prepared.standard_dose, tumor, prepared.head, prepared.spacing_mm, sigmas
        )
        for draw in range(given.n_draws):
            noise = replace(simulator, seed=(*simulator.seed, draw)) if draw else simulator
            scan = noise.slices(t1, t1, given.dose, outside)  # without contrast every dose is the T1
            low_dose = LowDose(scan, given.dose, simulator, simulator.sigma, measured=False)
            restored, _ = restore_low_dose(restorer, prepared, low_dose)
            scores = enhancement_scores(restored, reference, simulator.sigma)
            recoveries.append(scores.recovery)
            scaled = denoise_and_scale(
                prepared.pre_contrast,
                scan,
                sigma=simulator.sigma,
                strength=tuned.difference,
                scale=tuned.scale,
                head_box=prepared.head_box,
            )
            beside = enhancement_scores(np.clip(scaled, -1, 1), reference, simulator.sigma)
            print(
                f"{study.name}: recovery {scores.recovery:+.3f}, false {scores.false_ml:.2f} ml"
                f" (denoise_and_scale {beside.recovery:+.3f}, {beside.false_ml:.2f} ml)",
                flush=True,
            )
    print(f"mean recovery {np.nanmean(recoveries):+.3f}, largest {np.nanmax(recoveries):+.3f}")


if __name__ == "__main__":
    main()
