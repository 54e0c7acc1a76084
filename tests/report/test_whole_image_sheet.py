# SPDX-License-Identifier: Apache-2.0
"""Whole slices at the tumor and at the worst place."""

import numpy as np
import pytest

from lessgad.report.style import to_png
from lessgad.report.whole_image_sheet import SheetSlice, slice_errors, whole_image_sheet, worst_slice

SHAPE, LEVEL = (20, 24, 6), 0.5


def volumes():
    head = np.zeros(SHAPE, bool)
    head[2:18, 2:22] = True
    head[:, :, 5] = False
    head[9:11, 9:11, 5] = True  # a slice with hardly any head
    standard = np.full(SHAPE, -0.4, np.float32)
    restored = standard.copy()
    restored[:, :, 2] += 0.1
    restored[:, :, 5] += 0.9
    return restored, standard, head


def test_errors_are_those_of_the_head_in_each_slice():
    restored, standard, head = volumes()
    errors = slice_errors(restored, standard, head, LEVEL)
    assert errors == pytest.approx([0, 0, 0.2, 0, 0, 1.8], abs=1e-6)
    head[:] = False
    assert not slice_errors(restored, standard, head, LEVEL).any()


def test_the_worst_slice_is_one_with_much_head():
    restored, standard, head = volumes()
    assert worst_slice(slice_errors(restored, standard, head, LEVEL), head) == 2


def test_the_sheet_is_drawn_the_same_each_time():
    restored, standard, head = volumes()
    images = (standard[..., 2], standard[..., 2], restored[..., 2], standard[..., 2])
    one = SheetSlice("slice 3, worst", images, head[..., 2])
    first, second = (to_png(whole_image_sheet("sub-1", 0.1, (one, one), (1.0, 1.0), LEVEL)) for _ in range(2))
    assert first == second
    assert first.startswith(b"\x89PNG")
