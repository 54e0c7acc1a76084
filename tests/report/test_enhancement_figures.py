# SPDX-License-Identifier: Apache-2.0
"""Enhancement against dose, and false against missed enhancement."""

import math
from dataclasses import replace

import numpy as np
import pytest

from lessgad.evaluation.results.enhancement import EnhancementRow
from lessgad.evaluation.results.operating_points import OperatingRow
from lessgad.report.enhancement_figures import enhancement_against_dose
from lessgad.report.operating_curve_figure import MeanPoint, mean_points, operating_curve_figure
from lessgad.report.style import to_png

DOSES = (0.1, 0.3, 0.5)


def rows(n_patients, methods=("unrestored", "restored")):
    level = {"unrestored": 0.0, "restored": 0.5, "subtract_and_scale": 0.6, "Net": 0.4}
    return [
        EnhancementRow(f"p{p}", "", "test", dose, method, level[method] + dose, 5.0, 5.0, math.nan, 9.0, 1.5, 80.0)
        for p in range(n_patients)
        for dose in DOSES
        for method in methods
    ]


def points(n_patients=3, methods=("unrestored", "restored"), doses=DOSES):
    return [
        OperatingRow(f"p{p}", "", "test", dose, method, relative, (1 + p) / relative, relative)
        for p in range(n_patients)
        for dose in doses
        for method in methods
        for relative in (0.5, 1.0, 2.0)
    ]


def lines_of(axes, method):
    return next(line for line in axes.lines if line.get_label() == method)


def test_three_panels_show_means_over_patients():
    recovery, false, missed = enhancement_against_dose(rows(4), seed=0, n_resamples=100).axes
    np.testing.assert_allclose(lines_of(recovery, "restored").get_xdata(), [10, 30, 50])
    np.testing.assert_allclose(lines_of(recovery, "restored").get_ydata(), [0.6, 0.8, 1.0])
    np.testing.assert_allclose(lines_of(false, "restored").get_ydata(), 5)
    np.testing.assert_allclose(lines_of(missed, "restored").get_ydata(), 5)


def test_a_patient_with_two_studies_counts_once_and_what_is_undefined_is_left_out():
    one = rows(1, ("restored",))
    made = [*one, *(replace(row, session="2", recovery=row.recovery + 0.2) for row in one)]
    made += [replace(row, patient="q", recovery=row.recovery + 0.4) for row in one]
    made += [replace(row, patient="r", recovery=math.nan) for row in one]
    recovery = enhancement_against_dose(made, seed=0, n_resamples=100).axes[0]
    np.testing.assert_allclose(lines_of(recovery, "restored").get_ydata(), np.array([0.6, 0.8, 1.0]) + 0.25)


def test_band_from_ten_patients_on_and_single_patients_below():
    few, many = (enhancement_against_dose(rows(n), seed=0, n_resamples=100).axes[1] for n in (9, 10))
    assert (len(few.collections), len(few.lines)) == (0, 2 + 2 * 9)
    assert (len(many.collections), len(many.lines)) == (2, 2)


def test_volumes_of_nothing_and_of_much_share_an_axis():
    made = [replace(row, false_ml=0.0 if row.method == "unrestored" else 400.0) for row in rows(2)]
    axes = enhancement_against_dose(made, seed=0, n_resamples=100).axes[1]
    low, high = axes.get_ylim()
    assert low < 0 < 400 < high
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "0.1", "1", "10", "100"]


def test_a_recovery_far_off_does_not_squash_the_axis():
    made = [*rows(2), *(replace(row, method="Net", recovery=-9.0) for row in rows(2, ("Net",)))]
    low, high = enhancement_against_dose(made, seed=0, n_resamples=100).axes[0].get_ylim()
    assert low >= -0.1
    assert 1 < high <= 1.5


@pytest.mark.parametrize("value", [0.0, math.nan])
def test_figures_of_nothing_but_zeros_or_gaps_can_be_drawn(value):
    made = [replace(row, recovery=value, false_ml=value, missed_ml=value) for row in rows(2)]
    assert to_png(enhancement_against_dose(made, seed=0, n_resamples=100))[:4] == b"\x89PNG"
    zeros = [replace(row, false_ml=0.0, missed_ml=0.0) for row in points()]
    assert to_png(operating_curve_figure(zeros))[:4] == b"\x89PNG"


def test_other_subsets_are_not_drawn():
    assert enhancement_against_dose([replace(row, subset="train") for row in rows(2)], seed=0) is None
    assert operating_curve_figure([replace(row, subset="train") for row in points()]) is None
    assert enhancement_against_dose([], seed=0) is None
    assert operating_curve_figure([]) is None


def test_the_mean_curve_counts_patients_once_in_studies_that_all_methods_have():
    at = [row for row in points() if row.dose == 0.1]
    curves, n_patients = mean_points(at)
    assert n_patients == 3
    assert curves["restored"] == [MeanPoint(0.5, 4.0, 0.5), MeanPoint(1.0, 2.0, 1.0), MeanPoint(2.0, 1.0, 2.0)]
    gap = [
        replace(row, false_ml=math.nan) if (row.method, row.patient) == ("unrestored", "p2") else row for row in at
    ]  # fmt: skip
    curves, n_patients = mean_points(gap)
    assert n_patients == 2
    assert curves["restored"][1] == MeanPoint(1.0, 1.5, 1.0)
    again = [replace(row, session="2", false_ml=row.false_ml + 6) for row in at if row.patient == "p0"]
    assert mean_points([*at, *again])[0]["restored"][1].false_ml == pytest.approx((4 + 2 + 3) / 3)


def test_a_method_undefined_everywhere_does_not_take_the_others_with_it():
    at = [replace(row, false_ml=math.nan) if row.method == "unrestored" else row for row in points(doses=(0.1,))]
    curves, n_patients = mean_points(at)
    assert (list(curves), n_patients) == (["restored"], 3)
    assert mean_points([]) == ({}, 0)


def test_equal_recovery_stands_out_and_panels_can_be_compared():
    figure = operating_curve_figure(points())
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        f"{dose} % of the dose, n = 3" for dose in (10, 30, 50)
    ]
    marker = lines_of(figure.axes[0], "restored")
    assert (list(marker.get_xdata()), list(marker.get_ydata())) == ([1.0], [2.0])
    assert len({axes.get_ylim() for axes in figure.axes}) == len({axes.get_xlim() for axes in figure.axes}) == 1


def test_four_doses_above_nought_are_drawn_or_those_asked_for():
    made = points(doses=(0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.9))
    titles = [axes.get_title(loc="left") for axes in operating_curve_figure(made).axes]
    assert len(titles) == 4
    assert titles[0].startswith("10 %")
    assert titles[-1].startswith("90 %")
    chosen = operating_curve_figure(made, doses=(0.0, 0.2)).axes
    assert [axes.get_title(loc="left")[:4] for axes in chosen] == ["0 % ", "20 %"]
