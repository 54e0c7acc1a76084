# SPDX-License-Identifier: Apache-2.0
"""The images of one study at one dose that are compared with its standard dose: every method, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from lessgad.dose.simulator import LowDoseSimulator
from lessgad.errors import StudyError
from lessgad.evaluation.results.table import GAUSSIAN, RESTORED, SUBTRACT_AND_SCALE, UNRESTORED
from lessgad.field.measured_enhancement import ScanFacts
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.restoration.baseline_strengths import DoseStrengths, read_strengths
from lessgad.restoration.baselines import subtract_and_scale
from lessgad.restoration.denoised_baselines import denoise, denoise_and_scale
from lessgad.restoration.gaussian_baseline import scaled_average
from lessgad.restoration.scan_facts import scan_facts
from lessgad.volume import Volume, check_same_grid, in_transverse_order, read_volume

Image = Float[np.ndarray, "x y z"]


@dataclass(frozen=True)
class DoseImages:
    """Files of the images of one study at one dose.

    Attributes:
        baselines: How strong the baselines are.
        restored: The restored image.
        half_width: Half-width of its intervals; may not exist.
        external: Images of other methods, by name; what is missing is not judged.
    """

    baselines: Path
    restored: Path
    half_width: Path
    external: dict[str, Path]


def method_images(
    images: DoseImages, study: PreparedStudy, low_dose: Image, dose: float, simulator: LowDoseSimulator, grid: Volume
) -> Iterator[tuple[str, Image]]:
    """Give the image of every method.

    Args:
        images: Files of the images.
        study: The prepared study.
        low_dose: Low dose as acquired at this dose.
        dose: Fraction of the standard dose.
        simulator: Simulator from the standard dose to this dose, with the noise of the low dose.
        grid: T1 of the study, as stored.

    Yields:
        Name and image, clipped to [−1, 1].

    Raises:
        VolumeError: An image is on another grid.
        StudyError: An image of another method is on another scale.
    """
    sigma, facts = simulator.sigma, scan_facts(study, simulator)
    pre_contrast, box = np.asarray(study.pre_contrast), study.head_box
    yield UNRESTORED, low_dose
    if dose > 0:
        yield SUBTRACT_AND_SCALE, np.clip(subtract_and_scale(pre_contrast, low_dose, dose), -1, 1)
    tuned = read_strengths(images.baselines).at(dose)
    yield "denoise", denoise(low_dose, sigma=sigma, strength=tuned.denoise, head_box=box, head=study.head)
    scaled = denoise_and_scale(
        pre_contrast,
        low_dose,
        sigma=sigma,
        strength=tuned.difference,
        scale=tuned.scale,
        head_box=box,
        head=study.head,
    )
    yield "denoise_and_scale", np.clip(scaled, -1, 1)
    if dose > 0:
        yield GAUSSIAN, gaussian_and_scale(study, low_dose, dose, tuned, facts)
    yield RESTORED, read_like(images.restored, grid)
    for name, path in images.external.items():
        yield name, _checked_scale(read_like(path, grid, own=False), path)


def gaussian_and_scale(
    study: PreparedStudy, low_dose: Image, dose: float, tuned: DoseStrengths, facts: ScanFacts
) -> Image:
    """Compute T1 + λ · g · G_w[low − T1] in the head box, clipped to [−1, 1]; outside it is the low dose.

    Args:
        study: The prepared study.
        low_dose: The low-dose image, on [−1, 1].
        dose: Dose as a fraction of the standard dose, 0–1.
        tuned: Tuned strengths of the baselines.
        facts: Slice spacing, noise and dose curve of the scan.

    Returns:
        The image.
    """
    box = study.head_box.slices
    t1, low = (np.asarray(image)[box].transpose(2, 1, 0) for image in (study.pre_contrast, low_dose))
    change = np.float32(tuned.gaussian_scale) * scaled_average(t1, low, dose, facts, tuned.gaussian_mm)
    restored = np.array(low_dose, dtype=np.float32)
    restored[box] = np.clip(t1 + change, -1, 1).transpose(2, 1, 0)
    return restored


def read_like(path: Path, grid: Volume, *, own: bool = True) -> Image:
    """Read an image in transverse order.

    Args:
        path: Path of the image.
        grid: T1 of the study, as stored.
        own: Whether lessgad wrote the file, so that its intensities need no check.

    Returns:
        The image on [−1, 1].

    Raises:
        VolumeError: The file is missing or damaged, or the image is not on the grid of the T1.
    """
    volume = in_transverse_order(read_volume(path, own=own))
    check_same_grid(volume, in_transverse_order(grid), "The image is not on the grid of the T1w", path)
    return volume.array


def _checked_scale(image: Image, path: Path) -> Image:
    """Refuse an image of another method that is not on the scale of prepared/, [−1, 1]."""
    lowest, highest = float(image.min()), float(image.max())
    if lowest < -1.5 or highest > 1.5:
        raise StudyError(
            f"The intensities range from {lowest:g} to {highest:g}; they must lie on [−1, 1], as those in prepared/",
            path=path,
            remedy="Make the image from those in prepared/, or convert it to their scale",
        )
    return np.clip(image, -1, 1)
