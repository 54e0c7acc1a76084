# SPDX-License-Identifier: Apache-2.0
"""Quartiles, shares, paired changes, and how often one kind of image is graded better, against slow definitions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from lessgad.reader_study.grading_characteristics import vgc_area
from lessgad.reader_study.patient_draws import bootstrap_interval, multiplicities
from lessgad.reader_study.proportions import mcnemar_p, wilson_interval
from lessgad.reader_study.quartiles import quartiles

grades = st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, math.nan]), min_size=1, max_size=12)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=30))
def test_a_quantile_is_an_answer_or_the_middle_of_two(answers):
    steps = np.array(sorted(answers), dtype=float)
    found = quartiles(steps)
    for share, value in ((0.25, found.q1), (0.5, found.median), (0.75, found.q3)):
        assert (2 * value).is_integer()
        assert (steps <= value).mean() >= share
        assert (steps >= value).mean() >= 1 - share
    assert found.median == np.median(steps)


@pytest.mark.parametrize(
    ("count", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (9, 10, 0.5958, 0.9821), (81, 263, 0.2553, 0.3662)],
)
def test_wilsons_interval_as_published(count, n, low, high):
    """81 of 263: Newcombe, Statist. Med. 1998, table I, method 3."""
    assert wilson_interval(count, n) == pytest.approx((low, high), abs=5e-5)
    assert wilson_interval(0, 0) is None


@given(st.integers(0, 30), st.integers(0, 30))
def test_mcnemar_is_the_binomial_of_the_changes(b, c):
    n = b + c
    chance = [math.comb(n, k) / 2**n for k in range(n + 1)]
    exact = sum(p for p in chance if p <= chance[b] * (1 + 1e-9))
    assert mcnemar_p(b, c) == pytest.approx(exact if n else 1.0)
    assert mcnemar_p(b, c) == pytest.approx(mcnemar_p(c, b))


@settings(deadline=None)
@given(grades, st.data())
def test_the_vgc_area_is_that_of_all_pairs(first, data):
    second = data.draw(st.lists(st.sampled_from([1.0, 2.0, 3.0, math.nan]), min_size=len(first), max_size=len(first)))
    a, b, once = np.array(first), np.array(second), np.ones(len(first))
    pairs = [(y > x) + 0.5 * (y == x) for x in a[~np.isnan(a)] for y in b[~np.isnan(b)]]
    area = float(vgc_area(a, b, once))
    assert area == pytest.approx(np.mean(pairs) if pairs else math.nan, nan_ok=True)
    assert float(vgc_area(b, a, once)) == pytest.approx(1 - area, nan_ok=True)
    assert float(vgc_area(a**3, b**3, once)) == pytest.approx(area, nan_ok=True)  # the order of steps alone counts
    if pairs:
        u = mannwhitneyu(b[~np.isnan(b)], a[~np.isnan(a)]).statistic
        assert area == pytest.approx(u / len(pairs))
    assert float(vgc_area(a, a, once)) == pytest.approx(0.5 if (~np.isnan(a)).any() else math.nan, nan_ok=True)


def test_patients_are_drawn_with_all_that_is_theirs():
    patients = ["b", "a", "b", "c", "a"]
    drawn = multiplicities(patients, seed=1, n_draws=4_000)
    assert (drawn[:, 0] == drawn[:, 2]).all()
    assert (drawn[:, 1] == drawn[:, 4]).all()
    assert (drawn[:, 0] + drawn[:, 1] + drawn[:, 3] == 3).all()
    assert drawn.mean(axis=0) == pytest.approx(np.ones(5), abs=0.05)


def test_no_interval_where_it_would_promise_too_much():
    def mean(of):
        return lambda multiplicity: np.asarray((multiplicity @ of) / multiplicity.sum(axis=-1))

    patients = [f"p{k}" for k in range(12)]
    values = np.arange(12.0)
    low, high = bootstrap_interval(mean(values), patients, 1, 2_000)
    assert low < 5.5 < high
    assert bootstrap_interval(mean(values[:9]), patients[:9], 1, 2_000) is None  # under 10 patients
    assert bootstrap_interval(mean(np.ones(12)), patients, 1, 2_000) is None  # no variance seen
    undefined = bootstrap_interval(
        lambda multiplicity: np.where(multiplicity[:, 0] == 0, np.nan, multiplicity[:, 0]), patients, 1, 2_000
    )
    assert undefined is None  # a third of the draws have nothing to say


@pytest.mark.slow
def test_the_interval_of_a_share_covers_where_patients_are_alike_in_themselves():
    """Two readings of each of 20 patients agree with one another, as the studies of a patient do."""
    random = np.random.default_rng(1)
    covered = []
    patients = [f"p{k}" for k in range(20) for _ in range(2)]
    for run in range(400):
        yes = np.repeat(random.random(20) < 0.6, 2).astype(float)
        interval = bootstrap_interval(
            lambda multiplicity, yes=yes: np.asarray((multiplicity @ yes) / multiplicity.sum(axis=-1)),
            patients,
            run,
            800,
        )
        covered.append(interval is not None and interval[0] <= 0.6 <= interval[1])
    assert 0.92 <= np.mean(covered) <= 0.985
