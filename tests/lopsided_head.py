# SPDX-License-Identifier: Apache-2.0
"""A textured, lopsided head without and with contrast: large enough for elastix, different from its mirror image."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.volume import Volume

SHAPE = (90, 104, 40)
AFFINE = np.array([[2.0, 0, 0, -90], [0, 2, 0, -104], [0, 0, 3.5, -70], [0, 0, 0, 1]])
#: 5° and 9 mm.
OFFSET = RigidTransform.from_elastix(
    [4.0, -9.0, 12.0], np.r_[np.radians([1.7, 3.3, 3.3]), 6.0, -3.0, 6.0].tolist(), compute_zyx=False
)


def pair(gamma: float = 1.0) -> list[Volume]:
    """T1 and T1ce on other scales, with noise of their own; `gamma` bends the contrast of the T1ce's tissue."""
    rng = np.random.default_rng(0)
    x, y, z = np.ogrid[-90:90:2, -104:104:2, -70:70:3.5]
    head = (x / 65) ** 2 + ((y + 0.1 * x) / 80) ** 2 + (z / 55) ** 2 <= 1
    tissue = ndimage.gaussian_filter(rng.normal(size=SHAPE), (3, 3, 2))
    tissue = head * (1 + 0.3 * tissue / tissue.std()).clip(0.2)
    enhancing = ((x - 30) / 12) ** 2 + (y / 12) ** 2 + (z / 12) ** 2 <= 1
    scans = [300 * tissue, 70 * (tissue**gamma + 1.2 * enhancing)]
    return [Volume((s + rng.rayleigh(0.02 * s.max(), SHAPE)).astype(np.float32), AFFINE) for s in scans]
