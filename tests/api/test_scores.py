# SPDX-License-Identifier: Apache-2.0
"""Scores of known images; a figure of them; a verdict of an experiment; a cohort."""

from html import escape

import numpy as np
import pytest

import lessgad
from lessgad.errors import LessgadError
from lessgad.evaluation.answer_words import headline
from lessgad.volume import Volume


@pytest.fixture(scope="module")
def study(lopsided):
    t1, t1ce = lopsided.pair()
    pair = lessgad.normalize(t1, t1), lessgad.normalize(lessgad.calibrate(t1, t1ce), t1)
    x, y, z = np.ogrid[-90:90:2, -104:104:2, -70:70:3.5]
    tumor = t1.with_array((((x - 30) / 12) ** 2 + (y / 12) ** 2 + (z / 12) ** 2 <= 1).astype(np.uint8))
    return *pair, tumor


def test_the_standard_dose_is_perfect_and_the_t1_recovers_nothing(study):
    t1, t1ce, tumor = study
    assert [area.area for area in lessgad.similarity(t1ce, t1ce, tumor)] == ["tumor_box", "tumor", "head"]
    assert all(
        area.psnr_db == np.inf and area.ssim == pytest.approx(1) for area in lessgad.similarity(t1ce, t1ce, tumor)
    )
    perfect, nothing = (lessgad.enhancement_scores(image, t1, t1ce, tumor) for image in (t1ce, t1))
    assert (perfect.recovery, perfect.false_ml, perfect.missed_ml) == (1.0, 0.0, 0.0)
    assert (nothing.recovery, nothing.false_ml) == (0.0, 0.0)
    assert nothing.missed_ml > 0.5 * tumor.array.sum() * 2 * 2 * 3.5 / 1000


def test_turned_axes_change_no_score(study):
    t1, t1ce, tumor = study

    def turned(volume):
        affine = volume.affine @ np.array(
            [[0, 0, -1.0, volume.array.shape[0] - 1], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
        )
        return Volume(np.ascontiguousarray(volume.array.transpose(1, 2, 0)[:, :, ::-1]), affine)

    low = lessgad.simulate_low_dose(t1, t1ce, 0.4)
    plain = lessgad.enhancement_scores(low, t1, t1ce, tumor)
    moved = lessgad.enhancement_scores(turned(low), t1, turned(t1ce), turned(tumor))
    assert moved.recovery == pytest.approx(plain.recovery)
    assert plain.recovery == pytest.approx(0.4, abs=0.01)


def test_normalization_shares_one_scale(lopsided):
    t1, _ = lopsided.pair()
    normalized = lessgad.normalize(t1)
    twice = lessgad.normalize(t1.with_array(2 * t1.array), t1)
    inside = twice.array < 1
    assert np.allclose(twice.array[inside] + 1, 2 * (normalized.array[inside] + 1), atol=1e-4)
    assert normalized.array.min() >= -1
    assert normalized.array.max() <= 1


def test_a_figure_has_a_panel_for_each_image_and_the_difference(study):
    t1, t1ce, tumor = study
    low = lessgad.simulate_low_dose(t1, t1ce, 0.4)
    figure = lessgad.show(t1, low, restored=t1ce, standard_dose=t1ce, tumor=tumor)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["T1", "low dose", "restored", "standard dose", "restored − standard dose"]
    difference = figure.axes[-1].images[0].get_array()
    assert np.all(difference == 0)
    assert len(lessgad.show(t1, slice_index=3).axes) == 1


@pytest.mark.slow
def test_the_verdict_of_an_experiment_is_that_of_its_report(tiny_stages):
    answer = lessgad.minimal_dose(tiny_stages / "report")
    assert lessgad.minimal_dose(str(tiny_stages / "report")) == answer
    assert answer.status == "too few"  # two test patients
    page = (tiny_stages / "report" / "report" / "index.html").read_text(encoding="utf-8")
    assert escape(headline(answer), quote=False) in page
    cohort = lessgad.load_cohort(str(tiny_stages / "cohort"))
    assert len(cohort.studies) > 1


def test_a_folder_that_is_no_experiment_is_one_clear_line(tmp_path):
    with pytest.raises(LessgadError, match="experiment"):
        lessgad.minimal_dose(tmp_path)
    with pytest.raises(LessgadError, match="no such folder"):
        lessgad.load_cohort(tmp_path / "nowhere")
