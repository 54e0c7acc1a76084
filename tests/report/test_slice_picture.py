# SPDX-License-Identifier: Apache-2.0
"""Slices lie the way radiologists expect, in true proportions."""

import io

import numpy as np
import pytest
from PIL import Image

from lessgad.report.slice_picture import (
    box_around,
    frame,
    gray_window,
    outline,
    radiological,
    show_plane,
    square_box,
    tumor_slice,
)
from lessgad.report.style import new_figure, place, styled, to_png


def drawn(plane, spacing_mm, width_in=2.0, height_in=2.0, **options):
    """Pixels of a plane that fills the figure."""
    with styled():
        figure = new_figure(width_in, height_in)
        axes = place(figure, 0.0, 0.0, width_in, height_in)
        show_plane(axes, plane, spacing_mm, (0.0, 1.0), marks=False, **options)
    return np.asarray(Image.open(io.BytesIO(to_png(figure))).convert("RGB")).astype(int)


def center_of(mask):
    rows, columns = np.nonzero(mask)
    return rows.mean() / mask.shape[0], columns.mean() / mask.shape[1]


def test_right_anterior_of_the_patient_is_upper_left_of_the_picture():
    plane = np.zeros((20, 20), dtype=np.float32)
    plane[15:19, 14:18] = 1  # x high: right; y high: anterior
    row, column = center_of(drawn(plane, (1.0, 1.0))[..., 0] > 128)
    assert column < 0.25
    assert row < 0.3


@pytest.mark.parametrize(("x", "y"), [(3, 4), (16, 4), (3, 15), (16, 15)])
def test_every_corner_goes_where_the_flip_says(x, y):
    plane = np.zeros((20, 20), dtype=np.float32)
    plane[x - 2 : x + 2, y - 2 : y + 2] = 1
    row, column = center_of(drawn(plane, (1.0, 1.0))[..., 0] > 128)
    assert column == pytest.approx(1 - x / 20, abs=0.02)
    assert row == pytest.approx(1 - y / 20, abs=0.02)


def test_radiological_first_pixel_is_right_anterior():
    plane = np.arange(6.0).reshape(2, 3)  # x, y
    shown = radiological(plane)
    assert shown.shape == (3, 2)
    assert shown[0, 0] == plane[-1, -1]
    assert shown[-1, -1] == plane[0, 0]
    assert shown[0, -1] == plane[0, -1]


def test_anisotropic_pixels_keep_their_proportions():
    plane = np.ones((40, 10), dtype=np.float32)  # 40 × 0.5 mm across, 10 × 3 mm up
    pixels = drawn(plane * 0.5, (0.5, 3.0))
    gray = (abs(pixels[..., 0] - 127) < 6) & (pixels[..., 0] == pixels[..., 1])
    rows, columns = gray.any(axis=1).sum(), gray.any(axis=0).sum()
    assert rows / columns == pytest.approx(30 / 20, rel=0.02)


def test_outline_surrounds_the_mask_and_only_it():
    plane = np.zeros((20, 20), dtype=np.float32)
    mask = np.zeros((20, 20), dtype=bool)
    mask[12:16, 12:16] = True
    pixels = drawn(plane, (1.0, 1.0), contours={"#ff0000": mask})
    red = pixels[..., 0] > 120
    rows, columns = np.nonzero(red)
    n = pixels.shape[0]
    assert columns.min() / n == pytest.approx(4 / 20, abs=0.02)
    assert columns.max() / n == pytest.approx(8 / 20, abs=0.02)
    assert rows.min() / n == pytest.approx(4 / 20, abs=0.02)
    assert rows.max() / n == pytest.approx(8 / 20, abs=0.02)
    assert not red[round(0.3 * n), round(0.3 * n)]


def test_outline_of_single_voxel_has_four_edges():
    with styled():
        axes = new_figure(1.0, 1.0).add_subplot()
        mask = np.zeros((3, 3), dtype=bool)
        mask[1, 1] = True
        outline(axes, mask, (2.0, 1.0), "red")
    segments = axes.collections[0].get_segments()
    assert len(segments) == 4
    assert sum(abs(b - a).sum() for a, b in segments) == pytest.approx(2 * (2.0 + 1.0))


def test_frame_is_where_the_box_is_shown():
    with styled():
        axes = new_figure(1.0, 1.0).add_subplot()
        frame(axes, (slice(6, 8), slice(1, 4)), (10, 10), (2.0, 1.0))
    patch = axes.patches[0]
    assert patch.get_xy() == (4.0, 6.0)
    assert (patch.get_width(), patch.get_height()) == (4.0, 3.0)


def test_tumor_slice_has_the_most_tumor_and_else_is_the_middle():
    tumor = np.zeros((4, 4, 9), dtype=bool)
    assert tumor_slice(None, 9) == 4
    assert tumor_slice(tumor, 9) == 4
    tumor[0, 0, 2] = tumor[:2, 0, 7] = True
    assert tumor_slice(tumor, 9) == 7


def test_window_runs_from_background_to_bright_tissue():
    generator = np.random.default_rng(0)
    image = np.concatenate([np.zeros(5000), generator.normal(100, 10, 5000), [10_000.0]])
    low, high = gray_window(image, 0.0)
    assert low == 0
    assert 110 < high <= 10_000
    assert gray_window(image, 0.0, 40.0) == (0.0, pytest.approx(88.0))
    assert gray_window(image, 0.0, 100.0)[1] == pytest.approx(min(high, 220.0))
    low, high = gray_window(np.full(10, 3.0), 3.0)
    assert high > low


def test_boxes():
    mask = np.zeros((30, 20), dtype=bool)
    mask[10:14, 5:8] = True
    assert box_around(mask, (1.0, 2.0), 4.0) == (slice(6, 18), slice(3, 10))
    assert box_around(np.zeros((3, 4), dtype=bool), (1.0, 1.0), 2.0) == (slice(0, 3), slice(0, 4))
    across, up = square_box(mask, (1.0, 2.0), 12.0)
    assert (across.stop - across.start, up.stop - up.start) == (12, 6)
    assert across.start <= 10
    assert across.stop >= 14
    mask[29, 19] = True
    across, up = square_box(mask, (1.0, 2.0), 12.0)
    assert across.stop <= 30
    assert up.stop <= 20
