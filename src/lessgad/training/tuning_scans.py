# SPDX-License-Identifier: Apache-2.0
"""The low doses of a validation study that a trained model's limits are found on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.simulation import SimulationSettings, study_simulator
from lessgad.dose.simulator import LowDoseSimulator, not_scanned
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.training.misalignment import fine_difference, own_share, with_misalignment


class TuningScan(NamedTuple):
    """Transverse slices of a study at a lower dose.

    Attributes:
        image: Image on [−1, 1].
        simulator: What takes a standard dose to this dose, with the noise of the image.
        misaligned: Whether the head has another position than in the T1ce of the pair.
    """

    image: Float[np.ndarray, "x y n"]
    simulator: LowDoseSimulator
    misaligned: bool = False


@runtime_checkable
class TuningScans(Protocol):
    """Low doses of one study."""

    def has(self, dose: float) -> bool:
        """Whether the study counts at a dose."""

    def at(self, dose: float, numbers: Sequence[int]) -> TuningScan:
        """Give slices of the scan, with the same noise at each call.

        Args:
            dose: Dose as a fraction of the standard dose, 0–1.
            numbers: Slice numbers, from 0.

        Returns:
            The slices.
        """


@dataclass(frozen=True, eq=False)
class SimulatedScans:
    """Simulated ones, that lie as the T1ce of the pair or, as a scan of its own does, otherwise.

    Attributes:
        study: The prepared study.
        simulation: Settings of the low-dose simulation.
        tumor: Its mask, where positions change nothing (`fine_difference`); None where it has none.
        extent: `training.vary_position`: 0 leaves them where the T1ce lies. Dose 0 always lies as the T1.
        deviate: Position of the low doses, in standard deviations (`own_share`): −1 and +1 in turn have the mean and
            the variance of the positions that training draws.
    """

    study: PreparedStudy
    simulation: SimulationSettings
    tumor: Bool[np.ndarray, "x y z"] | None = None
    extent: float = 0.0
    deviate: float = 1.0

    def has(self, dose: float) -> bool:  # noqa: ARG002
        """At any dose."""
        return True

    def at(self, dose: float, numbers: Sequence[int]) -> TuningScan:
        """Mix slices and add noise.

        Args:
            dose: Dose as a fraction of the standard dose, 0–1.
            numbers: Slice numbers, from 0.

        Returns:
            The slices.
        """
        study, chosen = self.study, list(numbers)
        simulator = study_simulator(study, self.simulation)
        t1, t1ce = (np.asarray(image[..., chosen]) for image in study.source_pair)
        misaligned = self.extent > 0 and dose > 0 and simulator.sigma > 0
        if misaligned:
            tumor = None if self.tumor is None else np.moveaxis(self.tumor[..., chosen], 2, 0)
            in_order = np.moveaxis(t1, 2, 0), np.moveaxis(t1ce, 2, 0)  # smoothing is in plane
            fine = np.moveaxis(fine_difference(*in_order, study.spacing_mm[:2], tumor), 0, 2)
            t1, t1ce = with_misalignment((t1, t1ce), fine, dose, own_share(self.deviate), self.extent)
        outside = not_scanned(study.pre_contrast[..., chosen], study.standard_dose[..., chosen])
        return TuningScan(simulator.cut_slices(t1, t1ce, dose, numbers, outside), simulator, misaligned)
