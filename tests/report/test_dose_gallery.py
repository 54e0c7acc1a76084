# SPDX-License-Identifier: Apache-2.0
"""Figure 3 on made-up slices."""

import numpy as np
import pytest

from lessgad.report.dose_gallery import DosePlane, GalleryStudy, Score, dose_gallery, gallery_doses
from lessgad.report.style import to_png


def a_study(doses, tumor=True):
    x, y = np.meshgrid(np.linspace(-1, 1, 60), np.linspace(-1, 1, 70), indexing="ij")
    head = x**2 + y**2 < 0.8
    lesion = ((x - 0.3) ** 2 + y**2 < 0.02) & tumor
    t1 = np.where(head, -0.3, -1.0).astype(np.float32)
    t1ce = np.where(lesion, 0.6, t1).astype(np.float32)
    planes = [
        DosePlane(dose, ((1 - dose) * t1 + dose * t1ce).astype(np.float32), t1ce, Score(20.0 + dose, 0.5), None)
        for dose in doses
    ]
    return GalleryStudy(("study 1", "a line"), t1, t1ce, planes, lesion, (1.0, 1.2))


def test_paper_doses_are_chosen_where_they_exist():
    assert gallery_doses([i / 10 for i in range(10)]) == (0.1, 0.3, 0.5, 0.7, 0.9)
    assert gallery_doses([0.3, 0.1, 0.1]) == (0.1, 0.3)


def test_other_doses_are_spread_evenly():
    assert gallery_doses([0.05, 0.15, 0.2, 0.25, 0.35, 0.4, 0.45]) == (0.05, 0.2, 0.25, 0.35, 0.45)
    assert gallery_doses([0.2]) == (0.2,)
    assert gallery_doses([]) == ()


@pytest.mark.parametrize("tumor", [True, False])
def test_gallery_has_four_rows_of_every_dose(tumor):
    figure = dose_gallery(a_study((0.1, 0.5, 0.9), tumor))
    assert len(figure.axes) == 4 * (1 + 3)
    words = [text.get_text() for text in figure.texts]
    for wanted in ("10 %", "50 %", "90 %", "20.1 dB\nSSIM 0.500", "study 1"):
        assert wanted in words
    assert words.count("restored") == 2
    assert to_png(figure)[:4] == b"\x89PNG"


def test_whole_slices_share_one_gray_window_and_close_ups_one_that_shows_the_tumor():
    study = a_study((0.1, 0.5))
    drawn = [axes.images[0] for axes in dose_gallery(study).axes]
    largest = max(image.get_array().size for image in drawn)
    whole, close = (
        {image.get_clim() for image in drawn if (image.get_array().size == largest) == is_whole}
        for is_whole in (True, False)
    )
    assert len(whole) == len(close) == 1
    ((black, white),), ((close_black, close_white),) = whole, close
    assert black == close_black == -1.0
    assert close_white == pytest.approx(max(white, float(np.percentile(study.standard_dose[study.tumor], 99))))


def test_infinite_psnr_is_written_as_such():
    assert str(Score(float("inf"), 1.0)) == "∞ dB\nSSIM 1.000"
