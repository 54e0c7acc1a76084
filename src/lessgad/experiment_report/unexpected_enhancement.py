# SPDX-License-Identifier: Apache-2.0
"""Measured low doses in which the tumor enhances by another share than the signal equation says for the dose."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from jaxtyping import Float

from lessgad.dose.simulation import study_simulator
from lessgad.dose.simulator import BACKGROUND
from lessgad.dose_fraction import percent
from lessgad.experiment.opened import Experiment
from lessgad.experiment.scanned import scan_units
from lessgad.experiment.study_cautions import StudyCaution
from lessgad.experiment.study_files import prepared_files
from lessgad.experiment.unit_names import prepared
from lessgad.preparation.auxiliary_files import read_auxiliary_image
from lessgad.preparation.prepared_study import read_prepared

#: Of the enhancement at the standard dose. In 40 of 42 scans of generated patients the difference was at most 0.1; in
#: the other two, of one patient beyond the peak of the signal (twice the standard dose of gadopiclenol), 0.39 and 0.45.
MOST_DIFFERENCE = 0.2
LEAST_ENHANCEMENT = 0.1  # on the scale of [−1, 1]; shares of less are those of noise

Values = Float[np.ndarray, " voxels"]


def unexpected_enhancement(experiment: Experiment, usable: Collection[str]) -> list[StudyCaution]:
    """Warn of measured low doses of test studies that contradict their stated dose.

    Studies without a mask are not checked, nor are those without a signal equation.

    Args:
        experiment: The opened experiment.
        usable: Units that can be used.

    Returns:
        One caution for each such scan.

    Raises:
        VolumeError: A prepared image is missing or damaged.
    """
    found = []
    for study in experiment.studies(["test"]):
        scans = {unit: dose for unit, dose in scan_units(experiment, study).items() if unit in usable and dose > 0}
        if not scans or prepared(study) not in usable:
            continue
        pair = read_prepared(prepared_files(experiment, study))
        tumor = pair.tumor(experiment.settings.cohort.regions)
        simulator = study_simulator(pair, experiment.settings.simulation)
        if tumor is None or simulator.curve is None:
            continue
        t1, t1ce = pair.pre_contrast, pair.standard_dose
        for unit, dose in scans.items():
            low, _ = read_auxiliary_image(prepared_files(experiment, study).low_dose(dose))
            seen = tumor & (np.asarray(low) > BACKGROUND)
            before, after, scanned = (image[seen].astype(np.float64) for image in (t1, t1ce, low))
            expected = share_of_enhancement(before, after, simulator.mix(before, after, dose))
            measured = share_of_enhancement(before, after, scanned)
            if measured is not None and expected is not None and (words := contradiction(dose, measured, expected)):
                found.append(StudyCaution(unit.partition("/")[2], words))
    return found


def share_of_enhancement(pre_contrast: Values, standard_dose: Values, low_dose: Values) -> float | None:
    """Compute which share of the enhancement at the standard dose a low dose shows.

        share = mean(low dose − T1) / mean(T1ce − T1)

    Args:
        pre_contrast: T1 at the voxels of the tumor that all three scans cover, on [−1, 1].
        standard_dose: T1ce there.
        low_dose: Low dose there.

    Returns:
        The share; None if there are no voxels, or they enhance by 0.1 or less.
    """
    enhancement = float(np.mean(standard_dose - pre_contrast)) if pre_contrast.size else 0.0
    return float(np.mean(low_dose - pre_contrast)) / enhancement if enhancement > LEAST_ENHANCEMENT else None


def contradiction(dose: float, measured: float, expected: float) -> str | None:
    """Say that a scan enhances by another share than its dose lets expect.

    Args:
        dose: Stated dose, 0–1.
        measured: Share of the enhancement at the standard dose in the scan.
        expected: The same by the signal equation.

    Returns:
        One line; None if the two agree.
    """
    if abs(measured - expected) <= MOST_DIFFERENCE:
        return None
    why = (
        "the concentration at the standard dose is beyond the peak of the signal. Its restored image is too bright"
        if measured > expected
        else "the agent had not arrived. Its restored image is too dark"
    )
    return (
        f"the tumor shows {100 * measured:.0f} % of its enhancement at the standard dose, where {percent(dose)} of the "
        f"dose should show {100 * expected:.0f} %: the stated dose is wrong, or {why}"
    )
