# SPDX-License-Identifier: Apache-2.0
"""Which simulation an experiment uses, and what it means for a study."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field, field_validator

from lessgad.cohort.acquisition import Acquisition
from lessgad.dose.acquired_sequence import acquired_sequence
from lessgad.dose.dose_curve import HIGHEST_CONCENTRATION_MM, DoseCurve
from lessgad.dose.field_strength import KnownField, known_field
from lessgad.dose.relaxivity import agent_used, relaxivity
from lessgad.dose.simulator import LowDoseSimulator, not_scanned
from lessgad.dose.standard_dose import relative_standard_dose
from lessgad.errors import StudyError
from lessgad.preparation.noise_correlation import NoiseCorrelation, gaussian_correlation
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.settings import Settings

# A little above the median of tumors: to assume too short a T1 errs more than too long a one (docs/physics.md).
ASSUMED_T1_MS: dict[KnownField, float] = {"1.5 T": 1300.0, "3 T": 1600.0}


FIELD_WHERE_UNKNOWN_T = 3.0  # the longer T1, which errs less


class SetNoise(Settings):
    """Noise of a given strength.

    Attributes:
        snr: Signal of the tissue that most of the head is made of (second histogram peak of the T1) over σ.
    """

    snr: float = Field(gt=0, le=1e6)


class SimulationSettings(Settings):
    """Settings of the simulation of a low-dose image from the pair.

    Attributes:
        model: `signal_equation`: enhancement follows the dose as in the sequence that was used, where its sidecar
            tells; `linear`: the paper's mix of the two end points.
        noise: `matched`: the pair is denoised, mixed, and gets fresh noise of the strength of the T1ce; `snr`:
            likewise, of a given strength; `none`: as in the paper; the mix even averages noise away.
        noise_fwhm_px: Width over which that noise is correlated in plane, in pixels; 0 for white noise; None takes the
            correlation that was measured in the T1ce.
        t1_ms: Assumed T1 before contrast; None takes 1300 ms at up to 1.5 T and 1600 ms at 3 T
            or where the field strength is unknown.
        t2_ms: Assumed T2 before contrast (T2* for gradient echoes).
        seed: Seed of the noise.
    """

    model: Literal["signal_equation", "linear"] = "signal_equation"
    noise: Literal["matched", "none"] | SetNoise = "matched"
    noise_fwhm_px: float | None = Field(default=None, ge=0, le=16)
    t1_ms: float | None = Field(default=None, gt=0)
    t2_ms: float = Field(default=80.0, gt=0)
    seed: int = Field(default=1, ge=0)

    @field_validator("noise", mode="before")
    @classmethod
    def _word_or_strength(cls, noise: object) -> object:
        if isinstance(noise, SetNoise | dict) or noise in ("matched", "none"):
            return noise
        raise ValueError("noise must be matched, none, or a set strength such as {snr: 20}")

    @property
    def adds_noise(self) -> bool:
        """Whether low doses get noise of their own, and are mixed from denoised images therefore."""
        return self.noise != "none"

    @property
    def noise_words(self) -> str:
        """Name of the noise in reports: ``matched``, ``none``, ``SNR 20``."""
        return f"SNR {self.noise.snr:g}" if isinstance(self.noise, SetNoise) else str(self.noise)


def dose_curve(acquisition: Acquisition, settings: SimulationSettings) -> DoseCurve | str:
    """Find the dose curve of a study from the acquisition parameters of its T1ce.

    The curve depends on the agent through r2/r1 and the standard dose; where the sidecar names none, it is that of
    gadobutrol.

    Args:
        acquisition: Acquisition parameters of the scan.
        settings: Settings of the simulation.

    Returns:
        The dose curve, or the reason why the study gets the linear mix.
    """
    if settings.model == "linear":
        return "as set"
    sequence = acquired_sequence(acquisition)
    if isinstance(sequence, str):
        return sequence
    field_strength_t = acquisition.field_strength_t or FIELD_WHERE_UNKNOWN_T
    agent = agent_used(acquisition.contrast_agent)
    t1_ms = settings.t1_ms or ASSUMED_T1_MS[known_field(field_strength_t)]
    highest_mm = HIGHEST_CONCENTRATION_MM * relative_standard_dose(agent)
    curve = DoseCurve(sequence, relaxivity(agent, field_strength_t), t1_ms, settings.t2_ms, highest_mm)
    return curve.why_not or curve


def study_simulator(study: PreparedStudy, settings: SimulationSettings) -> LowDoseSimulator:
    """Make the simulator of a prepared study; what it mixes are the study's `source_pair`.

    Args:
        study: The prepared study.
        settings: Settings of the simulation.

    Returns:
        The simulator.

    Raises:
        StudyError: Its noise is to be matched and is not known.
    """
    curve = dose_curve(study.acquisition, settings)
    return LowDoseSimulator(
        curve=None if isinstance(curve, str) else curve,
        sigma=_noise_sigma(study, settings),
        correlation=noise_correlation(study, settings),
        seed=(settings.seed, zlib.crc32(study.name.encode())),
    )


def simulated_low_dose(
    study: PreparedStudy, dose: float, settings: SimulationSettings, numbers: Sequence[int] | None = None
) -> Float[np.ndarray, "x y n"]:
    """Simulate low-dose scans of transverse slices of a prepared study.

    Args:
        study: The prepared study.
        dose: Dose as a fraction of the standard dose, 0–1.
        settings: Settings of the simulation.
        numbers: Slice numbers, from 0; None for all.

    Returns:
        The slices on [−1, 1], (x, y, n).

    Raises:
        DoseError: `dose` is outside 0–1.
        StudyError: Its noise is to be matched and is not known.
    """
    outside = not_scanned(study.pre_contrast, study.standard_dose) if settings.adds_noise else None
    return study_simulator(study, settings).slices(*study.source_pair, dose, outside, numbers)


def noise_correlation(study: PreparedStudy, settings: SimulationSettings) -> NoiseCorrelation:
    """Give the correlation of the fresh noise of a study.

    Args:
        study: The prepared study.
        settings: Settings of the simulation.

    Returns:
        The correlation that is set, or, if none is set, the one measured in the T1ce.
    """
    if settings.noise_fwhm_px is None:
        return study.noise_correlation
    return gaussian_correlation(settings.noise_fwhm_px)


def _noise_sigma(study: PreparedStudy, settings: SimulationSettings) -> float:
    if isinstance(settings.noise, SetNoise):
        return study.tissue_level / settings.noise.snr
    if settings.noise == "none":
        return 0.0
    if study.sigma is None:
        raise StudyError("The noise of the T1ce could not be measured")
    return study.sigma
