# SPDX-License-Identifier: Apache-2.0
"""PNG output and the look of methods."""

import io

import matplotlib
import numpy as np
from PIL import Image

from lessgad.report.small_png import to_small_png
from lessgad.report.style import line_style, new_figure, place, styled, to_png

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def a_figure():
    with styled():
        figure = new_figure(3.0, 2.0)
        axes = place(figure, 0.5, 0.25, 2.0, 1.5)
        axes.imshow(np.random.default_rng(0).random((40, 50)), cmap="gray")
        axes.plot([0, 10], [0, 10], color="red")
    return figure


def test_png_has_its_signature_and_size():
    png = to_png(a_figure())
    assert png[:8] == SIGNATURE
    assert Image.open(io.BytesIO(png)).size == (390, 260)


def test_same_figure_gives_the_same_bytes():
    assert to_png(a_figure()) == to_png(a_figure())


def test_small_png_is_much_smaller_and_looks_the_same():
    whole, small = to_png(a_figure()), to_small_png(a_figure())
    assert small[:8] == SIGNATURE
    assert len(small) < 0.6 * len(whole)
    one, other = (Image.open(io.BytesIO(png)).convert("L") for png in (whole, small))
    difference = np.asarray(one.resize(other.size)).astype(int) - np.asarray(other)
    assert abs(difference.mean()) < 2


def test_place_counts_inches_from_the_upper_left():
    box = a_figure().axes[0].get_position(original=True)
    np.testing.assert_allclose(box.bounds, (0.5 / 3, 1 - 1.75 / 2, 2 / 3, 1.5 / 2))


def test_settings_of_matplotlib_stay_as_they_were():
    before = dict(matplotlib.rcParams)
    to_png(a_figure())
    assert dict(matplotlib.rcParams) == before


def test_restored_is_solid_red_and_unrestored_dashed_blue():
    restored, unrestored = line_style("restored"), line_style("unrestored")
    red, green, blue = (int(restored.color[i : i + 2], 16) for i in (1, 3, 5))
    assert red > 2 * max(green, blue)
    assert restored.dashes == "-"
    red, green, blue = (int(unrestored.color[i : i + 2], 16) for i in (1, 3, 5))
    assert blue > max(red, green)
    assert unrestored.dashes != "-"


def test_external_methods_keep_their_names_and_differ():
    styles = [line_style(name, i) for i, name in enumerate(("NetA", "NetB"))]
    assert [style.label for style in styles] == ["NetA", "NetB"]
    assert styles[0].color != styles[1].color
