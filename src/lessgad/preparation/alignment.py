# SPDX-License-Identifier: Apache-2.0
"""Whether two images of one head, on one grid, really are aligned."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from lessgad.errors import RegistrationError, StudyError
from lessgad.preparation.head import head_mask
from lessgad.volume import Volume, check_same_grid, in_transverse_order

# Measured on 16 skull-stripped pairs of glioma patients (1 mm, several scanners, some of poor quality) and one
# whole head of 5.5 mm slices, registered: head Dice, information, nudge gain.
#   aligned pairs                             0.97–1.00   0.071–0.318   0.60–0.98
#   T1ce moved by 1 mm                        0.97–0.99   0.060–0.246   0.97–1.18
#   T1ce moved by 2 mm along x                0.97–0.98   0.046–0.179   1.35–1.94
#   T1ce moved by 2 mm obliquely              0.97–0.98   0.049–0.197   1.08–1.56
#   T1ce moved by 5 mm obliquely              0.93–0.96   0.021–0.107   1.61–3.07
#   T1ce turned by 3° (passes)                0.97–0.98   0.055–0.210   0.86–1.03
#   T1ce moved by 5° and 9 mm                 0.87–0.94   0.007–0.064   1.39–2.94
#   the whole head before registration, 9.7°  0.97        0.060         1.15
#   T1ce of another patient, registered (31)  0.86–0.96   0.006–0.047   1.04–1.33
# No single number tells all of these apart. Together the limits pass every aligned pair and stop every other
# patient and every larger offset; what they let through is most of 1 mm, one oblique 2 mm of 17, turns of 3°, and
# 2 mm across slices of 5.5 mm.
LOWEST_HEAD_DICE = 0.9
LOWEST_INFORMATION = 0.05
#: Of a T2, which tells less of a T1: 0.051–0.131 in nine aligned pairs, 0.008–0.023 with another patient's T2.
LOWEST_INFORMATION_OF_T2 = 0.035
HIGHEST_NUDGE_GAIN = 1.1

GRID_MM = 2.0
NUDGE_MM = 2.0
NUDGE_DEG = 4.0
FEWEST_HEAD_VOXELS = 1000
_MOST_HEAD_VOXELS = 100_000
_N_BINS = 32
_NOT_ALIGNED = "The two images are not aligned, or do not show one head:"

Points = Float[np.ndarray, "3 n"]


@dataclass(frozen=True)
class AlignmentQuality:
    """The measured alignment of two images of one head.

    Attributes:
        head_dice: Overlap of the two heads, 0–1, within the planes that both images cover.
        information: Normalized mutual information inside both heads, 2·MI/(H₁ + H₂): 0 when one image says
            nothing about the other, 1 when it says all.
        nudge_gain: Highest information after a small nudge / information as it is: below 1 when no nudge helps.
        nudge: The nudge of the second image that gave it, in words.
    """

    head_dice: float
    information: float
    nudge_gain: float
    nudge: str


def check_alignment(fixed: Volume, moved: Volume, lowest_information: float = LOWEST_INFORMATION) -> AlignmentQuality:
    """Check that two images of one head are aligned, whether lessgad registered them or the user declares it.

    Args:
        fixed: One of them.
        moved: The other, on the same grid.
        lowest_information: Limit of the normalized mutual information.

    Returns:
        The measured quality.

    Raises:
        RegistrationError: The heads overlap too little, one image says too little about the other, or a
            nudge of 2 mm or 4° makes it say clearly more.
        VolumeError: The images are not on one grid.
    """
    quality = alignment_quality(fixed, moved)
    remedy = "Look at the two images: same patient, same orientation, both whole?"
    if quality.head_dice < LOWEST_HEAD_DICE:
        raise RegistrationError(
            f"{_NOT_ALIGNED} the heads overlap with Dice {quality.head_dice:.2f} (limit {LOWEST_HEAD_DICE})",
            remedy=remedy,
        )
    if quality.information < lowest_information:
        raise RegistrationError(
            f"{_NOT_ALIGNED} their normalized mutual information is {quality.information:.3f} (limit "
            f"{lowest_information})",
            remedy=remedy,
        )
    if quality.nudge_gain > HIGHEST_NUDGE_GAIN:
        raise RegistrationError(
            f"{_NOT_ALIGNED} they fit {quality.nudge_gain:.2f} times as well after {quality.nudge} (limit "
            f"{HIGHEST_NUDGE_GAIN})",
            remedy="Register them, or look at what moved between them",
        )
    return quality


def alignment_quality(fixed: Volume, moved: Volume) -> AlignmentQuality:
    """Measure how well two images of one head are aligned, on a grid of about 2 mm.

    Each image is cut into 32 classes of equal size inside both heads; the mutual information of the classes
    does not change with the intensity scale of either. Nudges are 26 shifts of 2 mm (one voxel where voxels
    are larger) and 6 rotations of 4° about the center of the head, nearest neighbor.

    Args:
        fixed: One image.
        moved: The other image, on the same grid.

    Returns:
        The measured quality.

    Raises:
        RegistrationError: The heads share too little to measure.
        VolumeError: The images are not on one grid.
    """
    check_same_grid(fixed, moved, "The two images are not on one grid")
    one, spacing_mm = _coarse(in_transverse_order(fixed))
    other, _ = _coarse(in_transverse_order(moved))
    view = tuple(
        slice(max(a.start, b.start), min(a.stop, b.stop))
        for a, b in zip(_field_of_view(one), _field_of_view(other), strict=True)
    )
    one, other = one[view], other[view]
    heads = _heads(one, other, spacing_mm)
    both = heads[0] & heads[1]
    n_shared = int(both.sum())
    if n_shared < FEWEST_HEAD_VOXELS:
        raise RegistrationError(
            f"The two heads have {n_shared} voxels of {GRID_MM:g} mm in common, too few for one head"
        )
    points = np.argwhere(both)[:: max(1, n_shared // _MOST_HEAD_VOXELS)].T.astype(np.float64)
    classes_one = _classes(one, both)[_index(points, both.shape)]
    classes_other = _classes(other, both)
    information = _information(classes_one, classes_other[_index(points, both.shape)])
    nudged = [
        (_information(classes_one, classes_other[_index(where, both.shape)]), words)
        for where, words in _nudges(points, spacing_mm)
    ]
    best, nudge = max(nudged)
    return AlignmentQuality(
        head_dice=2 * n_shared / int(heads[0].sum() + heads[1].sum()),
        information=information,
        nudge_gain=best / max(information, np.finfo(float).tiny),
        nudge=nudge,
    )


def _coarse(volume: Volume) -> tuple[Float[np.ndarray, "x y z"], tuple[float, float, float]]:
    factors = [min(n, max(1, round(GRID_MM / mm))) for n, mm in zip(volume.array.shape, volume.spacing_mm, strict=True)]
    n_x, n_y, n_z = (n // factor for n, factor in zip(volume.array.shape, factors, strict=True))
    whole = volume.array[: n_x * factors[0], : n_y * factors[1], : n_z * factors[2]].astype(np.float32)
    x, y, z = (mm * factor for mm, factor in zip(volume.spacing_mm, factors, strict=True))
    return whole.reshape(n_x, factors[0], n_y, factors[1], n_z, factors[2]).mean(axis=(1, 3, 5)), (x, y, z)


def _field_of_view(image: Float[np.ndarray, "x y z"]) -> list[slice]:
    """Find the planes between the first and the last that are not constant: where a resampled image has data."""
    view = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        varied = np.flatnonzero(np.ptp(image, axis=others) > 0)
        view.append(slice(int(varied[0]), int(varied[-1]) + 1) if varied.size else slice(0, 0))
    return view


def _heads(
    one: Float[np.ndarray, "x y z"], other: Float[np.ndarray, "x y z"], spacing_mm: tuple[float, float, float]
) -> tuple[Bool[np.ndarray, "x y z"], Bool[np.ndarray, "x y z"]]:
    if one.size == 0:
        raise RegistrationError("The two fields of view have nothing in common")
    try:
        return head_mask(one, spacing_mm), head_mask(other, spacing_mm)
    except StudyError as error:
        raise RegistrationError(f"No head is found where the two images overlap. {error.problem}") from error


def _classes(image: Float[np.ndarray, "x y z"], head: Bool[np.ndarray, "x y z"]) -> Int[np.ndarray, "x y z"]:
    edges = np.quantile(image[head], np.linspace(0, 1, _N_BINS + 1)[1:-1])
    return np.searchsorted(edges, image, side="right")


def _information(one: Int[np.ndarray, " n"], other: Int[np.ndarray, " n"]) -> float:
    joint = np.bincount(one * _N_BINS + other, minlength=_N_BINS**2).reshape(_N_BINS, _N_BINS) / one.size
    apart = _entropy(joint.sum(axis=0)) + _entropy(joint.sum(axis=1))
    return 2 * (apart - _entropy(joint)) / apart if apart > 0 else 0.0


def _entropy(probability: Float[np.ndarray, "..."]) -> float:
    present = probability[probability > 0]
    return float(-(present * np.log(present)).sum())


def _nudges(points: Points, spacing_mm: tuple[float, float, float]) -> list[tuple[Points, str]]:
    """Where the second image is looked up, and how that moves the image: the other way."""
    spacing = np.array(spacing_mm)[:, None]
    step = np.maximum(1, np.rint(NUDGE_MM / spacing))
    nudges = []
    for direction in itertools.product((-1, 0, 1), repeat=3):
        if any(direction):
            shift = step * np.array(direction)[:, None]
            millimeters = ", ".join(f"{mm:.1f}" for mm in (0 - shift * spacing).ravel())
            nudges.append((points + shift, f"a shift by ({millimeters}) mm"))
    center = points.mean(axis=1, keepdims=True)
    for axis, sign in itertools.product(range(3), (-1, 1)):
        arm = (points - center) * spacing
        one, other = (axis + 1) % 3, (axis + 2) % 3
        cosine, sine = np.cos(np.radians(NUDGE_DEG)), sign * np.sin(np.radians(NUDGE_DEG))
        turned = arm.copy()
        turned[one], turned[other] = cosine * arm[one] - sine * arm[other], sine * arm[one] + cosine * arm[other]
        nudges.append((turned / spacing + center, f"a rotation by {-sign * NUDGE_DEG:g}° about {'xyz'[axis]}"))
    return nudges


def _index(points: Points, shape: tuple[int, ...]) -> tuple[Int[np.ndarray, " n"], ...]:
    nearest = np.rint(points).astype(np.intp)
    return tuple(np.clip(row, 0, n - 1) for row, n in zip(nearest, shape, strict=True))
