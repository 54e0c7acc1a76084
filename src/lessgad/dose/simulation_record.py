# SPDX-License-Identifier: Apache-2.0
"""How the low doses of a study were made, for the record: its curve or the reason for none, its noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.dose_curve import DoseCurve
from lessgad.dose.simulation import SimulationSettings, dose_curve, study_simulator
from lessgad.dose.simulator import BACKGROUND
from lessgad.preparation.prepared_study import PreparedStudy


@dataclass(frozen=True)
class SimulationRecord:
    """One row of ``results/simulation.csv``.

    Attributes:
        patient: BIDS label without ``sub-``.
        session: BIDS label without ``ses-``; empty where there is none.
        subset: train, validation or test.
        model: ``signal_equation`` or ``linear``, as it was used.
        reason: Why linear; empty for the signal equation.
        sequence: Kind of the sequence's equation; empty for linear.
        sigma: SD of the added noise on the scale of [−1, 1]; 0 for none.
        snr: Tissue level over `sigma`; infinite for none.
        beyond_head: Share of head voxels that enhance more than the curve explains; NaN for linear.
        beyond_tumor: The same share of tumor voxels; NaN without a mask.
        lost_to_calibration: Estimated share of the tumor's enhancement that the calibration takes for shading; NaN if
            unknown.
    """

    patient: str
    session: str
    subset: str
    model: str
    reason: str
    sequence: str
    sigma: float
    snr: float
    beyond_head: float
    beyond_tumor: float
    lost_to_calibration: float = math.nan


def simulation_record(
    study: PreparedStudy, tumor: Bool[np.ndarray, "x y z"] | None, subset: str, settings: SimulationSettings
) -> SimulationRecord:
    """Record how the low doses of a study are made.

    Args:
        study: The prepared study.
        tumor: Mask of the tumor; None without one.
        subset: Subset of the patient.
        settings: Settings of the simulation.

    Returns:
        The record.

    Raises:
        StudyError: Its noise is to be matched and is not known.
    """
    curve = dose_curve(study.acquisition, settings)
    sigma = study_simulator(study, settings).sigma
    modeled = isinstance(curve, DoseCurve)
    return SimulationRecord(
        patient=study.patient,
        session=study.session,
        subset=subset,
        model="signal_equation" if modeled else "linear",
        reason="" if isinstance(curve, DoseCurve) else curve,
        sequence=curve.sequence.kind if isinstance(curve, DoseCurve) else "",
        sigma=sigma,
        snr=study.tissue_level / sigma if sigma > 0 else float("inf"),
        beyond_head=_share_beyond(curve, study, study.head),
        beyond_tumor=_share_beyond(curve, study, tumor),
    )


def _share_beyond(curve: DoseCurve | str, study: PreparedStudy, area: Bool[np.ndarray, "x y z"] | None) -> float:
    if isinstance(curve, str) or area is None:
        return float("nan")
    t1, t1ce = (_magnitude(image, area) for image in study.source_pair)
    return float(curve.beyond(t1, t1ce).mean())


def _magnitude(image: Float[np.ndarray, "x y z"], area: Bool[np.ndarray, "x y z"]) -> Float[np.ndarray, " voxel"]:
    return np.asarray(image[area]) - BACKGROUND
