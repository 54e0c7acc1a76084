# SPDX-License-Identifier: Apache-2.0
"""Scan a subject: T1, true low doses and T1ce, each with its own noise, window and small motion; and the mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int16, UInt8

from lessgad.dose.noise import add_noise
from lessgad.phantom.coils import Shading, coil_sensitivity, surface_coil_sensitivity
from lessgad.phantom.growth import EXTRAMEATAL, INTRAMEATAL, Growth
from lessgad.phantom.protocol import ScanProtocol
from lessgad.phantom.slab import Slab, place_slab
from lessgad.phantom.subject import Subject
from lessgad.phantom.tissues import Tissue
from lessgad.phantom.warp import Warp, rigid
from lessgad.volume import Affine, Volume

LOW_DOSES = (0.1, 0.2, 0.3, 0.5)
HIGHEST_STORED = 32767


@dataclass(frozen=True, eq=False)
class Scan:
    """One image as a scanner stores it.

    Attributes:
        image: int16, on a grid and intensity scale of its own.
        motion: The truth that a registration should find: maps T1 world mm to world mm of this scan.
        sigma: SD of its noise (real and imaginary part), in its intensity unit.
    """

    image: Volume
    motion: Affine
    sigma: float


@dataclass(frozen=True, eq=False)
class ScannedSession:
    """One session of a patient.

    Attributes:
        scans: Dose → scan; 0 is the T1, 1 the T1ce, between them the true low doses.
        mask: 1 intrameatal, 2 extrameatal, on the grid of the T1.
        repeats: Further scans at the standard dose, each with its own noise, motion, window and grid.
    """

    scans: dict[float, Scan]
    mask: Volume
    repeats: tuple[Scan, ...] = ()

    @property
    def pre_contrast(self) -> Volume:
        """T1."""
        return self.scans[0.0].image

    @property
    def standard_dose(self) -> Volume:
        """T1ce."""
        return self.scans[1.0].image


def scan(
    subject: Subject,
    protocol: ScanProtocol,
    warp: Warp,
    rng: np.random.Generator,
    low_doses: Sequence[float] = LOW_DOSES,
    n_repeats: int = 0,
    shading: Shading = "cosines",
) -> ScannedSession:
    """Scan a subject before contrast, at each low dose, and at the standard dose.

    Args:
        subject: The generated head.
        protocol: Sequence, resolution and agent.
        warp: Warp from the patient's to the template's coordinates.
        rng: Random generator of the session: pose, motion, grids, coil, noise and windows.
        low_doses: Fractions of the standard dose.
        n_repeats: Further scans at the standard dose; they come last, so that the others are the same without them.
        shading: Family of the bias fields.

    Returns:
        The scans of the session.
    """
    pose = rigid(rng.normal(0, [4.0, 2.0, 2.5]), rng.normal(0, [1.5, 1.5, 1.5]))
    coil = rng.normal(0, 1, (3, 3))
    sensitivity = surface_coil_sensitivity if shading == "surface-coils" else coil_sensitivity
    snr = rng.uniform(18, 40)
    reference = _white_matter(subject)
    stretched = rng.choice([1.0, 1.03])
    scans: list[Scan] = []
    mask = None
    doses = (0.0, 1.0, *low_doses)
    for dose in (*doses, *(n_repeats * (1.0,))):
        own = np.random.default_rng([int(rng.integers(2**31)), round(1e6 * dose)])
        first = dose == 0
        motion = np.eye(4) if first else rigid(own.normal(0, 1.2, 3), own.normal(0, 1.0, 3))
        in_plane = protocol.in_plane_mm * (1.0 if first else stretched)
        spacing = (in_plane, in_plane, protocol.slice_mm if first else protocol.slice_ce_mm)
        slab = place_slab(spacing, np.zeros(3) if first else own.normal(0, [2, 1, 1]), warp, motion @ pose)
        clean = np.abs(slab.sample(subject.signal(dose))) / reference
        clean *= sensitivity(slab.shape, coil + 0.15 * own.normal(0, 1, (3, 3)))
        window = float(own.uniform(250, 900))
        image = _stored(window * add_noise(clean, 1 / snr, own))
        scans.append(Scan(Volume(image, slab.affine), motion, window / snr))
        if first:
            mask = Volume(_mask(subject.growth, slab), slab.affine)
    assert mask is not None  # noqa: S101 - dose 0 comes first
    by_dose = dict(sorted(zip(doses, scans, strict=False)))
    return ScannedSession(by_dose, mask, tuple(scans[len(doses) :]))


def _white_matter(subject: Subject) -> float:
    """Signal of white matter before contrast at the nominal flip angle: the unit of images and noise."""
    row = int(Tissue.WHITE)
    t2_ms = 1 / (1 / subject.tissue.t2_ms[[row]] + 1 / subject.inhomogeneity_t2_ms)
    signal = subject.sequence.signal(subject.tissue.t1_ms[[row]], t2_ms)
    return float(subject.tissue.water[row] * abs(signal[0]))


def _mask(growth: Growth, slab: Slab) -> UInt8[np.ndarray, "x y z"]:
    """Labels of voxels that are at least half tumor."""
    inside, outside = (slab.share(part, growth.box) for part in (growth.intrameatal, growth.extrameatal))
    labels = np.where(inside >= outside, INTRAMEATAL, EXTRAMEATAL) * (inside + outside >= 0.5)
    return labels.astype(np.uint8)


def _stored(image: Float[np.ndarray, "x y z"]) -> Int16[np.ndarray, "x y z"]:
    return np.clip(np.rint(image), 0, HIGHEST_STORED).astype(np.int16)
