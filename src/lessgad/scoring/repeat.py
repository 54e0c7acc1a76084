# SPDX-License-Identifier: Apache-2.0
"""The repeat: a second scan of a study at the standard dose, really made or simulated, judged as any method is."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from lessgad.cohort.split import Subset
from lessgad.dose.low_doses import LowDose
from lessgad.dose.noise import add_noise
from lessgad.dose.simulation import SimulationSettings, noise_correlation
from lessgad.dose.simulator import BACKGROUND, LowDoseSimulator, not_scanned
from lessgad.evaluation.outcomes import STANDARD
from lessgad.evaluation.results.table import EXCHANGED, REPEAT
from lessgad.preparation.auxiliary_files import read_auxiliary_image
from lessgad.preparation.prepared_study import PreparedStudy, Regions
from lessgad.scoring.repeat_position import change_of_position
from lessgad.scoring.study_scores import StudyScorer, StudyScores

Image = Float[np.ndarray, "x y z"]


@dataclass(frozen=True, eq=False)
class Repeat:
    """A second scan of a study at the standard dose.

    Attributes:
        image: Image on [−1, 1], on the grid of the study.
        sigma: Noise on that scale; None if unknown.
        scanned: Whether it was really made.
    """

    image: Image
    sigma: float | None
    scanned: bool


def scanned_repeat(path: Path) -> Repeat:
    """Read a prepared second scan.

    Args:
        path: The file.

    Returns:
        The repeat scan.

    Raises:
        VolumeError: It is missing or damaged.
    """
    image, description = read_auxiliary_image(path)
    noise = description.get("noise")
    return Repeat(np.asarray(image, np.float32), None if noise is None else float(noise["sigma"]), scanned=True)


def simulated_repeat(study: PreparedStudy, settings: SimulationSettings) -> Repeat | None:
    """Simulate a second scan at the standard dose.

        repeat = T1ce without noise + change of position + noise

    The change is as strong as what repositioning and re-slicing changed between T1 and T1ce (`change_of_position`).
    The noise is as strong as that of the T1ce and correlated in plane as there. Where the T1ce was not denoised, the
    noise is √2 as strong, so that repeat and T1ce differ by as much as two scans do.

    Args:
        study: The prepared study.
        settings: Correlation of the noise, and the seed.

    Returns:
        The repeat; None where the noise of the T1ce is not known.
    """
    if study.sigma is None:
        return None
    rng = np.random.default_rng([settings.seed, zlib.crc32(study.name.encode()), zlib.crc32(REPEAT.encode())])
    t1, t1ce = (np.asarray(image, np.float32) for image in study.source_pair)
    added = study.sigma * (1.0 if study.clean_standard_dose is not None else math.sqrt(2))
    sign = -1 if rng.random() < 0.5 else 1
    moved = t1ce + change_of_position(t1, t1ce, study.head, study.spacing_mm, sign)
    magnitude = np.maximum(moved - BACKGROUND, 0).transpose(2, 1, 0)
    correlation = noise_correlation(study, settings)
    noisy = add_noise(magnitude, added, rng, correlation=correlation).transpose(2, 1, 0) + BACKGROUND
    outside = not_scanned(np.asarray(study.pre_contrast), np.asarray(study.standard_dose))
    image = np.where(outside, np.float32(BACKGROUND), np.clip(noisy, -1, 1)).astype(np.float32)
    return Repeat(image, study.sigma, scanned=False)


def score_repeat(scorer: StudyScorer, study: PreparedStudy, subset: Subset, regions: Regions, repeat: Repeat) -> None:
    """Add the rows of the repeat, compared with the standard dose, and those of the standard dose compared with it.

    Args:
        scorer: Scorer of the study; takes the rows.
        study: The prepared study.
        subset: Subset of the patient.
        regions: Label values of each region.
        repeat: The second scan.
    """
    scorer.score(repeat.image, REPEAT, _at_standard(repeat.image, repeat.sigma))
    standard = np.asarray(study.standard_dose)
    exchanged = replace(
        study, standard_dose=repeat.image, sigma=repeat.sigma, head=study.head & (repeat.image != BACKGROUND)
    )
    of_exchanged = StudyScorer(exchanged, subset, regions)
    of_exchanged.score(standard, EXCHANGED, _at_standard(standard, study.sigma))
    _add(scorer.scores, of_exchanged.scores)


def _at_standard(image: Image, sigma: float | None) -> LowDose:
    """Give the scan itself as the low dose of a method at dose 1; no image is checked against it."""
    return LowDose(image, STANDARD, LowDoseSimulator(sigma=sigma or 0.0), sigma, measured=True)


def _add(scores: StudyScores, others: StudyScores) -> None:
    scores.similarity += others.similarity
    scores.enhancement += others.enhancement
    scores.artifacts += others.artifacts
    scores.lesions += others.lesions
