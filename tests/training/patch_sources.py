# SPDX-License-Identifier: Apache-2.0
"""Small studies that patches are drawn of: constant ones, and textured ones."""

from dataclasses import fields

import numpy as np

from lessgad.dose.simulator import LowDoseSimulator
from lessgad.training.patch_source import PatchSource
from lessgad.training.patches import draw_patch

SHAPE = (6, 40, 50)
BOX = (4, 36, 6, 46)


def source(*, value=0.0, tumor=None, shape=SHAPE, box=BOX, head_slices=(1, 2, 3, 4)):
    """A study of constant images, told apart by their value."""
    image = np.full(shape, value, dtype=np.float32)
    voxels = np.empty((0, 3), dtype=np.int64) if tumor is None else np.array(tumor)
    t1ce = image + 0.25
    return PatchSource(image, t1ce, (image, t1ce), LowDoseSimulator(), box, np.array(head_slices), voxels, (2.0, 1.5))


def draw(sources, number, **changes):
    how = {"seed": 1, "size": (16, 20), "tumor_share": 0.5, "flip": True, "dose": None}
    return draw_patch(sources, number, **{**how, **changes})


def equal(one, other):
    return all(np.array_equal(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))


def textured(seed=0, tumor=((2, 20, 30), (3, 21, 31))):
    rng = np.random.default_rng(seed)
    images = [rng.uniform(-1, 1, SHAPE).astype(np.float32) for _ in range(2)]
    return PatchSource(
        *images, tuple(images), LowDoseSimulator(), BOX, np.array([1, 2, 3]), np.array(tumor), (2.0, 1.5)
    )


def where(patch):
    """Row and column of the slice at which the patch begins; patches are not flipped."""
    return round((BOX[0] + BOX[1] - 1) / 2 - patch.center[0]), round((BOX[2] + BOX[3] - 1) / 2 - patch.center[1])
