# SPDX-License-Identifier: Apache-2.0
"""From which intensity on a voxel counts as enhancing: one threshold per study, the same for every method."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.errors import VolumeError

N_SIGMAS = 3.0
N_SPREADS = 2.0
SHARE_OF_TUMOR = 0.5
SD_PER_MAD = 1.4826022185056018


@dataclass(frozen=True)
class EnhancementThreshold:
    """The threshold of a study and what it was set from, all on the scale of [−1, 1].

    Attributes:
        noise: SD of the noise of T1ce − T1.
        spread: Robust SD about zero of T1ce − T1 in the head outside the tumor.
        tumor_median: Median of T1ce − T1 in the tumor.
    """

    noise: float
    spread: float
    tumor_median: float

    @property
    def value(self) -> float:
        """The threshold: max(3·noise, 2·spread, tumor median / 2)."""
        return max(N_SIGMAS * self.noise, N_SPREADS * self.spread, SHARE_OF_TUMOR * self.tumor_median)

    @property
    def tumor_over_spread(self) -> float:
        """Median enhancement of the tumor over the spread; up to `N_SPREADS`, other tissue differs as much anyhow."""
        if self.spread > 0:
            return self.tumor_median / self.spread
        return math.copysign(math.inf, self.tumor_median) if self.tumor_median else 0.0


def exceeds_other_tissue(median: float, noise: float, spread: float) -> bool:
    """Say whether a region differs from T1 to T1ce by more than unenhanced tissue does.

        median > 2·√(spread² − noise²)

    Noise averages out over a region; what else tells the two scans apart (sequence, calibration, texture) does not.

    Args:
        median: Median of T1ce − T1 in the region.
        noise: SD of the noise of T1ce − T1.
        spread: Robust SD about zero of T1ce − T1 in other tissue.

    Returns:
        True if it does.
    """
    return median > N_SPREADS * math.sqrt(max(spread**2 - noise**2, 0.0))


def enhancement_threshold(
    enhancement: Float[np.ndarray, "x y z"],
    tumor: Bool[np.ndarray, "x y z"],
    elsewhere: Bool[np.ndarray, "x y z"],
    sigmas: tuple[float, float] | None,
) -> EnhancementThreshold:
    """Set the threshold of a study from its standard dose alone.

        threshold = max(3·√(σ₁² + σ₂²), 2·s, median E in the tumor / 2),   s = 1.4826 · median |E| elsewhere

    Noise alone would suffice only if T1 and T1ce were equal wherever nothing enhances. They are not: in 12 glioma pairs
    (training and validation patients) s is 1.7 to 12 times the noise, by sequence, calibration and texture. By the
    first term alone 180 to 540 ml of a head enhance, by the second 55 to 190 ml, the vessels among them. The third
    requires at least half of the enhancement that is typical of this tumor.

    Args:
        enhancement: E, T1ce − T1.
        tumor: Mask of the tumor.
        elsewhere: The head outside the dilated tumor; most of it does not enhance.
        sigmas: σ of T1 and T1ce on that scale; None where unknown, then it is measured (`noise_of`).

    Returns:
        The threshold and its components, on the scale of [−1, 1].

    Raises:
        VolumeError: There is no voxel in the tumor or elsewhere.
    """
    for name, region in (("tumor", tumor), ("head outside the tumor", elsewhere)):
        if not region.any():
            raise VolumeError(f"The {name} has no voxels")
    noise = math.hypot(*sigmas) if sigmas is not None else noise_of(enhancement, elsewhere)
    spread = SD_PER_MAD * float(np.median(np.abs(enhancement[elsewhere])))
    return EnhancementThreshold(noise, spread, float(np.median(enhancement[tumor])))


def noise_of(difference: Float[np.ndarray, "x y z"], region: Bool[np.ndarray, "x y z"]) -> float:
    """Measure the white noise of a difference image: its second difference along x, which smooth structure leaves.

        r = (E(x−1) − 2·E(x) + E(x+1)) / √6;   σ = 1.4826 · median |r|

    Texture and edges that the images do not share add to it; resampling hides part of it.

    Args:
        difference: E, any unit.
        region: Voxels to measure in; those whose neighbors along x lie in it too are used.

    Returns:
        σ, 0 where no voxel can be used.
    """
    inside = region[1:-1] & region[2:] & region[:-2]
    if not inside.any():
        return 0.0
    residual = difference[:-2][inside] - 2 * difference[1:-1][inside] + difference[2:][inside]
    return SD_PER_MAD * float(np.median(np.abs(residual))) / math.sqrt(6)
