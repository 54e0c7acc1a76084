# SPDX-License-Identifier: Apache-2.0
"""The bound holds its level where patients are skewed, and is what its formula says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import skew, t, ttest_1samp

from lessgad.evaluation.bound_of_mean import bound_of_mean, exponential_quantile

LEVEL = 0.025
N_TABLES = 10_000
MONTE_CARLO = 3 * np.sqrt(LEVEL * (1 - LEVEL) / N_TABLES)
patients = st.lists(st.floats(-1e3, 1e3, allow_subnormal=False), min_size=3, max_size=12).map(np.array)


def several_studies(random, n_patients, patient, study):
    """Of each patient, the mean over one to four studies."""
    there = np.arange(4) < random.integers(1, 5, (N_TABLES, n_patients, 1))
    return np.where(there, patient[..., None] + study, 0).sum(axis=-1) / there.sum(axis=-1)


def normal(random, n):
    shape = (N_TABLES, n)
    return several_studies(random, n, random.normal(0, 0.08, shape), random.normal(0, 0.06, (*shape, 4)))


def recovery(random, n):
    """Below 1.05, most near it: a logistic of a patient's and a study's part; skewness of patients −1.8."""
    there = np.arange(4) < random.integers(1, 5, (N_TABLES, n, 1))
    logit = 2.6 + random.normal(0, 0.9, (N_TABLES, n, 1)) + random.normal(0, 0.6, (N_TABLES, n, 4))
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    true = (weights / (1 + np.exp(-2.6 - np.hypot(0.9, 0.6) * nodes))).sum() / weights.sum()
    return 1.05 * ((np.where(there, 1 / (1 + np.exp(-logit)), 0).sum(axis=-1) / there.sum(axis=-1)) - true)


def dice_loss(random, n):
    """Mostly next to nothing, a large loss in a few: exponential in patients and in studies."""
    shape = (N_TABLES, n)
    return 0.05 - several_studies(random, n, random.exponential(0.03, shape), random.exponential(0.02, (*shape, 4)))


def ssim(random, n):
    """One study each, 1 − SSIM gamma-distributed."""
    return 0.1 - random.gamma(2.0, 0.05, (N_TABLES, n))


def failures(random, n):
    """One patient in ten worse by 5 SD."""
    return random.normal(0, 1, (N_TABLES, n)) - 5 * ((random.random((N_TABLES, n)) < 0.1) - 0.1)


@pytest.mark.parametrize("n_patients", [8, 12, 20, 40, 60])
@pytest.mark.parametrize("draw", [normal, recovery, dice_loss, ssim, failures])
def test_a_mean_at_the_margin_is_taken_for_better_once_in_forty_at_most(draw, n_patients):
    values = draw(np.random.default_rng(n_patients), n_patients)
    assert values.mean() == pytest.approx(0, abs=4 * values.std() / np.sqrt(values.size))
    assert np.mean(bound_of_mean(values, LEVEL) >= 0) <= LEVEL + MONTE_CARLO


@pytest.mark.parametrize("draw", [recovery, dice_loss, ssim, failures])
def test_students_t_would_not_hold_its_level(draw):
    """Why the bound is not simply that."""
    values = draw(np.random.default_rng(0), 12)
    student = values.mean(axis=1) - t.ppf(1 - LEVEL, 11) * values.std(axis=1, ddof=1) / np.sqrt(12)
    assert np.mean(student >= 0) > LEVEL + 2 * MONTE_CARLO


@pytest.mark.parametrize(("draw", "ratio"), [(normal, 1.7), (recovery, 1.4), (dice_loss, 1.4), (ssim, 1.4)])
def test_an_equal_dose_is_accepted_four_times_in_five_with_40_patients(draw, ratio):
    """Where the SD between patients is at most `ratio` times the margin."""
    values = draw(np.random.default_rng(2), 40)
    margin = values.std() / ratio
    assert np.mean(bound_of_mean(values, LEVEL) >= -margin) >= 0.8


@pytest.mark.parametrize("n_patients", [3, 8, 40])
def test_the_quantile_is_that_of_scipys_t_of_exponential_values(n_patients):
    ratios = ttest_1samp(-np.random.default_rng(6).exponential(size=(20_000, n_patients)), -1, axis=1).statistic
    beyond = np.mean(ratios > exponential_quantile(n_patients, LEVEL))
    assert beyond == pytest.approx(LEVEL, abs=3.5 * np.sqrt(LEVEL * (1 - LEVEL) / 20_000))


def test_with_very_many_patients_it_is_students():
    values = np.random.default_rng(0).normal(0, 1, 40_000)
    student = ttest_1samp(values, 0).confidence_interval(1 - 2 * LEVEL)
    found = [bound_of_mean(values, LEVEL), bound_of_mean(values, LEVEL, lower=False)]
    assert found == pytest.approx([student.low, student.high], abs=0.02 / np.sqrt(40_000))


@pytest.mark.parametrize("tail", [-1.0, 1.0])
def test_where_few_values_are_far_off_the_bound_is_halls(tail):
    """Against the root of his polynomial, found by bisection."""
    values = tail * np.array([0.0, 0.1, 0.2, 0.1, 0.0, 0.1, 0.3, 0.2, 0.1, 0.0, 0.1, 5.0])
    n, found = len(values), bound_of_mean(values, LEVEL, lower=tail < 0)
    skewness = -abs(skew(values, bias=False))

    def transformed(ratio):
        return ratio + skewness * ratio**2 / 3 + skewness**2 * ratio**3 / 27 + skewness / (6 * n)

    ratio = brentq(lambda ratio: transformed(ratio) - t.ppf(1 - LEVEL, n - 1) / np.sqrt(n), 0, 100)
    assert ratio * np.sqrt(n) > exponential_quantile(n, LEVEL)
    assert found == pytest.approx(values.mean() + tail * ratio * values.std(ddof=1))


@settings(deadline=None, max_examples=50)
@given(patients)
def test_the_bound_is_never_nearer_than_students(values):
    reach = t.ppf(1 - LEVEL, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    rounding = 1e-9 * np.abs(values).max()
    assert bound_of_mean(values, LEVEL) <= values.mean() - reach + rounding
    assert bound_of_mean(values, LEVEL, lower=False) >= values.mean() + reach - rounding


@settings(deadline=None, max_examples=50)
@given(patients, st.floats(0.01, 100), st.floats(-10, 10), st.randoms())
def test_the_bound_moves_and_scales_with_the_values_in_any_order(values, factor, offset, random):
    shuffled = np.array(random.sample(values.tolist(), len(values)))
    expected = factor * bound_of_mean(values, LEVEL) + offset
    moved = bound_of_mean(factor * shuffled + offset, LEVEL)
    assert moved == pytest.approx(expected, rel=1e-6, abs=1e-6 * (1 + factor * np.ptp(values)))
    assert bound_of_mean(-values, LEVEL, lower=False) == -bound_of_mean(values, LEVEL)


@settings(deadline=None, max_examples=50)
@given(patients)
def test_a_stricter_level_reaches_further(values):
    assert bound_of_mean(values, 0.01) <= bound_of_mean(values, 0.05)


def test_tables_are_bounded_one_by_one():
    values = np.random.default_rng(0).normal(size=(2, 3, 9))
    found = bound_of_mean(values, LEVEL)
    assert found.shape == (2, 3)
    assert found[1, 2] == pytest.approx(float(bound_of_mean(values[1, 2], LEVEL)))


@pytest.mark.parametrize("value", [0.9, 0.0, -1e-300, 1e12])
def test_equal_values_are_their_own_bound(value):
    assert bound_of_mean(np.full(10, value), LEVEL) == value
    assert bound_of_mean(np.full(10, value), LEVEL, lower=False) == value


def test_two_patients_have_no_bound():
    with pytest.raises(ValueError, match="3 patients"):
        bound_of_mean(np.array([0.1, 0.2]), LEVEL)
