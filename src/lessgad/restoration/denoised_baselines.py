# SPDX-License-Identifier: Apache-2.0
"""Restorations that average noise away: of the low dose, or of its difference to the T1, scaled up."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.non_local_means import non_local_means, part_of
from lessgad.errors import SettingsError
from lessgad.preparation.head import HeadBox

# Best for the difference on training patients: at 30-90 % of the dose by 0.1 dB over any neighbor, at 5 % by 0.15 dB.
PATCH_PX = 5
REACH_PX = 4
#: Around the box of the head in a slice: the window of SSIM, then what is averaged.
BEYOND_HEAD_PX = 5 + PATCH_PX // 2 + REACH_PX


def denoise(
    low_dose: Float[np.ndarray, "x y z"],
    *,
    sigma: float,
    strength: float,
    head_box: HeadBox | None = None,
    head: Bool[np.ndarray, "x y z"] | None = None,
) -> Float[np.ndarray, "x y z"]:
    """Denoise a low dose without scaling its enhancement.

    Non-local means of each transverse slice (5×5 px patches, 9×9 px search, h = strength · σ).

    Args:
        low_dose: Low dose in transverse order, any unit.
        sigma: SD of its noise, same unit; 0 (noise-free or unknown) gives a copy.
        strength: h in units of σ; 0 gives a copy. The patches of pure noise differ by 2σ², and that much is always
            forgiven: already a small strength averages homogeneous tissue, a larger one blurs structure.
        head_box: Box to denoise; voxels outside it are left as they are. None for the whole image.
        head: Foreground; in each slice only its box is denoised, with the margin that metrics use.

    Returns:
        The denoised image.

    Raises:
        SettingsError: σ or the strength is negative or not finite.

    Source: Buades et al., CVPR 2005.
    """
    _check("noise level", sigma)
    _check("strength", strength)
    smooth = low_dose.copy()
    if sigma == 0 or strength == 0:
        return smooth
    box = _where(head_box)
    cut = smooth[box]
    for k in range(cut.shape[2]):
        part = (slice(None), slice(None)) if head is None else part_of(head[box][:, :, k], BEYOND_HEAD_PX)
        if part is not None:
            relative = np.ascontiguousarray(cut[:, :, k][part]) / np.float32(sigma)
            cut[:, :, k][part] = sigma * non_local_means(relative, strength, PATCH_PX, REACH_PX)
    return smooth


def denoise_and_scale(
    pre_contrast: Float[np.ndarray, "x y z"],
    low_dose: Float[np.ndarray, "x y z"],
    *,
    sigma: float,
    strength: float,
    scale: float,
    head_box: HeadBox | None = None,
    head: Bool[np.ndarray, "x y z"] | None = None,
) -> Float[np.ndarray, "x y z"]:
    """Denoise the measured enhancement and scale it to the full dose.

        T1 + λ · denoise(low − T1)

    Strength 0 and λ = 1/β is `subtract_and_scale`; strength 0 and λ = 1 is the low dose itself. The noise of the T1
    stays in. At dose 0 there is no enhancement to scale: λ then mixes two scans of the same thing.

    Args:
        pre_contrast: T1 in transverse order, any unit.
        low_dose: Low dose on the same grid and scale.
        sigma: SD of the noise of the low dose; the T1 is taken to be as noisy, so the difference has √2 σ.
        strength: Strength of the denoising, in units of √2 σ.
        scale: λ.
        head_box: Box to restore; outside it the T1 is returned. None for the whole image.
        head: Foreground, as for `denoise`.

    Returns:
        The restored image.

    Raises:
        SettingsError: σ or the strength is negative or not finite.
    """
    restored, box = pre_contrast.copy(), _where(head_box)
    inside = None if head is None else head[box]
    difference = low_dose[box] - pre_contrast[box]
    difference = denoise(difference, sigma=math.sqrt(2) * sigma, strength=strength, head=inside)
    restored[box] += np.asarray(scale, dtype=difference.dtype) * difference
    return restored


def _where(head_box: HeadBox | None) -> tuple[slice, slice, slice]:
    everything = slice(None)
    return (everything, everything, everything) if head_box is None else head_box.slices


def _check(what: str, value: float) -> None:
    if not 0 <= value < math.inf:
        raise SettingsError(f"The {what} is {value:g}; it must be 0 or above")
