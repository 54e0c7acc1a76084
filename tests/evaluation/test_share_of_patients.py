# SPDX-License-Identifier: Apache-2.0
"""The test of a share of patients keeps its level whatever the values are, and gains power over a bound of the mean."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from lessgad.evaluation.bound_of_mean import bound_of_mean
from lessgad.evaluation.share_of_patients import (
    least_patients,
    patients_for,
    patients_needed,
    power,
    share_bound,
)

LEVEL = 0.025
N_TABLES = 20_000
MONTE_CARLO = 3 * np.sqrt(LEVEL * (1 - LEVEL) / N_TABLES)
SHARES = (0.5, 2 / 3, 0.8, 0.9)
PATIENTS = (8, 10, 15, 20, 30, 40, 60)


def normal(random, shape):
    return random.standard_normal(shape)


def skewed(random, shape):
    return random.exponential(size=shape)


def log_normal(random, shape):
    return np.exp(1.5 * random.standard_normal(shape))


def mostly_zero(random, shape, zeros=0.85):
    return (random.random(shape) > zeros) * random.exponential(size=shape)


def failing(random, shape):
    return random.standard_normal(shape) + 10.0 * (random.random(shape) < 0.05)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("draw", [normal, skewed, log_normal, mostly_zero, failing])
def test_a_margin_that_exactly_the_share_keeps_is_taken_for_kept_once_in_forty_at_most(draw, share):
    """Small values are good; the margin is the quantile that just that share lies under, or the first one above it."""
    random = np.random.default_rng(3)
    margin = np.quantile(draw(random, 2_000_000), share, method="inverted_cdf")
    for n in PATIENTS:
        needed = patients_needed(n, share, LEVEL)
        if needed is None:
            continue
        # Where many values are alike, more than the share may keep such a margin: then "less than" is the null.
        accepted = np.mean((draw(random, (N_TABLES, n)) < margin).sum(axis=1) >= needed)
        assert accepted <= LEVEL + MONTE_CARLO
        if margin > 0:
            assert accepted == pytest.approx(binom.sf(needed - 1, n, share), abs=2 * MONTE_CARLO)


@pytest.mark.parametrize(("draw", "n"), [(log_normal, 20), (mostly_zero, 10), (failing, 20)])
def test_a_bound_of_the_mean_would_not_keep_its_level(draw, n):
    """Why means are not what the answer is about."""
    values = draw(np.random.default_rng(4), (N_TABLES, n))
    mean = draw(np.random.default_rng(5), 4_000_000).mean()
    assert np.mean(bound_of_mean(values, LEVEL, lower=False) <= mean) > LEVEL + 2 * MONTE_CARLO


@pytest.mark.parametrize(("n", "times"), [(8, 1.5), (10, 1.7), (15, 1.4), (20, 1.25), (30, 1.05)])
def test_on_normal_values_the_median_is_shown_more_often_than_the_mean_was(n, times):
    """Where Student's t would show it in about 80 %."""
    distance = {8: 1.16, 10: 1.0, 15: 0.78, 20: 0.66, 30: 0.53}[n]
    values = np.random.default_rng(6).normal(distance, 1, (N_TABLES, n))
    by_mean = np.mean(bound_of_mean(values, LEVEL) >= 0)
    by_share = np.mean((values > 0).sum(axis=1) >= patients_needed(n, 0.5, LEVEL))
    assert by_share > times * by_mean


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 200), st.floats(0.5, 0.95), st.floats(0.001, 0.05))
def test_as_many_as_needed_is_the_fewest_that_scipy_finds_significant(n, share, level):
    needed = patients_needed(n, share, level)
    if needed is None:
        assert binomtest(n, n, share, alternative="greater").pvalue > level
        return
    assert binom.sf(needed - 1, n, share) <= level
    assert needed == 0 or binom.sf(needed - 2, n, share) > level


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 100), st.data(), st.sampled_from(SHARES))
def test_the_bound_is_clopper_and_pearsons_and_agrees_with_the_count(n, data, share):
    kept = data.draw(st.integers(0, n))
    bound = share_bound(kept, n, LEVEL)
    exact = binomtest(kept, n).proportion_ci(1 - 2 * LEVEL, method="exact").low
    assert bound == pytest.approx(exact, abs=1e-9)
    needed = patients_needed(n, share, LEVEL)
    if abs(bound - share) > 1e-9:
        assert (bound > share) == (needed is not None and kept >= needed)


@pytest.mark.parametrize(("share", "n"), [(0.5, 6), (2 / 3, 10), (0.8, 17), (0.9, 36)])
def test_with_one_patient_fewer_nothing_can_be_shown(share, n):
    assert least_patients(share, LEVEL) == n
    assert patients_needed(n, share, LEVEL) == n
    assert patients_needed(n - 1, share, LEVEL) is None


@pytest.mark.parametrize(("true", "share"), [(0.9, 0.5), (0.9, 2 / 3), (0.97, 0.8), (0.75, 2 / 3)])
def test_from_the_number_that_would_do_the_power_stays_above_four_in_five(true, share):
    n = patients_for(true, share, LEVEL)
    assert all(power(more, true, share, LEVEL) >= 0.8 for more in range(n, n + 60))
    assert power(n - 1, true, share, LEVEL) < 0.8


def test_no_number_of_patients_shows_what_is_not_so():
    assert patients_for(0.5, 0.5, LEVEL) is None
    assert patients_for(0.6, 2 / 3, LEVEL) is None
    assert patients_for(0.501, 0.5, LEVEL) is None


def test_all_patients_that_keep_a_margin_are_enough_at_the_least_number():
    assert power(17, 1.0, 0.8, LEVEL) == 1.0
    assert power(16, 1.0, 0.8, LEVEL) == 0.0
