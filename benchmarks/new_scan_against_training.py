# SPDX-License-Identifier: Apache-2.0
"""What it costs that a new scan is registered and calibrated by itself, without any standard-dose image.

    python benchmarks/new_scan_against_training.py EXPERIMENT --subset validation

Each simulated low dose is said to lie elsewhere (its affine is turned by 4° and moved by 5 mm; its voxels stay), its
intensities are multiplied by 2.7, and it is restored with the T1 as `lessgad restore --pre-contrast` does. The result
lies on the voxels of the low dose, so it is held against the standard dose beside the one restored under training's
conditions.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

SCALE = 2.7


def moved_affine(affine: np.ndarray) -> np.ndarray:
    """The same voxels of a head that lies otherwise: 4° about z, 5 mm."""
    angle = np.deg2rad(4.0)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    turn[:3, 3] = [3.0, -3.5, 2.0]
    return turn @ affine


def main() -> None:
    from lessgad.dose.simulation import simulated_low_dose
    from lessgad.evaluation.similarity import bounding_box, psnr_db
    from lessgad.experiment.models import model_of_dose
    from lessgad.experiment.opened import open_experiment
    from lessgad.experiment.study_files import prepared_files
    from lessgad.pipeline.usable import usable_studies
    from lessgad.preparation.prepared_study import read_prepared
    from lessgad.restoration.restorer import Restorer
    from lessgad.restoration.volumes import restore_volume
    from lessgad.volume import Volume, in_transverse_order, read_volume

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--subset", default="validation")
    given = parser.parse_args()
    experiment = open_experiment(given.experiment)
    settings = experiment.settings
    losses = []
    for study in usable_studies(experiment, given.subset):
        files = prepared_files(experiment, study)
        prepared = read_prepared(files)
        tumor = prepared.tumor(settings.cohort.regions)
        judged = prepared.head if tumor is None else bounding_box(tumor)
        affine = in_transverse_order(read_volume(files.pre_contrast)).affine
        t1 = Volume(np.asarray(prepared.pre_contrast) + 1, affine)
        for dose in (0.1, 0.3, 0.5):
            restorer = Restorer.load(
                experiment.folder.model(model_of_dose(experiment.settings, dose)), settings.restoration
            )
            low = simulated_low_dose(prepared, dose, settings.simulation)
            there = Volume(SCALE * (low + 1), moved_affine(affine))
            found = restorer.restore(there, dose, t1).array / SCALE - 1
            images = {"pre_contrast": prepared.pre_contrast, "low_dose": low}
            trained = restore_volume(
                restorer.field, images, dose, prepared.head_box, prepared.spacing_mm, settings.restoration
            ).restored
            as_new, as_trained = (psnr_db(image, prepared.standard_dose, judged) for image in (found, trained))
            losses.append(as_trained - as_new)
            print(f"{study.name} {100 * dose:g} %: {as_trained:.2f} dB, as a new scan {as_new:.2f} dB", flush=True)
    print(f"mean loss {np.mean(losses):.2f} dB, largest {np.max(losses):.2f} dB")


if __name__ == "__main__":
    main()
