# SPDX-License-Identifier: Apache-2.0
"""How strongly the baselines denoise and scale at each dose: tuned on validation patients, kept in a file."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field, ValidationError, field_validator

from lessgad.atomic_write import write_text
from lessgad.dose_fraction import check_dose
from lessgad.errors import InputError, SettingsError
from lessgad.evaluation.clusters import box_around
from lessgad.evaluation.similarity import PSNR_RANGE
from lessgad.restoration.denoised_baselines import BEYOND_HEAD_PX, denoise
from lessgad.restoration.gaussian_baseline import WIDTHS_MM as GAUSSIAN_WIDTHS_MM
from lessgad.restoration.gaussian_baseline import scaled_averages
from lessgad.restoration.tuning_slices import TuningSlices
from lessgad.settings import Settings

STRENGTHS = (0.0, 0.1, 0.3, 0.6, 1.0)
N_SCALES = 1001
LARGEST_SCALE = 2.0  # relative to 1/β
LEAST_MEAN_SQUARE = 1e-12  # 126 dB: rounding, where an image is restored exactly
_REMEDY = "Remove the file and run again"


class DoseStrengths(Settings):
    """The baselines at one dose.

    Attributes:
        dose: Fraction of the standard dose.
        denoise: Strength for the low dose alone, in units of its σ.
        difference: Strength for the difference of low dose and T1, in units of √2 σ.
        scale: λ, by which the denoised difference is scaled.
        gaussian_mm: SD of the Gaussian that averages the difference in three dimensions.
        gaussian_scale: λ of it, relative to what the dose says.
    """

    dose: float = Field(ge=0, le=1)
    denoise: float = Field(ge=0)
    difference: float = Field(ge=0)
    scale: float = Field(ge=0)
    gaussian_mm: float = Field(default=1.0, ge=0)
    gaussian_scale: float = Field(default=1.0, ge=0)


class BaselineStrengths(Settings):
    """The baselines at all doses that they were tuned at.

    Attributes:
        format: Format of the file.
        doses: Doses in rising order.
    """

    format: Literal[1] = 1
    doses: tuple[DoseStrengths, ...] = Field(min_length=1)

    @field_validator("doses")
    @classmethod
    def _rising(cls, doses: tuple[DoseStrengths, ...]) -> tuple[DoseStrengths, ...]:
        if any(a.dose >= b.dose for a, b in pairwise(doses)):
            raise ValueError("doses must rise")
        return doses

    def at(self, dose: float) -> DoseStrengths:
        """Interpolate strengths and λ linearly between the tuned doses; they are constant beyond.

        Between λ = 1/β tuned at steps of 10 % that gives at most 12.5 % too much (at 15 %), beyond 20 % at most 4.2 %.

        Args:
            dose: Dose as a fraction of the standard dose, 0–1.

        Returns:
            The strengths at the dose.

        Raises:
            DoseError: `dose` is outside 0–1.
        """
        known = [tuned.dose for tuned in self.doses]
        names = ("denoise", "difference", "scale", "gaussian_mm", "gaussian_scale")
        values = {name: np.interp(dose, known, [getattr(tuned, name) for tuned in self.doses]) for name in names}
        return DoseStrengths(dose=check_dose(dose), **{name: float(value) for name, value in values.items()})


def tune_baselines(
    studies: Sequence[TuningSlices], doses: Sequence[float], strengths: Sequence[float] = STRENGTHS
) -> BaselineStrengths:
    """Choose for each dose the strengths with the highest mean PSNR over the validation studies.

    Every strength is tried. For each, λ is the best one between 0 and 2/β (at dose 0, where a difference is nothing
    but noise, between 0 and 1): the mean square of study s is a_s − 2 b_s λ + c_s λ², so its PSNR rises up to
    b_s/c_s and falls beyond, and the best mean lies between the least and the largest b_s/c_s; 1,001 values there are
    tried. Images are not clipped. Of equal choices the weaker is taken.

    Args:
        studies: Slices of validation patients, some at each dose.
        doses: Doses at which the baselines are tuned.
        strengths: Strengths to try.

    Returns:
        The tuned strengths.

    Raises:
        SettingsError: There is no study.
        DoseError: A dose is outside 0–1.
    """
    if not studies:
        raise SettingsError("There is no validation study to tune the baselines on")
    return BaselineStrengths(
        doses=tuple(_tuned(studies, check_dose(dose), sorted(strengths)) for dose in sorted(set(doses)))
    )


def write_strengths(path: Path, strengths: BaselineStrengths) -> None:
    """Write them as YAML, whole or not at all.

    Args:
        path: The file to write.
        strengths: The tuned strengths.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    import yaml

    write_text(path, yaml.safe_dump(strengths.model_dump(mode="json"), sort_keys=False))


def read_strengths(path: Path) -> BaselineStrengths:
    """Read what `write_strengths` wrote.

    Args:
        path: The file to read.

    Returns:
        The tuned strengths.

    Raises:
        InputError: The file is missing or damaged.
    """
    import yaml

    try:
        return BaselineStrengths.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise InputError("The tuned baselines are missing or damaged", path=path, remedy=_REMEDY) from error


