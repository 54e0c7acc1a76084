# SPDX-License-Identifier: Apache-2.0
"""Out of distribution: what a new scan has that no training scan had."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from pydantic import Field, model_validator

from lessgad.cohort.acquisition import Acquisition
from lessgad.cohort.sequence_class import sequence_class
from lessgad.dose_fraction import percent
from lessgad.errors import StudyError
from lessgad.restoration.model_yaml import read_known, write_known
from lessgad.restoration.new_scan import NewScan
from lessgad.settings import Settings

TRAINING_RANGE = "training_range.yaml"
SMOOTHING_MM = 1.5
BRIGHTEST_SHARE = 0.005  # of head voxels: vessels, sinuses and mucosa enhance in every head
MARGIN = 1.25  # a scan may lie that factor beyond what training saw

Range = tuple[float, float]


class TrainingRange(Settings):
    """The range of each property over training and validation studies.

    Attributes:
        sigma: Noise of the low doses, on the scale of [−1, 1]; (0, 0) where none was simulated.
        spacing_mm: In-plane voxel spacing.
        doses: Doses at which enhancement was measured, in rising order.
        least_enhancement: The smallest `enhancement_level` over studies at each of these doses.
        most_enhancement: The largest `enhancement_level` at each of these doses.
        sequence_classes: Sequence classes of the T1ce; empty if no sidecar gave one.
        slice_spacing_mm: Distance between slices; None for a network that sees one slice.
        field_strength_t: Field strength in tesla; None if it was not recorded.
    """

    sigma: Range
    spacing_mm: Range
    doses: tuple[float, ...] = Field(min_length=1)
    least_enhancement: tuple[float, ...]
    most_enhancement: tuple[float, ...]
    sequence_classes: tuple[str, ...] = ()
    slice_spacing_mm: Range | None = None
    field_strength_t: Range | None = None

    @model_validator(mode="after")
    def _a_range_for_each_dose(self) -> TrainingRange:
        if not len(self.doses) == len(self.least_enhancement) == len(self.most_enhancement):
            raise ValueError("each dose needs a least and a most enhancement")
        return self

    def enhancement(self, dose: float) -> Range:
        """Least and most enhancement at a dose, linear between those that were looked at."""
        least, most = (float(np.interp(dose, self.doses, e)) for e in (self.least_enhancement, self.most_enhancement))
        return least, most


def enhancement_level(
    pre_contrast: Float[np.ndarray, "x y z"],
    post_contrast: Float[np.ndarray, "x y z"],
    head: Bool[np.ndarray, "x y z"],
    spacing_mm: Sequence[float],
) -> float:
    """Measure how strongly a head enhances: 99.5th percentile of post − pre, smoothed in plane (Gaussian, σ 1.5 mm).

    Args:
        pre_contrast: T1 on [−1, 1].
        post_contrast: A scan at any dose, on the same scale and grid.
        head: Foreground.
        spacing_mm: Along x, y (and z).

    Returns:
        The level, on the scale of the images.

    Raises:
        StudyError: There is no head.
    """
    from scipy.ndimage import gaussian_filter

    if not head.any():
        raise StudyError("The image shows no head")
    sigmas = [SMOOTHING_MM / mm for mm in spacing_mm[:2]] + [0.0]
    smooth = gaussian_filter(np.asarray(post_contrast, np.float32) - pre_contrast, sigmas)
    return float(np.quantile(smooth[head], 1 - BRIGHTEST_SHARE))


def out_of_distribution_cautions(
    seen: TrainingRange, new: NewScan, dose: float, acquisition: Acquisition | None
) -> tuple[str, ...]:
    """Describe every property of a scan that lies outside the training range.

    Args:
        seen: The training range of the model.
        new: The scan, ready for the field.
        dose: The stated dose of the scan, a fraction of the standard dose.
        acquisition: Sequence of the scan, from its sidecar; None without one.

    Returns:
        One line for each such property.
    """
    said = [_of_noise(seen, new), _of_spacing(seen, new), _of_enhancement(seen, new, dose)]
    if acquisition is not None:
        said += [_of_sequence(seen, acquisition), _of_field_strength(seen, acquisition)]
    return tuple(words for words in said if words)


def _of_noise(seen: TrainingRange, new: NewScan) -> str:
    sigma, _ = new.noise()
    if sigma == 0:
        return "its noise could not be measured, so it is not known whether training saw any like it"
    if sigma > MARGIN * seen.sigma[1]:
        saw = f"at most {seen.sigma[1]:.3f}" if seen.sigma[1] > 0 else "none"
        return f"it is noisier than what training saw (noise {sigma:.3f}, training {saw})"
    return ""


def _of_spacing(seen: TrainingRange, new: NewScan) -> str:
    *in_plane, between = new.scan.spacing_mm
    said = []
    if _is_beyond(seen.spacing_mm, *in_plane):
        saw = f"{seen.spacing_mm[0]:.2f}–{seen.spacing_mm[1]:.2f}"
        said.append(f"its pixels are {in_plane[0]:.2f} × {in_plane[1]:.2f} mm, those of training {saw} mm")
    if seen.slice_spacing_mm is not None and _is_beyond(seen.slice_spacing_mm, between):
        saw = f"{seen.slice_spacing_mm[0]:.2f}–{seen.slice_spacing_mm[1]:.2f}"
        said.append(f"its slices are {between:.2f} mm apart, those of training {saw} mm")
    return "; ".join(said)


def _is_beyond(seen: Range, *found: float) -> bool:
    return min(found) < seen[0] / MARGIN or max(found) > seen[1] * MARGIN


def _of_enhancement(seen: TrainingRange, new: NewScan, dose: float) -> str:
    """Nothing can be said without the T1: brightness is no enhancement."""
    if "pre_contrast" not in new.images:
        return ""
    level = enhancement_level(new.images["pre_contrast"], new.images["low_dose"], new.head, new.scan.spacing_mm)
    least, most = seen.enhancement(dose)
    if least / MARGIN <= level <= most * MARGIN:
        return ""
    kind = "less" if level < least else "more"
    return (
        f"it enhances {kind} than any study of training at {percent(dose)} of the dose ({level:.3f}, training "
        f"{least:.3f}–{most:.3f}): is the dose right?"
    )


def _of_sequence(seen: TrainingRange, acquisition: Acquisition) -> str:
    kind = sequence_class(acquisition)
    if kind is None or not seen.sequence_classes or kind in seen.sequence_classes:
        return ""
    return f"it is a {kind} image, of a kind that training never saw ({', '.join(seen.sequence_classes)})"


def _of_field_strength(seen: TrainingRange, acquisition: Acquisition) -> str:
    strength = acquisition.field_strength_t
    if strength is None or seen.field_strength_t is None or not _is_beyond(seen.field_strength_t, strength):
        return ""
    least, most = seen.field_strength_t
    return f"it was scanned at {strength:g} T, training saw {least:g}–{most:g} T"


def write_training_range(folder: Path, seen: TrainingRange) -> None:
    """Write ``training_range.yaml`` into a model folder.

    Args:
        folder: The model folder.
        seen: Ranges seen in training.
    """
    write_known(folder / TRAINING_RANGE, seen)


def read_training_range(folder: Path) -> TrainingRange | None:
    """Read the ranges seen in training.

    Args:
        folder: The model folder.

    Returns:
        The ranges; None if the model has none.

    Raises:
        ModelError: The file is damaged.
    """
    return read_known(folder / TRAINING_RANGE, TrainingRange)
