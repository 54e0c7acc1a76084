# SPDX-License-Identifier: Apache-2.0
"""How the enhancement of a voxel follows the dose, from its enhancement at the standard dose alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.even_table import STRIP, EvenTable
from lessgad.dose.relaxivity import Relaxivity
from lessgad.dose.signal_equation import Sequence
from lessgad.dose_fraction import check_dose

# No tissue holds more than plasma does: about 0.8 mmol/l some minutes after 0.1 mmol/kg (0.45-0.51 in whole blood,
# Parker, MRM 2006; Heye, NeuroImage 2016). Nearer to the peak of the curve small errors become large ones.
HIGHEST_CONCENTRATION_MM = 0.8
N_CONCENTRATIONS = 2001
USUAL_SHARE = 0.5  # of the highest concentration, in tissue that enhances well
MOST_SENSITIVE = 0.30
LEAST_RISE = 1.05  # a curve that rises less says nothing of the dose
N_EVEN_STEPS = 20_000
EVEN_UP_TO = 0.98  # of the branch: at its end, which may be a peak, the curve bends too much for even steps


@dataclass(frozen=True)
class DoseCurve:
    """The map f_β from standard-dose over pre-contrast signal to low-dose over pre-contrast signal.

    With S(c) the signal at concentration c and ρ(c) = S(c)/S(0),

        f_β(ρ) = ρ(β · c(ρ)),  c(ρ) the inverse of ρ(c) on its rising branch.

    Where ρ ≤ 1 (noise, motion) it continues along its tangent in 1, which is the linear mix 1 + β·(ρ − 1). The branch
    ends at ρ_end: at its peak, or at the highest plausible concentration if that is less. Beyond, the low dose keeps
    the share of the enhancement that it has at the end:

        f_β(ρ) = 1 + (ρ − 1) · (f_β(ρ_end) − 1)/(ρ_end − 1)

    Equilibrium magnetization, coil sensitivity and window cancel in ρ; what is assumed is one T1 and one T2 before
    contrast for all tissue. Moving blood is outside the model.

    Attributes:
        sequence: Sequence of both scans.
        relaxivity: Relaxivity of the agent.
        t1_ms: Assumed T1 before contrast.
        t2_ms: Assumed T2 before contrast (T2* for gradient echoes).
        highest_concentration_mm: Highest plausible concentration after the standard dose, in mmol/l: 0.8 if that is 0.1
            mmol/kg.
    """

    sequence: Sequence
    relaxivity: Relaxivity
    t1_ms: float
    t2_ms: float
    highest_concentration_mm: float = HIGHEST_CONCENTRATION_MM

    def signal(self, concentration_mm: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Compute the signal at given concentrations, relative to the signal without the agent.

        Args:
            concentration_mm: Concentration of the agent, in mmol/l.

        Returns:
            Signal at each concentration; 1 without the agent.
        """
        t1_ms, t2_ms = self.relaxivity.shortened_ms(self.t1_ms, self.t2_ms, concentration_mm)
        return self.sequence.signal(t1_ms, t2_ms) / self._before

    @property
    def _before(self) -> float:
        return float(self.sequence.signal(np.array([self.t1_ms]), np.array([self.t2_ms]))[0])

    @cached_property
    def _branch(self) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Concentrations in mmol/l from 0 to the end of the branch, denser near 0, and the ratio at each."""
        concentration = self.highest_concentration_mm * np.linspace(0, 1, N_CONCENTRATIONS) ** 2
        ratio = self.signal(concentration)
        falls = np.flatnonzero(np.diff(ratio) <= 0)
        n = int(falls[0]) + 1 if len(falls) else len(ratio)
        return concentration[:n], ratio[:n]

    @property
    def largest_ratio(self) -> float:
        """ρ_end: the largest ratio of standard-dose to pre-contrast signal that a plausible concentration explains."""
        return float(self._branch[1][-1])

    @property
    def why_not(self) -> str:
        """Why the curve cannot be relied on, in words; empty where it can.

        Before contrast the signal must be positive, and it must rise by at least 5 %. If, after an inversion, a T1 that
        is 10 % off would change the low dose's enhancement (at 10 %, of half the highest concentration) by more than
        30 %, the inversion comes too near to nulling such tissue.
        """
        assumed = f"tissue of the assumed T1 ({self.t1_ms:g} ms)"
        if self._before <= 0:
            return f"an inversion that nulls {assumed} or has not let it recover"
        if self.largest_ratio < LEAST_RISE:
            return "a sequence whose equation predicts hardly any enhancement"
        if not self.sequence.inversion_time_ms:
            return ""
        ratio = self.signal(np.array([USUAL_SHARE * self.highest_concentration_mm]))
        enhancement = float(self.low_dose_ratio(ratio, 0.1)[0]) - 1
        for factor in (0.9, 1.1):
            other = replace(self, t1_ms=factor * self.t1_ms)
            shifted = float(other.low_dose_ratio(ratio, 0.1)[0]) - 1 if other._before > 0 else math.inf
            if abs(shifted / enhancement - 1) > MOST_SENSITIVE:
                return f"an inversion so close to the null of {assumed} that an error of 10 % in it would dominate"
        return ""

    def low_dose_ratio(self, ratio: Float[np.ndarray, "*shape"], dose: float) -> Float[np.ndarray, "*shape"]:
        """Map the ratio of standard-dose to pre-contrast signal to that of low-dose to pre-contrast signal: f_β.

        Args:
            ratio: Ratio of standard-dose to pre-contrast signal.
            dose: Dose as a fraction of the standard dose, 0–1.

        Returns:
            Ratio of low-dose to pre-contrast signal.

        Raises:
            DoseError: `dose` is outside 0–1.
        """
        return self.mix(np.ones_like(ratio), ratio, dose)

    def gain(self, relative_enhancement: Float[np.ndarray, "*shape"], dose: float) -> Float[np.ndarray, "*shape"]:
        """Compute the factor that scales the enhancement of a low dose to that of the standard dose.

            g = (ρ − 1)/(f_β(ρ) − 1),  1/β where nothing enhances

        Args:
            relative_enhancement: f_β(ρ) − 1 of the low dose, relative to the T1.
            dose: β, above 0.

        Returns:
            g, at least 1 for a saturating signal.

        Raises:
            DoseError: β is outside 0–1.
        """
        beta = check_dose(dose)
        concentration, ratios = self._branch
        low = self.signal(beta * concentration) - 1
        gains = np.concatenate([[1 / beta], (ratios[1:] - 1) / np.maximum(low[1:], 1e-9)])
        return _Interpolation.of(low, gains).at(relative_enhancement)

    def mix(
        self, pre_contrast: Float[np.ndarray, "*shape"], standard_dose: Float[np.ndarray, "*shape"], dose: float
    ) -> Float[np.ndarray, "*shape"]:
        """Simulate a low-dose image from its end points.

            low(β) = T1 · f_β(T1ce/T1)

        Dose 0 gives a copy of `pre_contrast` and dose 1 one of `standard_dose`, bit for bit.

        Args:
            pre_contrast: T1 ≥ 0, any shape and unit.
            standard_dose: T1ce ≥ 0, same shape and unit.
            dose: β, fraction of the standard dose, 0–1.

        Returns:
            The low-dose image, on the scale of the end points.

        Raises:
            DoseError: β is outside 0–1.
        """
        beta = check_dose(dose)
        if beta in (0, 1):
            return (standard_dose if beta else pre_contrast).copy()
        share_beyond, rising = _branch_at(self, beta)
        t1, t1ce = (np.ascontiguousarray(image).reshape(-1) for image in (pre_contrast, standard_dose))
        low = np.empty(t1.shape, np.result_type(t1, t1ce))
        for start in range(0, len(t1), STRIP):
            strip = slice(start, start + STRIP)
            low[strip] = self._mixed(t1[strip], t1ce[strip], beta, share_beyond, rising)
        return low.reshape(pre_contrast.shape)

    def _mixed(
        self,
        pre_contrast: Float[np.ndarray, " n"],
        standard_dose: Float[np.ndarray, " n"],
        beta: float,
        share_beyond: float,
        interpolation: _Interpolation,
    ) -> Float[np.ndarray, " n"]:
        """Mix some voxels, given the share of the enhancement beyond the branch and the low dose on it."""
        share = np.where(standard_dose > pre_contrast, share_beyond, beta).astype(pre_contrast.dtype)
        low = pre_contrast + share * (standard_dose - pre_contrast)
        rising = (standard_dose > pre_contrast) & ~self.beyond(pre_contrast, standard_dose)
        before = np.where(rising, pre_contrast, pre_contrast.dtype.type(1))  # faster than picking these voxels out
        return np.where(rising, before * interpolation.at(standard_dose / before).astype(low.dtype), low)

    def beyond(
        self, pre_contrast: Float[np.ndarray, "*shape"], standard_dose: Float[np.ndarray, "*shape"]
    ) -> Bool[np.ndarray, "*shape"]:
        """Find voxels that enhance more than a plausible concentration explains.

        Args:
            pre_contrast: T1.
            standard_dose: T1ce, on the same scale.

        Returns:
            True for such voxels.
        """
        return standard_dose > self.largest_ratio * pre_contrast


@dataclass(frozen=True, eq=False)
class _Interpolation:
    """Interpolates as `np.interp` does, to 1e-6 of the values and ten times faster: by even steps, but for the end."""

    known: Float[np.ndarray, " n"]
    values: Float[np.ndarray, " n"]
    even: EvenTable
    even_up_to: float

    @classmethod
    def of(cls, known: Float[np.ndarray, " n"], values: Float[np.ndarray, " n"]) -> _Interpolation:
        step = EVEN_UP_TO * (known[-1] - known[0]) / N_EVEN_STEPS
        steps = known[0] + step * np.arange(N_EVEN_STEPS + 1)
        return cls(known, values, EvenTable(float(known[0]), float(step), np.interp(steps, known, values)), steps[-1])

    def at(self, arguments: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
        found = self.even.at(arguments)
        beyond = arguments > self.even_up_to
        found[beyond] = np.interp(arguments[beyond], self.known, self.values)
        return found


@lru_cache(maxsize=16)
def _branch_at(curve: DoseCurve, beta: float) -> tuple[float, _Interpolation]:
    """Give the share of the enhancement beyond the branch that a dose has, and the ratio on it."""
    concentration, ratios = curve._branch
    low_ratios = curve.signal(beta * concentration)
    return float((low_ratios[-1] - 1) / (ratios[-1] - 1)), _Interpolation.of(ratios, low_ratios)