def _tuned(studies: Sequence[TuningSlices], dose: float, strengths: Sequence[float]) -> DoseStrengths:
    largest = LARGEST_SCALE / dose if dose > 0 else 1.0
    seen = [(study, study.low_dose(dose), study.sigma(dose)) for study in studies if study.has(dose)]
    alone = _psnr_db(np.array([[_mean_square(*one, strength) for strength in strengths] for one in seen]))
    scaled = [_best_scale(np.array([_quadratic(*one, strength) for one in seen]), largest) for strength in strengths]
    best = int(np.argmax([psnr_db for _, psnr_db in scaled]))
    return DoseStrengths(
        dose=dose,
        denoise=strengths[int(np.argmax(alone))],
        difference=strengths[best],
        scale=scaled[best][0],
        **_tuned_gaussian([(study, low_dose) for study, low_dose, _ in seen], dose),
    )


def _tuned_gaussian(seen: Sequence[tuple[TuningSlices, np.ndarray]], dose: float) -> dict[str, float]:
    """Width and λ of the Gaussian with the best mean PSNR; λ between 0 and 2 times what the dose says."""
    if dose == 0 or any(study.facts_at(dose) is None for study, _ in seen):
        return {}
    of_studies = np.array([_quadratics_of_widths(study, low_dose, dose) for study, low_dose in seen])
    found = [
        (width, *_best_scale(of_studies[:, index], LARGEST_SCALE)) for index, width in enumerate(GAUSSIAN_WIDTHS_MM)
    ]
    width, scale, _ = max(found, key=lambda one: one[2])
    return {"gaussian_mm": width, "gaussian_scale": scale}


def _quadratics_of_widths(
    study: TuningSlices, low_dose: Float[np.ndarray, "z y x"], dose: float
) -> list[tuple[float, float, float]]:
    """Compute a, b, c of the mean squared error a − 2 b λ + c λ² for each width of the Gaussian."""
    facts = study.facts_at(dose)
    assert facts is not None  # noqa: S101 - for the type checker
    slices, *part = box_around(study.judged)
    numbers = range(slices.start, slices.stop)
    averages = scaled_averages(
        study.pre_contrast, low_dose, dose, facts, GAUSSIAN_WIDTHS_MM, numbers, (part[0], part[1])
    )
    voxels = study.judged[slices, *part]
    wanted = study.standard_dose[study.judged].astype(np.float64) - study.pre_contrast[study.judged]
    of_widths = (average[voxels].astype(np.float64) for average in averages)
    return [(float(np.mean(wanted**2)), float(np.mean(wanted * one)), float(np.mean(one**2))) for one in of_widths]


def _mean_square(study: TuningSlices, low_dose: Float[np.ndarray, "z y x"], sigma: float, strength: float) -> float:
    """Mean squared error of the denoised low dose."""
    image = _denoised(study, low_dose, sigma, strength)
    return float(np.mean((image - study.standard_dose[study.judged]) ** 2))


def _quadratic(
    study: TuningSlices, low_dose: Float[np.ndarray, "z y x"], sigma: float, strength: float
) -> tuple[float, float, float]:
    """Compute a, b, c of the mean squared error a − 2 b λ + c λ²."""
    difference = _denoised(study, low_dose - study.pre_contrast, np.sqrt(2) * sigma, strength)
    wanted = study.standard_dose[study.judged].astype(np.float64) - study.pre_contrast[study.judged]
    return float(np.mean(wanted**2)), float(np.mean(wanted * difference)), float(np.mean(difference**2))


def _denoised(
    study: TuningSlices, image: Float[np.ndarray, "z y x"], sigma: float, strength: float
) -> Float[np.ndarray, " voxel"]:
    """Denoise what is judged, with the margin that it depends on."""
    part = box_around(study.judged, (0, BEYOND_HEAD_PX, BEYOND_HEAD_PX))
    judged = study.judged[part]
    smooth = denoise(
        image[part].transpose(2, 1, 0), sigma=float(sigma), strength=strength, head=judged.transpose(2, 1, 0)
    )
    return smooth.transpose(2, 1, 0)[judged].astype(np.float64)


def _best_scale(quadratics: Float[np.ndarray, "study 3"], largest: float) -> tuple[float, float]:
    """λ with the best mean PSNR, and that PSNR."""
    a, b, c = quadratics.T[..., None]
    own = np.clip(np.divide(b, c, out=np.ones_like(b), where=c > 0), 0, largest)
    scales = np.concatenate((np.linspace(own.min(), own.max(), N_SCALES), own[:, 0]))
    psnr_db = _psnr_db(a - 2 * b * scales + c * scales**2)
    best = int(np.argmax(psnr_db))
    return float(scales[best]), float(psnr_db[best])


def _psnr_db(mean_squares: Float[np.ndarray, "study choice"]) -> Float[np.ndarray, " choice"]:
    """Mean over studies."""
    psnr_db: Float[np.ndarray, "study choice"] = 10 * np.log10(
        PSNR_RANGE**2 / np.maximum(mean_squares, LEAST_MEAN_SQUARE)
    )
    return psnr_db.mean(axis=0)
