# SPDX-License-Identifier: Apache-2.0
"""How many voxels of one kind of low dose intervals cover that were calibrated on another kind.

    python benchmarks/intervals_of_true_low_doses.py EXPERIMENT --doses 0.1 0.3 0.5

The experiment has `low_dose: measured`, a trained model and prepared scans of validation patients. Each
patient is judged with the factor that the others give.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

MOST_SLICES = 24
KINDS = ("simulated, as the T1ce lies", "simulated, lies otherwise", "true scans")


def main() -> None:
    from lessgad.dose.simulation import study_simulator
    from lessgad.experiment.models import model_of_dose
    from lessgad.experiment.opened import open_experiment
    from lessgad.experiment.read_study import scanned_low_doses, usable_of
    from lessgad.experiment.scanned import MIN_SCANNED
    from lessgad.pipeline.usable import usable_units
    from lessgad.restoration.conformal_intervals import covering_factor
    from lessgad.restoration.restorer import Restorer
    from lessgad.training.validation import ValidationSlices
    from lessgad.training.validation_scans import find_tuning_scans

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--doses", type=float, nargs="+", default=(0.1, 0.3, 0.5))
    given = parser.parse_args()
    experiment = open_experiment(given.experiment)
    settings, usable = experiment.settings, usable_units(experiment)
    regions, n_context = settings.cohort.regions, settings.field.n_context_slices
    files = usable_of(experiment, experiment.studies(["validation"]), usable)
    sources = [scanned_low_doses(experiment, one.study, usable) for one in files]
    of_all = [one.read() for one in files], sources, settings.simulation, regions
    plain, moved = (find_tuning_scans(*of_all, least=MIN_SCANNED, extent=extent) for extent in (0.0, 1.0))
    of_kind = ([one.simulated for one in plain], [one.simulated for one in moved], plain)
    for dose in given.doses:
        model = experiment.folder.model(model_of_dose(experiment.settings, dose))
        restorer = Restorer.load(model, settings.restoration)
        scores = {kind: defaultdict(list) for kind in KINDS}
        for kind, sources in zip(KINDS, of_kind, strict=True):
            for one, scans in zip(plain, sources, strict=True):
                if not one.has(dose):
                    continue
                simulator, tumor = study_simulator(one.study, settings.simulation), one.study.tumor(regions)
                slices = ValidationSlices.of(one.study, tumor, simulator, MOST_SLICES, n_context, scans)
                found = slices.restored(restorer.field, slices.low_dose(dose), dose, settings.restoration)
                error = np.abs(found.restored - slices.standard_dose)[slices.judged]
                scores[kind][one.study.patient].append(error / found.half_width[slices.judged])
        patients = {kind: {name: np.concatenate(of) for name, of in found.items()} for kind, found in scores.items()}
        for calibrated_on in KINDS:
            known, row = patients[calibrated_on], []
            for judged in KINDS:
                shares = []
                for name, seen in patients[judged].items():
                    factor = covering_factor([of for other, of in known.items() if other != name])
                    shares.append(float(np.mean(seen <= factor)))
                row.append(f"{judged} {np.mean(shares):.0%} (least {min(shares):.0%})")
            print(f"{dose:.0%}, calibrated on {calibrated_on}: covers of " + "; ".join(row), flush=True)


if __name__ == "__main__":
    main()
