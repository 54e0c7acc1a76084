# SPDX-License-Identifier: Apache-2.0
"""The preparation sheet, Figure 2 and their histograms, on a made-up head."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lessgad.report.calibration_figure import calibration_figure
from lessgad.report.histogram_plot import Histogram, Peaks, tidy_number, upper_intensity
from lessgad.report.preparation_images import PreparationImages, head_plane_box
from lessgad.report.preparation_picture import checkerboard, preparation_picture
from lessgad.report.style import to_png

SHAPE = (40, 48, 12)
SPACING_MM = (2.0, 2.0, 6.0)
PEAK = 300.0


def a_study(tumor=True, second=PEAK):
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in SHAPE), indexing="ij")
    head = x**2 + y**2 + 0.6 * z**2 < 0.7
    lesion = (x - 0.4) ** 2 + y**2 + z**2 < 0.04
    generator = np.random.default_rng(0)
    t1 = (np.where(head, generator.normal(PEAK, 20, SHAPE), 0.0)).astype(np.float32)
    after = np.where(lesion, t1 + 300, t1).astype(np.float32)
    return PreparationImages(
        pre_contrast=t1,
        standard_before=(after / 4).astype(np.float32),
        standard_after=after,
        spacing_mm=SPACING_MM,
        pre_contrast_peaks=Peaks(0.0, second),
        before_peaks=Peaks(0.0, None if second is None else second / 4),
        after_peaks=Peaks(0.0, second),
        tumor=lesion if tumor else None,
    )


@pytest.mark.parametrize("tumor", [True, False])
@pytest.mark.parametrize("second", [PEAK, None])
def test_preparation_picture_draws_with_and_without_tumor_and_peak(tumor, second):
    figure = preparation_picture(a_study(tumor, second), ["study 1", "calibrated by peaks"])
    assert to_png(figure)[:4] == b"\x89PNG"
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    for wanted in ("T1 (pre-contrast)", "T1ce aligned, before calibration", "T1ce after calibration"):
        assert wanted in titles
    assert "study 1" in [text.get_text() for text in figure.texts]


def test_panels_lie_inside_the_figure_and_do_not_overlap():
    figure = preparation_picture(a_study(), ["study 1"])
    boxes = [axes.get_position(original=True) for axes in figure.axes]
    assert len(boxes) == 9
    for box in boxes:
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= 1
        assert box.y1 <= 1
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            apart_x = min(one.x1, other.x1) - max(one.x0, other.x0) <= 1e-9
            apart_y = min(one.y1, other.y1) - max(one.y0, other.y0) <= 1e-9
            assert apart_x or apart_y


def test_difference_is_neutral_at_zero_and_symmetric():
    figure = preparation_picture(a_study())
    axes = next(axes for axes in figure.axes if "−" in axes.get_title(loc="left"))
    image = axes.images[0]
    low, high = image.get_clim()
    assert low == -high
    red, green, blue, _ = image.get_cmap()(0.5)
    assert max(red, green, blue) < 0.02


def test_enhancing_tumor_is_bright_where_the_patients_right_is_shown():
    figure = preparation_picture(a_study())
    axes = next(axes for axes in figure.axes if "−" in axes.get_title(loc="left"))
    shown = np.asarray(axes.images[0].get_array())
    columns = np.nonzero(shown > 100)[1]
    assert columns.size
    assert columns.mean() < shown.shape[1] / 2  # x > 0 is the patient's right: on the left


def test_head_box_holds_the_head():
    study = a_study()
    box = head_plane_box(study, 6)
    cut = study.pre_contrast[:, :, 6].copy()
    cut[box] = 0
    assert cut.max() == 0


@given(st.integers(2, 12), st.integers(2, 12), st.sampled_from([1.0, 2.5]))
def test_checkerboard_takes_every_pixel_from_one_of_the_two(n, m, tile_mm):
    one, other = np.zeros((n, m)), np.ones((n, m))
    board = checkerboard(one, other, (1.0, 1.0), tile_mm)
    for i in range(n):
        for j in range(m):
            assert board[i, j] == (i // tile_mm + j // tile_mm) % 2


def test_checkerboard_of_an_image_with_itself_is_the_image():
    image = np.random.default_rng(0).random((9, 7))
    np.testing.assert_array_equal(checkerboard(image, image, (1.0, 2.0), 3.0), image)


def test_histogram_keeps_its_shape_under_scaling():
    generator = np.random.default_rng(1)
    image = np.abs(generator.normal(PEAK, 60, 40_000))
    one = Histogram.of(image, Peaks(0.0, PEAK), 900.0)
    other = Histogram.of(4 * image, Peaks(0.0, 4 * PEAK), 3600.0)
    np.testing.assert_allclose(4 * one.edges, other.edges)
    np.testing.assert_allclose(one.heights, other.heights, atol=1e-3)
    assert one.heights.max() == 1


def test_coarse_gray_levels_do_not_comb_the_histogram():
    generator = np.random.default_rng(1)
    image = np.rint(generator.normal(82, 12, 100_000))
    heights = Histogram.of(image, Peaks(0.0, 82.0), 180.0).heights
    inside = heights[np.flatnonzero(heights > 0.5)[0] : np.flatnonzero(heights > 0.5)[-1] + 1]
    assert inside.min() > 0.4


def test_axis_reaches_beyond_the_second_peak_but_not_far():
    image = np.full(100, 10.0)
    assert upper_intensity(image, Peaks(0.0, 200.0)) == 300
    assert upper_intensity(np.full(100, 5000.0), Peaks(0.0, 200.0)) == 600
    assert upper_intensity(np.zeros(5), Peaks(0.0, None)) > 0


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "0"), (-0.0, "0"), (0.12345, "0.123"), (82.06, "82.1"), (12345.6, "12\u202f346"), (-3.0, "−3")],
)
def test_numbers_are_tidy(value, words):
    assert tidy_number(value) == words


def test_calibration_figure_states_the_map_between_the_peaks():
    study = a_study()
    low = (0.8 * study.pre_contrast + 0.2 * study.standard_after).astype(np.float32)
    figure = calibration_figure(study, low, 0.2)
    words = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert "calibration: × 4 + 0" in words
    assert any("second peak 300" in text for text in words)
    assert any("second peak 75" in text for text in words)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert "(d) low dose, 20 %, simulated" in titles
    assert Image.open(io.BytesIO(to_png(figure))).width > 800


def test_calibration_figure_without_peaks_draws_no_arrow():
    study = a_study(second=None)
    assert calibration_figure(study, study.pre_contrast, 0.2).artists == []
