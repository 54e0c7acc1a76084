# SPDX-License-Identifier: Apache-2.0
"""A vestibular schwannoma in its place: in the auditory canal, in the cistern, and the brain that it pushes aside."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from lessgad.phantom.anatomy import Head
from lessgad.phantom.canal import CANAL_RADIUS_MM, along_canal, canal, canal_points
from lessgad.phantom.schwannoma import Schwannoma
from lessgad.phantom.shapes import ORIGIN_MM, Box, Region, axes_mm, box_around, smooth_noise
from lessgad.phantom.tissues import Tissue

INTRAMEATAL, EXTRAMEATAL = 1, 2
# The core of larger tumors fills late: most of it between 1.5 and 10 minutes after injection (PMID 20524826).
FADING_FROM_MM = 10.0


@dataclass(frozen=True, eq=False)
class Growth:
    """A tumor in place, in a box of the grid.

    Attributes:
        box: Box in the grid.
        intrameatal: Part of the tumor in the canal.
        extrameatal: Part of the tumor in the cistern.
        cysts: Cysts within it.
        texture: Uptake relative to its mean, about 1.
    """

    box: Box
    intrameatal: Bool[np.ndarray, "i j k"]
    extrameatal: Bool[np.ndarray, "i j k"]
    cysts: Bool[np.ndarray, "i j k"]
    texture: Float[np.ndarray, "i j k"]


def place(tumor: Schwannoma, head: Head, scale: float) -> tuple[Growth, Head]:
    """Grow the tumor in a head; return it and the head around it.

    In the canal it fills the lumen, slightly widened. In the cistern it is a ball that touches the porus, with a
    smooth irregular surface, flattened against the petrous bone; brain in its way is pushed outward along rays from the
    porus, and a cleft of CSF is left around it.

    Args:
        tumor: Properties of the tumor.
        head: The head on the template's grid; not changed.
        scale: Template mm per patient mm, for the diameter.

    Returns:
        The tumor at all sessions, and the head around it.
    """
    rng = np.random.default_rng(tumor.seed)
    porus, fundus = canal_points(tumor.side)
    reach = 17 + 2.1 * tumor.diameter_mm * scale
    box = box_around((porus - reach).tolist(), (porus + reach).tolist())
    shape = (box[0].stop - box[0].start, box[1].stop - box[1].start, box[2].stop - box[2].start)
    along, across = along_canal(tumor.side, box)
    length = float(np.linalg.norm(fundus - porus))
    lumen = _in_box(canal(tumor.side, 0.35), box)
    widest = CANAL_RADIUS_MM + 0.6
    wavy = 1.2 * smooth_noise(rng, shape, 5)
    rounded = widest - np.sqrt(np.maximum(widest**2 - across**2, 0)) + wavy  # how far the end recedes off the axis
    if tumor.diameter_mm > 0:
        inside_canal = lumen & (along >= 0) & (along + rounded <= tumor.filling * length + 0.5)
    else:
        middle = rng.uniform(0.45, 0.6)
        beyond_middle = np.abs(along - middle * length) + rounded
        inside_canal = _largest(lumen & (beyond_middle <= tumor.filling * length / 2 + 0.5) & (along >= 0))
    inside_canal &= across < widest
    texture = (1 + 0.13 * smooth_noise(rng, shape, 5) + 0.07 * smooth_noise(rng, shape, 2.2)).astype(np.float32)
    nothing = np.zeros(shape, dtype=bool)
    growth = Growth(box, inside_canal, nothing, nothing, np.clip(texture, 0.4, 1.6))
    if tumor.diameter_mm == 0:
        return growth, _with_tumor(head, growth)
    return _with_cistern_part(tumor, head, growth, rng, scale, along)


def _with_cistern_part(
    tumor: Schwannoma,
    head: Head,
    growth: Growth,
    rng: np.random.Generator,
    scale: float,
    along: Float[np.ndarray, "i j k"],
) -> tuple[Growth, Head]:
    box = growth.box
    surface = smooth_noise(rng, growth.intrameatal.shape, np.clip(0.45 * tumor.diameter_mm * scale, 4, 12))
    in_canal = _in_box(canal(tumor.side, 1.0), box) & (along >= 0)
    room = _room(head, box) & ~in_canal
    wanted = tumor.diameter_mm * scale
    radius = wanted / 2
    for _ in range(6):
        distance, boundary = _rays(tumor.side, radius, box, surface)
        extrameatal = _largest((distance < boundary) & room)
        radius *= float(np.clip(wanted / max(largest_transverse_diameter_mm(extrameatal), 1.0), 0.7, 1.4))
    depth = distance / np.maximum(boundary, 1e-3)
    cysts = np.zeros_like(extrameatal)
    if tumor.cystic > 0:
        field = smooth_noise(rng, extrameatal.shape, max(0.28 * wanted, 4)) - 3 * np.maximum(depth - 0.75, 0)
        cysts = extrameatal & (field > np.quantile(field[extrameatal], 1 - tumor.cystic)) & (depth < 0.92)
    fading = rng.uniform(0, 0.5) if tumor.diameter_mm > FADING_FROM_MM else 0.0
    texture = growth.texture * (1 - fading * _coreness(extrameatal)).astype(np.float32)
    grown = replace(growth, extrameatal=extrameatal, cysts=cysts, texture=texture)
    return grown, _with_tumor(_pushed_aside(head, tumor.side, box, distance, boundary), grown)


def largest_transverse_diameter_mm(
    mask: Bool[np.ndarray, "x y z"], spacing_mm: tuple[float, float] = (1.0, 1.0)
) -> float:
    """Measure the largest distance between the outer edges of two voxels within one transverse slice.

    Args:
        mask: A mask.
        spacing_mm: In-plane spacing, in mm.

    Returns:
        Diameter in mm; 0 for an empty mask.
    """
    from scipy.spatial.distance import pdist

    largest = 0.0
    for k in np.flatnonzero(mask.any(axis=(0, 1))):
        plane = np.pad(mask[:, :, k], 1)
        inner = plane[2:, 1:-1] & plane[:-2, 1:-1] & plane[1:-1, 2:] & plane[1:-1, :-2]
        points = np.argwhere(mask[:, :, k] & ~inner) * np.asarray(spacing_mm)
        extent = float(pdist(points).max()) if len(points) > 1 else 0.0
        largest = max(largest, extent + float(np.mean(spacing_mm)))
    return largest


def _origin(side: int) -> Float[np.ndarray, "3"]:
    """Find the starting point of the rays: in the cistern, just in front of the porus."""
    return canal_points(side)[0] + 1.5 * _away(side)


def _away(side: int) -> Float[np.ndarray, "3"]:
    """From the porus into the angle between pons and cerebellum: medially and backward."""
    return np.array([-0.80 * side, -0.58, 0.12])


def _rays(
    side: int, radius: float, box: Box, surface: Float[np.ndarray, "i j k"]
) -> tuple[Float[np.ndarray, "i j k"], Float[np.ndarray, "i j k"]]:
    """Distance from the porus, and how far from it the tumor reaches along the ray through each voxel, mm."""
    origin = _origin(side)
    center = 0.8 * radius * _away(side)
    x, y, z = (axis - np.float32(o) for axis, o in zip(axes_mm(box), origin, strict=True))
    distance = np.sqrt(x**2 + y**2 + z**2)
    toward = (x * center[0] + y * center[1] + z * center[2]) / np.maximum(distance, 1e-3)
    uneven = radius * np.clip(1 + 0.10 * surface, 0.75, 1.25)
    boundary = toward + np.sqrt(np.maximum(toward**2 - float(center @ center) + uneven**2, 0))
    return distance.astype(np.float32), boundary.astype(np.float32)


def _pushed_aside(
    head: Head, side: int, box: Box, distance: Float[np.ndarray, "i j k"], boundary: Float[np.ndarray, "i j k"]
) -> Head:
    """Move the brain outward along the rays: what was at the origin comes to lie at the boundary."""
    from scipy.ndimage import map_coordinates

    horizon = 2.0 * boundary + 6
    stays = distance >= horizon
    source = np.where(stays, distance, np.maximum(distance - boundary, 0) * horizon / (horizon - boundary))
    shrink = source / np.maximum(distance, 1e-3)
    coordinates = [
        o + (axis - o) * shrink - start for axis, o, start in zip(axes_mm(box), _origin(side), ORIGIN_MM, strict=True)
    ]
    cleft = np.clip(1.3 - (distance - boundary), 0, 1) * (distance > 0)
    fractions = []
    for fraction in (head.gray, head.white):
        moved = fraction.copy()
        pushed = map_coordinates(fraction, coordinates, order=1, mode="nearest")
        moved[box] = np.where(stays, fraction[box], pushed) * (1 - cleft)
        moved *= head.labels == Tissue.CSF
        fractions.append(moved)
    return Head(head.labels, fractions[0], fractions[1])


def _with_tumor(head: Head, growth: Growth) -> Head:
    labels, gray, white = head.labels.copy(), head.gray.copy(), head.white.copy()
    whole = growth.intrameatal | growth.extrameatal
    labels[growth.box][whole] = Tissue.TUMOR
    labels[growth.box][growth.cysts] = Tissue.CYST
    gray[growth.box][whole] = 0
    white[growth.box][whole] = 0
    return Head(labels, gray, white)


def _room(head: Head, box: Box) -> Bool[np.ndarray, "i j k"]:
    return np.isin(head.labels[box], [Tissue.CSF, Tissue.WHITE, Tissue.ARTERY])


def _coreness(mask: Bool[np.ndarray, "i j k"]) -> Float[np.ndarray, "i j k"]:
    """From 0 at the surface of the mask to 1 in its core: some minutes after injection the core lags behind."""
    from scipy.ndimage import distance_transform_edt

    depth = np.asarray(distance_transform_edt(mask))
    return np.clip(depth / max(float(depth.max()), 1.0) - 0.2, 0, 0.6) / 0.6


def _largest(mask: Bool[np.ndarray, "i j k"]) -> Bool[np.ndarray, "i j k"]:
    from scipy.ndimage import label

    pieces, n = label(mask)
    if n < 2:
        return mask
    return np.asarray(pieces == 1 + int(np.argmax(np.bincount(pieces.ravel())[1:])))


def _in_box(region: Region, box: Box) -> Bool[np.ndarray, "x y z"]:
    """Give a region as a mask of another, larger box."""
    inner, inside = region
    mask = np.zeros([part.stop - part.start for part in box], dtype=bool)
    offset = [a.start - b.start for a, b in zip(inner, box, strict=True)]
    mask[tuple(slice(o, o + n) for o, n in zip(offset, inside.shape, strict=True))] = inside
    return mask
