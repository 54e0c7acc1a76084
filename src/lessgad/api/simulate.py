# SPDX-License-Identifier: Apache-2.0
"""Simulate a low-dose scan from a pair of scans."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from lessgad.cohort.acquisition import Acquisition, acquisition_beside
from lessgad.dose.denoising import denoise
from lessgad.dose.dose_curve import DoseCurve
from lessgad.dose.linear import mix
from lessgad.dose.noise import add_noise
from lessgad.dose.noise_level import NoiseLevel, estimate_noise
from lessgad.dose.simulation import SimulationSettings, dose_curve
from lessgad.dose_fraction import check_dose
from lessgad.errors import SettingsError
from lessgad.image_like import ImageLike, as_volume
from lessgad.preparation.head import head_mask
from lessgad.preparation.histogram_peaks import find_peaks
from lessgad.volume import Volume, check_same_grid, in_order_of, in_transverse_order

Image = Float[np.ndarray, "x y z"]
#: `none`, `matched` (as strong as in the standard-dose scan), or the SNR of tissue.
Noise = Literal["none", "matched"] | float


def simulate_low_dose(
    pre_contrast: ImageLike,
    standard_dose: ImageLike,
    dose: float,
    *,
    sequence: Acquisition | Path | str | None = None,
    noise: Noise = "none",
    seed: int = 0,
) -> Volume:
    """Simulate a scan at a fraction of the standard dose.

        without a sequence:  low = (1 − β) · T1 + β · T1ce
        with a sequence:     low = T1 · f_β(T1ce / T1),   f_β the signal equation (`lessgad.dose.dose_curve`)

    Real enhancement does not follow the dose linearly, so the linear mix can be wrong by a factor of up to three at 10
    % of the dose. Give the sequence where it is known.

    Args:
        pre_contrast: T1, true zero at 0.
        standard_dose: T1ce on the same grid and intensity scale (`register`, `calibrate`).
        dose: β, fraction of the standard dose, 0–1.
        sequence: Acquisition parameters of the T1ce, or the path of its NIfTI file with a BIDS sidecar beside it; None
            for the linear mix.
        noise: `none`; `matched` denoises both scans and adds new Rician noise, as strong as in the T1ce and with the
            same in-plane correlation; a number does the same for that SNR of tissue (second histogram peak of the T1
            over σ).
        seed: Seed of the noise.

    Returns:
        The simulated scan on the grid and in the intensity unit of the T1. With noise `none`, dose 0 gives the T1 and
        dose 1 the T1ce.

    Raises:
        DoseError: The dose is outside 0–1.
        SettingsError: The sidecar does not tell enough for a signal equation, or the SNR is not above 0.
        StudyError: The noise of a scan cannot be measured.
        VolumeError: The images are on different grids, or one cannot be used.
    """
    check_dose(dose)
    t1, t1ce = as_volume(pre_contrast), as_volume(standard_dose)
    check_same_grid(t1ce, t1, "The two images are not on one grid (lessgad.register aligns them)")
    curve = _curve(sequence)
    first, second = in_transverse_order(t1), in_transverse_order(t1ce)
    before, after = (np.asarray(image.array, np.float32) for image in (first, second))
    if noise == "none":
        return in_order_of(first.with_array(_mix(before, after, dose, curve)), t1)
    outside = (before == 0) & (after == 0)  # cut away or padded, not measured
    (clean_t1, _), (clean_t1ce, level) = (_denoised(image, first.spacing_mm) for image in (before, after))
    sigma = level.sigma if noise == "matched" else _sigma(before, float(noise))
    low_dose = np.maximum(_mix(clean_t1, clean_t1ce, dose, curve), 0)
    rng = np.random.default_rng([seed, round(1e6 * dose)])
    added = add_noise(low_dose.transpose(2, 1, 0), sigma, rng, correlation=level.correlation).transpose(2, 1, 0)
    noisy = np.where(outside, np.float32(0), added).astype(np.float32)
    return in_order_of(first.with_array(noisy), t1)


def _mix(before: Image, after: Image, dose: float, curve: DoseCurve | None) -> Image:
    return mix(before, after, dose) if curve is None else curve.mix(np.maximum(before, 0), np.maximum(after, 0), dose)


def _curve(sequence: Acquisition | Path | str | None) -> DoseCurve | None:
    if sequence is None:
        return None
    acquisition = sequence if isinstance(sequence, Acquisition) else acquisition_beside(sequence)
    curve = "no sidecar beside the image" if acquisition is None else dose_curve(acquisition, SimulationSettings())
    if isinstance(curve, str):
        path = sequence if isinstance(sequence, Path | str) else None
        remedy = "Complete the sidecar, or leave the sequence out for the linear mix"
        raise SettingsError(f"No signal equation can be used for this scan: {curve}", path=path, remedy=remedy)
    return curve


def _denoised(image: Image, spacing_mm: tuple[float, float, float]) -> tuple[Image, NoiseLevel]:
    level = estimate_noise(image, head_mask(image, spacing_mm))
    return denoise(np.maximum(image, 0), level.sigma, level.correlation), level


def _sigma(pre_contrast: Image, snr: float) -> float:
    if not snr > 0:
        raise SettingsError(f"The SNR is {snr:g}; it must be above 0")
    return find_peaks(pre_contrast).second / snr
