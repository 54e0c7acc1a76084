# SPDX-License-Identifier: Apache-2.0
"""Similarity against dose, and learning curves."""

import math

import numpy as np
import pytest

from lessgad.evaluation.results.similarity import SimilarityRow
from lessgad.report.dose_curves import axis_range, curves, dose_curves
from lessgad.report.learning_curve import learning_curve
from lessgad.report.style import to_png
from lessgad.training.learning_curve import CurvePoint

DOSES = (0.1, 0.3, 0.5)


def rows(n_patients, methods=("unrestored", "restored"), studies=1):
    level = {"unrestored": 20.0, "restored": 24.0, "subtract_and_scale": 120.0, "Net": 22.0}
    return [
        SimilarityRow(f"p{p}", f"s{s}", "test", dose, method, "tumor_box", level[method] + 10 * dose + p, 0.5 + dose)
        for p in range(n_patients)
        for s in range(studies)
        for dose in DOSES
        for method in methods
    ]


def test_mean_counts_each_patient_once_and_leaves_infinite_values_out():
    made = [
        SimilarityRow("a", "1", "test", 0.1, "restored", "tumor_box", 10.0, 0.5),
        SimilarityRow("a", "2", "test", 0.1, "restored", "tumor_box", 20.0, 0.5),
        SimilarityRow("b", "1", "test", 0.1, "restored", "tumor_box", 30.0, 0.5),
        SimilarityRow("b", "2", "test", 0.1, "restored", "tumor_box", math.inf, 0.5),
    ]
    point = curves(made, lambda row: row.psnr_db, 0, 100)["restored"][0]
    assert point.mean == pytest.approx((15 + 30) / 2)
    assert point.n_infinite == 1
    assert point.interval is None


def test_band_from_ten_patients_on_and_single_patients_below():
    few, many = dose_curves(rows(9), seed=0, n_resamples=100), dose_curves(rows(10), seed=0, n_resamples=100)
    assert not few.axes[0].collections
    assert len(few.axes[0].lines) == 2 + 2 * 9
    assert len(many.axes[0].collections) == 2
    assert len(many.axes[0].lines) == 2


def test_method_far_off_the_scale_is_named_and_does_not_squash():
    figure = dose_curves(rows(4, ("unrestored", "subtract_and_scale", "restored")), seed=0, n_resamples=100)
    axes = figure.axes[0]
    assert axes.get_ylim()[1] < 45
    words = [text.get_text() for text in axes.texts]
    assert any("subtract and scale" in text and "off the scale" in text and "▲" in text for text in words)
    plain = dose_curves(rows(4), seed=0, n_resamples=100).axes[0]
    assert axes.get_ylim() == pytest.approx(plain.get_ylim())


def test_near_method_widens_the_axis_and_is_not_named():
    figure = dose_curves(rows(4, ("unrestored", "restored", "Net")), seed=0, n_resamples=100)
    assert not figure.axes[0].texts


def test_infinite_only_method_is_named():
    made = rows(4)
    made += [
        SimilarityRow(f"p{p}", "s0", "test", 0.1, "subtract_and_scale", "tumor_box", math.inf, 1.0) for p in range(4)
    ]
    words = [text.get_text() for text in dose_curves(made, seed=0, n_resamples=100).axes[0].texts]
    assert any("∞" in text for text in words)


def test_gain_panel_shows_the_difference():
    figure = dose_curves(rows(12), seed=0, n_resamples=100)
    gain = figure.axes[1]
    np.testing.assert_allclose(gain.lines[0].get_ydata(), 4.0)
    low, high = gain.get_ylim()
    assert low <= 4 <= high


def test_other_subsets_and_areas_are_not_drawn():
    made = [SimilarityRow("a", "", "train", 0.1, "restored", "tumor_box", 10.0, 0.5)]
    assert dose_curves(made, seed=0, n_resamples=100) is None
    assert dose_curves([], seed=0, n_resamples=100) is None


def test_doses_are_in_per_cent():
    axes = dose_curves(rows(3), seed=0, n_resamples=100).axes[0]
    np.testing.assert_allclose(axes.get_xticks(), [10, 30, 50])
    assert "%" in axes.get_xlabel()


def test_axis_without_any_finite_value():
    made = [SimilarityRow("a", "", "test", 0.1, "restored", "tumor_box", math.nan, math.nan)]
    assert axis_range(curves(made, lambda row: row.psnr_db, 0, 100)) == (0.0, 1.0)
    assert to_png(dose_curves(made, seed=0, n_resamples=100))[:4] == b"\x89PNG"


def test_learning_curve_marks_the_best_validation():
    points = [CurvePoint(100 * i, 1 / i, 20.0, gain) for i, gain in enumerate((0.5, 2.25, math.nan, 1.0), start=1)]
    figure = learning_curve(points, ["model"])
    assert "best +2.25" in figure.axes[1].get_title(loc="left")
    assert to_png(figure)[:4] == b"\x89PNG"


@pytest.mark.parametrize("points", [[], [CurvePoint(10, 0.5, math.nan, math.nan)]])
def test_learning_curve_without_validation(points):
    figure = learning_curve(points)
    assert "best" not in figure.axes[1].get_title(loc="left")
    assert to_png(figure)[:4] == b"\x89PNG"
