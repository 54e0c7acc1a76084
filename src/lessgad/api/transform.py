# SPDX-License-Identifier: Apache-2.0
"""Low-dose simulation as a dictionary transform of MONAI."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from monai.transforms import MapTransform, RandomizableTransform

from lessgad.cohort.acquisition import Acquisition
from lessgad.dose.dose_curve import DoseCurve
from lessgad.dose.linear import mix
from lessgad.dose.noise import add_noise
from lessgad.dose.simulation import SimulationSettings, dose_curve
from lessgad.dose_fraction import check_dose
from lessgad.errors import SettingsError


class SimulateLowDose(RandomizableTransform, MapTransform):  # type: ignore[misc]  # MONAI has no types
    """Add a simulated low dose, and the dose drawn for it, to the dictionary of a study.

    The images are registered, calibrated, and have true zero at 0. Take denoised images where noise is added.

    Example:
        >>> transform = lessgad.SimulateLowDose("t1", "t1ce", doses=(0.1, 0.3), noise=0.02)
        >>> study = transform({"t1": t1, "t1ce": t1ce})
        >>> study["low_dose"], study["dose"]

    Args:
        pre_contrast: Key of the T1, an array or tensor of any shape.
        standard_dose: Key of the T1ce, of the same shape.
        doses: Lowest and highest fraction of the standard dose, drawn uniformly between them.
        sequence: How the T1ce was acquired; None for the linear mix.
        noise: σ of the Rician noise, in the unit of the images; 0 adds none.
        output: Key of the low dose.
        dose: Key of its dose.

    Raises:
        DoseError: A dose is outside 0–1.
        SettingsError: The sequence does not tell enough for a signal equation.
    """

    def __init__(
        self,
        pre_contrast: Hashable = "pre_contrast",
        standard_dose: Hashable = "standard_dose",
        *,
        doses: tuple[float, float] = (0.05, 0.9),
        sequence: Acquisition | None = None,
        noise: float = 0.0,
        output: Hashable = "low_dose",
        dose: Hashable = "dose",
    ) -> None:
        MapTransform.__init__(self, [pre_contrast, standard_dose])
        RandomizableTransform.__init__(self, prob=1.0)
        self.pre_contrast, self.standard_dose = pre_contrast, standard_dose
        self.doses = check_dose(doses[0]), check_dose(doses[1])
        self.noise, self.output, self.dose = noise, output, dose
        curve = None if sequence is None else dose_curve(sequence, SimulationSettings())
        if isinstance(curve, str):
            raise SettingsError(f"No signal equation can be used for this scan: {curve}")
        self.curve: DoseCurve | None = curve

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Simulate a low dose of one study.

        Args:
            data: The dictionary; it is left as it is.

        Returns:
            A copy with the low dose, of the type of the T1, and its dose, a float.
        """
        study = dict(data)
        self.randomize(None)
        drawn = float(self.R.uniform(*self.doses))
        t1, t1ce = (np.asarray(study[key], dtype=np.float32) for key in (self.pre_contrast, self.standard_dose))
        low_dose = mix(t1, t1ce, drawn) if self.curve is None else self.curve.mix(t1, t1ce, drawn)
        if self.noise > 0:
            rng = np.random.default_rng(self.R.randint(2**31))
            low_dose = add_noise(np.maximum(low_dose, 0), self.noise, rng)
        study[self.output] = _like(low_dose.astype(np.float32), study[self.pre_contrast])
        study[self.dose] = drawn
        return study


def _like(array: np.ndarray, image: Any) -> Any:  # noqa: ANN401 - an array or a tensor
    """Give an array the type of an image: array, tensor or MetaTensor."""
    from monai.utils.type_conversion import convert_to_dst_type

    return convert_to_dst_type(array, image)[0]
