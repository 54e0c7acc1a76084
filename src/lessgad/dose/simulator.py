# SPDX-License-Identifier: Apache-2.0
"""What a scan of one study at a lower dose would have shown, on the scale of its normalized images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.dose_curve import DoseCurve
from lessgad.dose.linear import mix
from lessgad.dose.noise import add_noise
from lessgad.dose_fraction import check_dose
from lessgad.preparation.noise_correlation import WHITE, NoiseCorrelation

BACKGROUND = -1.0  # where true zero lies on the normalized scale


@dataclass(frozen=True)
class LowDoseSimulator:
    """Simulator of the low doses of one study from its two end points.

    Attributes:
        curve: How enhancement follows the dose; None for the paper's linear mix.
        sigma: SD of the noise of each channel, on the scale of [−1, 1]; 0 adds none.
        correlation: Correlation of the noise of neighboring pixels; x is the last axis of `scan`.
        seed: Seed of the noise of whole slices; the noise of a slice at a dose is always the same.
    """

    curve: DoseCurve | None = None
    sigma: float = 0.0
    correlation: NoiseCorrelation = WHITE
    seed: tuple[int, ...] = (0,)

    def mix(
        self, pre_contrast: Float[np.ndarray, "*shape"], standard_dose: Float[np.ndarray, "*shape"], dose: float
    ) -> Float[np.ndarray, "*shape"]:
        """Mix end points on [−1, 1] without adding noise; dose 0 and 1 give copies of them, bit for bit.

        Args:
            pre_contrast: T1.
            standard_dose: T1ce, on the same scale.
            dose: Dose as a fraction of the standard dose, 0–1.

        Returns:
            The noise-free low dose on [−1, 1].

        Raises:
            DoseError: `dose` is outside 0–1.
        """
        if self.curve is None or check_dose(dose) in (0, 1):
            return mix(pre_contrast, standard_dose, dose)
        low_dose = self.curve.mix(pre_contrast - BACKGROUND, standard_dose - BACKGROUND, dose) + BACKGROUND
        return np.clip(low_dose, -1, 1)

    def scan(
        self,
        pre_contrast: Float[np.ndarray, "*batch y x"],
        standard_dose: Float[np.ndarray, "*batch y x"],
        dose: float,
        rng: np.random.Generator,
        outside: Bool[np.ndarray, "*batch y x"] | None = None,
    ) -> Float[np.ndarray, "*batch y x"]:
        """Mix end points on [−1, 1], add fresh noise, and clip as normalization would.

        Args:
            pre_contrast: T1; without its own noise, where noise is added.
            standard_dose: T1ce on the same grid and scale.
            dose: Fraction of the standard dose, 0–1.
            rng: Random generator of the noise.
            outside: Voxels that are no measurement (`not_scanned`); no noise is added there.

        Returns:
            The noisy low dose on [−1, 1].
        """
        low_dose = self.mix(pre_contrast, standard_dose, dose)
        if self.sigma == 0:
            return low_dose
        magnitude = np.maximum(low_dose - BACKGROUND, 0)
        noisy = add_noise(magnitude, self.sigma, rng, correlation=self.correlation)
        scanned = np.clip(noisy + BACKGROUND, -1, 1)
        return scanned if outside is None else np.where(outside, low_dose, scanned)

    def slices(
        self,
        pre_contrast: Float[np.ndarray, "x y z"],
        standard_dose: Float[np.ndarray, "x y z"],
        dose: float,
        outside: Bool[np.ndarray, "x y z"] | None = None,
        numbers: Sequence[int] | None = None,
    ) -> Float[np.ndarray, "x y n"]:
        """Scan transverse slices of a volume.

        Args:
            pre_contrast: T1 on [−1, 1] in transverse order, as for `scan`.
            standard_dose: T1ce on the same grid and scale.
            dose: Fraction of the standard dose, 0–1.
            outside: Voxels that were not scanned, as for `scan`.
            numbers: Slice numbers, from 0; None for all.

        Returns:
            The slices on [−1, 1], (x, y, n).

        Raises:
            DoseError: `dose` is outside 0–1.
        """
        if numbers is None:
            return self.cut_slices(pre_contrast, standard_dose, dose, range(pre_contrast.shape[2]), outside)
        chosen = list(numbers)
        some = None if outside is None else outside[:, :, chosen]
        return self.cut_slices(pre_contrast[:, :, chosen], standard_dose[:, :, chosen], dose, numbers, some)

    def cut_slices(
        self,
        pre_contrast: Float[np.ndarray, "x y n"],
        standard_dose: Float[np.ndarray, "x y n"],
        dose: float,
        numbers: Sequence[int],
        outside: Bool[np.ndarray, "x y n"] | None = None,
    ) -> Float[np.ndarray, "x y n"]:
        """Simulate low-dose scans of slices that were cut from a volume, with the noise of their place in it.

        Args:
            pre_contrast: T1 on [−1, 1] in transverse order, as for `scan`.
            standard_dose: T1ce on the same grid and scale.
            dose: Fraction of the standard dose, 0–1.
            numbers: Numbers of the slices in the volume, which determine their noise.
            outside: Voxels that were not scanned, as for `scan`.

        Returns:
            The slices on [−1, 1], (x, y, n).

        Raises:
            DoseError: `dose` is outside 0–1.
        """
        dose_seed = round(1e6 * check_dose(dose))
        rows_of_x = replace(self, correlation=self.correlation.transposed)
        scanned = [
            rows_of_x.scan(
                np.asarray(pre_contrast[:, :, index]),
                np.asarray(standard_dose[:, :, index]),
                dose,
                np.random.default_rng([*self.seed, dose_seed, number]),
                None if outside is None else outside[:, :, index],
            )
            for index, number in enumerate(numbers)
        ]
        return np.stack(scanned, axis=2)


def not_scanned(
    pre_contrast: Float[np.ndarray, "*shape"], standard_dose: Float[np.ndarray, "*shape"]
) -> Bool[np.ndarray, "*shape"]:
    """Find voxels that are exactly zero in both scans: skull-stripped or padded, not measured.

    Args:
        pre_contrast: T1.
        standard_dose: T1ce, on the same scale.

    Returns:
        True for such voxels.
    """
    return (np.asarray(pre_contrast) == BACKGROUND) & (np.asarray(standard_dose) == BACKGROUND)
