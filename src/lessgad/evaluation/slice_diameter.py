# SPDX-License-Identifier: Apache-2.0
"""The longest straight line within one slice of a mask, finer than a voxel.

A voxel belongs to a mask if its center lies inside the tumor. So the longest line between centers is too short, and the
longest line between voxel corners is 0.5 to 1.1 mm too long at pixels of 0.4 to 0.9 mm.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float

ROUND_TIP = 0.464
POINTED_TIP = 0.63
HALF_WAY = 0.07
CHANCE = 3.0
MOST_CHANCE = 8.0  # more than this, and the mask is not tried for a disc
FLAT = 1e-9  # of the polyhedron of discs, in units of mm and mm²; where it is flat, its discs touch voxels' centers

Points = Float[np.ndarray, "n 2"]


def slice_diameter_mm(plane: Bool[np.ndarray, "x y"], spacing_mm: tuple[float, float]) -> float:
    """Estimate the longest line within a slice.

    If the mask is that of some disc, the result is the middle of the diameters of all discs with this mask
    (`diameters_of_discs`). Otherwise, with the longest distance d between centers, the area a of a voxel, and the axis
    ratio q of the ellipse with the same second moments:

        D = max(d + (0.464 + 0.63·x/(x + 0.07)) · a^(2/3) · (d·q²)^(−1/3),  2·√(A/π)),   x = 1/q² − 1

    The outermost centers lie inside a tip with radius of curvature ρ by a distance that goes as a^(2/3)·(2ρ)^(−1/3);
    the tip of an ellipse has 2ρ = D·q². The factor is smaller for a round region, because the longest of many lines
    lacks less than one line. If x is at most 3·(√a/d)^(3/2), which chance explains, it is taken for 0. The constants
    were fitted to 1,920 ellipses with q from 0.5 to 1, long axes of 8 to 35 mm and pixels of 0.4 to 1.2 mm. At most the
    diagonal of a voxel is added, and no region is shorter than the disc of its area A.

    Args:
        plane: The mask in the slice, not empty.
        spacing_mm: Distance between voxels along x and y, in mm.

    Returns:
        The length in mm.
    """
    from scipy.spatial.distance import pdist

    voxel_mm2 = math.prod(spacing_mm)
    of_area = 2 * math.sqrt(np.count_nonzero(plane) * voxel_mm2 / math.pi)
    ends = _ends_of_rows(plane) * np.asarray(spacing_mm)
    if len(ends) < 2:
        return of_area
    between = float(pdist(ends).max())
    ratio2 = _axis_ratio(plane, spacing_mm) ** 2
    pointed = 1 / ratio2 - 1
    by_chance = (math.sqrt(voxel_mm2) / between) ** 1.5
    of_discs = diameters_of_discs(plane, spacing_mm) if pointed <= MOST_CHANCE * by_chance else None
    if of_discs is not None:
        return sum(of_discs) / 2
    if pointed <= CHANCE * by_chance:
        ratio2, pointed = 1.0, 0.0
    factor = ROUND_TIP + POINTED_TIP * pointed / (pointed + HALF_WAY)
    lacking = factor * voxel_mm2 ** (2 / 3) / math.cbrt(between * ratio2)
    return max(between + min(lacking, math.hypot(*spacing_mm)), of_area)


def diameters_of_discs(plane: Bool[np.ndarray, "x y"], spacing_mm: tuple[float, float]) -> tuple[float, float] | None:
    """Find the smallest and the largest diameter of the discs that have exactly this mask.

    A disc of center c and radius R contains a point p if |p|² − 2·p·c ≤ s, with s = R² − |c|². This is linear in
    (c, s), so these discs are the points of a polyhedron. R² = s + |c|² is convex: its largest value is at a corner,
    and its smallest value is found by quadratic programming.

    Args:
        plane: The mask in the slice, not empty.
        spacing_mm: Distance between voxels along x and y, in mm.

    Returns:
        The two diameters in mm; None if no disc has this mask.
    """
    from scipy.optimize import linprog, minimize
    from scipy.spatial import HalfspaceIntersection

    slopes, limits = _discs_of(plane, spacing_mm)
    norms = np.linalg.norm(slopes, axis=1)
    middle = linprog([0, 0, 0, -1], np.column_stack([slopes, norms]), limits, bounds=[(None, None)] * 3 + [(0, None)])
    if middle.status != 0 or middle.x[3] <= FLAT:
        return None
    corners = HalfspaceIntersection(np.column_stack([slopes, -limits]), middle.x[:3]).intersections
    smallest = minimize(
        lambda disc: disc[2] + disc[0] ** 2 + disc[1] ** 2,
        middle.x[:3],
        jac=lambda disc: np.array([2 * disc[0], 2 * disc[1], 1.0]),
        constraints={"type": "ineq", "fun": lambda disc: limits - slopes @ disc, "jac": lambda _: -slopes},
        method="SLSQP",
        options={"ftol": FLAT},
    )
    largest = float((corners[:, 2] + (corners[:, :2] ** 2).sum(axis=1)).max())
    return 2 * math.sqrt(max(0.0, float(smallest.fun))), 2 * math.sqrt(largest)


def _discs_of(
    plane: Bool[np.ndarray, "x y"], spacing_mm: tuple[float, float]
) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, " n"]]:
    """Slopes and limits of the inequalities that the discs of a mask satisfy, about its center."""
    from scipy.ndimage import binary_dilation

    padded = np.pad(plane, 1)
    around = binary_dilation(padded, np.ones((3, 3), dtype=bool)) & ~padded
    center = np.argwhere(padded).mean(axis=0)
    inside, outside = ((at - center) * spacing_mm for at in (_ends_of_rows(padded), np.argwhere(around)))
    slopes = np.vstack(
        [np.column_stack([-2 * inside, -np.ones(len(inside))]), np.column_stack([2 * outside, np.ones(len(outside))])]
    )
    return slopes, np.concatenate([-((inside**2).sum(axis=1)), (outside**2).sum(axis=1)])


def _ends_of_rows(plane: Bool[np.ndarray, "x y"]) -> Points:
    """Indices of the first and the last voxel of each row: only these can be at an end of the longest line."""
    rows = np.flatnonzero(plane.any(axis=1))
    first = plane[rows].argmax(axis=1)
    last = plane.shape[1] - 1 - plane[rows, ::-1].argmax(axis=1)
    ends = [(x, y) for x, low, high in zip(rows, first, last, strict=True) for y in (low, high)]
    return np.unique(np.array(ends, dtype=np.float64), axis=0)


def _axis_ratio(plane: Bool[np.ndarray, "x y"], spacing_mm: tuple[float, float]) -> float:
    """Short over long axis of the ellipse with the same second moments; each voxel is a rectangle."""
    points = np.argwhere(plane) * np.asarray(spacing_mm)
    moments = np.cov(points.T, bias=True) + np.diag(np.square(spacing_mm) / 12)
    short, long = np.linalg.eigvalsh(moments)
    return math.sqrt(short / long)
