# SPDX-License-Identifier: Apache-2.0
import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lessgad.segmentation.nnunet_plan import QUICK_VOXELS, quick_spacing_mm

axes = st.tuples(*[st.tuples(st.floats(0.3, 6), st.integers(8, 700))] * 3)


@settings(max_examples=100, deadline=None)
@given(axes)
@example(((1.0, 100), (1.0, 100), (5.19921875, 100)))  # exactly as many voxels as are allowed
@example(((1.0, 100), (1.0, 100), (5.199999999999999, 100)))
def test_the_median_head_fits_and_no_axis_gets_finer(axes):
    spacing, shape = zip(*axes, strict=True)
    coarser = quick_spacing_mm(spacing, shape)
    n_voxels = math.prod(n * mm / new for n, mm, new in zip(shape, spacing, coarser, strict=True))
    assert n_voxels <= max(QUICK_VOXELS, 1) * 1.001
    assert all(new >= mm - 1e-4 for mm, new in zip(spacing, coarser, strict=True))
    changed = [new for mm, new in zip(spacing, coarser, strict=True) if new > mm + 1e-3]
    assert changed == pytest.approx([max(changed)] * len(changed)) if changed else coarser == spacing
    if changed:
        assert n_voxels >= QUICK_VOXELS * 0.99


def test_thick_slices_stay_and_fine_pixels_are_coarsened():
    z, y, x = quick_spacing_mm((3.0, 0.4, 0.4), (40, 512, 400))
    assert z == 3.0
    assert y == x
    assert 0.4 < x < 1.2
