# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap, permutation_test

from lessgad.evaluation.patient_level import (
    cluster_bootstrap_interval,
    holm,
    patient_level_gain,
    patient_means,
    sign_flip_p,
)

INF, NAN = float("inf"), float("nan")


def scipy_p(gains, **more):
    def statistic(one, other, axis):
        return np.mean(one - other, axis=axis)

    test = permutation_test(
        (gains, np.zeros_like(gains)), statistic, permutation_type="samples", vectorized=True, **more
    )
    return test.pvalue


@pytest.mark.parametrize("n", [2, 5, 9])
def test_sign_flips_are_scipys_paired_permutation_test(n):
    gains = np.random.default_rng(n).normal(0.6, 1, n)
    assert sign_flip_p(gains, seed=0) == pytest.approx(scipy_p(gains, n_resamples=np.inf))


def test_tied_gains_are_ties_despite_rounding():
    gains = np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    assert sign_flip_p(gains, seed=0) == 2 / 2**6
    assert sign_flip_p(np.array([0.1, 0.2, -0.3, 0.4, 0.3]), 0) == scipy_p(
        np.array([1.0, 2, -3, 4, 3]), n_resamples=np.inf
    )


def test_beyond_fifteen_patients_drawn_patterns_agree_with_scipys():
    gains = np.random.default_rng(3).normal(0.4, 1, 30)
    drawn = sign_flip_p(gains, seed=1, n_resamples=30_000)
    assert drawn == pytest.approx(scipy_p(gains, n_resamples=20_000, rng=5), abs=0.01)
    assert drawn == sign_flip_p(gains, seed=1, n_resamples=30_000)
    assert sign_flip_p(np.ones(40), seed=1, n_resamples=499) == 1 / 500


def test_exact_and_drawn_agree_at_the_border():
    gains = np.random.default_rng(4).normal(0.4, 1, 15)
    assert sign_flip_p(gains, 0) == pytest.approx(sign_flip_p(np.append(gains, 0.0), 0, 30_000), abs=0.01)


@settings(deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=1, max_size=8), st.floats(0.01, 100))
def test_p_does_not_depend_on_sign_or_unit(gains, factor):
    p = sign_flip_p(np.array(gains, dtype=float), 0)
    assert 2 / 2 ** len(gains) <= p <= 1
    assert sign_flip_p(-factor * np.array(gains), 0) == p


def test_no_gain_and_no_patient():
    assert sign_flip_p(np.zeros(5), 0) == 1
    assert np.isnan(sign_flip_p(np.array([]), 0))


def test_under_the_hypothesis_sign_flips_reject_one_in_twenty():
    random = np.random.default_rng(11)
    p = np.array([sign_flip_p(random.laplace(0, 1, 10), 0) for _ in range(2000)])
    for level in (0.05, 0.2):
        assert np.mean(p <= level) == pytest.approx(level, abs=3.5 * np.sqrt(level * (1 - level) / 2000))


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == pytest.approx([1, 1])
    assert holm([]) == []


def test_holm_does_not_count_what_is_no_test():
    corrected = holm([0.01, NAN, 0.02])
    assert corrected[::2] == pytest.approx([0.02, 0.02])
    assert np.isnan(corrected[1])


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_holm_lies_between_uncorrected_and_bonferroni_and_keeps_the_order(p_values):
    corrected = holm(p_values)
    for p, q in zip(p_values, corrected, strict=True):
        assert p <= q <= min(1, len(p_values) * p) or q == pytest.approx(p)
    assert [q for _, q in sorted(zip(p_values, corrected, strict=True))] == sorted(corrected)


def test_under_ten_patients_there_is_no_interval():
    assert cluster_bootstrap_interval(np.arange(9.0), 0) is None
    assert cluster_bootstrap_interval(np.arange(10.0), 0) is not None


def test_many_patients_have_the_percentile_interval():
    gains = np.random.default_rng(0).normal(2, 1, 400)
    expected = bootstrap((gains,), np.mean, method="percentile", rng=1).confidence_interval
    assert cluster_bootstrap_interval(gains, 0) == pytest.approx(tuple(expected), abs=0.01)


def test_the_interval_moves_and_scales_with_the_gains():
    gains = np.random.default_rng(0).normal(2, 1, 12)
    low, high = cluster_bootstrap_interval(gains, 3)
    assert low < gains.mean() < high
    assert cluster_bootstrap_interval(3 * gains + 1, 3) == pytest.approx((3 * low + 1, 3 * high + 1))


@pytest.mark.slow
@pytest.mark.parametrize("n_patients", [10, 30])
def test_the_interval_covers_the_truth_19_times_in_20(n_patients):
    """Studies of one patient are alike (intraclass correlation 0.8); patients have one to four."""
    random = np.random.default_rng(7)
    covered = 0
    for simulation in range(300):
        patients = np.repeat(np.arange(n_patients), random.integers(1, 5, n_patients))
        gains = 1 + random.normal(0, 2, n_patients)[patients] + random.normal(0, 1, len(patients))
        result = patient_level_gain(gains, [f"P{patient}" for patient in patients], simulation)
        low, high = result.interval
        covered += low <= 1 <= high
    assert 0.91 <= covered / 300 <= 0.985


def test_each_patient_counts_once():
    gains, patients = np.array([1.0, 3.0, 10.0]), ["B", "B", "A"]
    assert patient_means(gains, patients) == {"A": 10.0, "B": 2.0}
    result = patient_level_gain(gains, patients, seed=0)
    assert (result.n_patients, result.n_studies, result.mean) == (2, 3, 6.0)


def test_infinite_and_undefined_gains_are_counted_not_averaged():
    gains = np.array([1.0, INF, NAN, -INF, 2.0])
    result = patient_level_gain(gains, ["A", "A", "B", "C", "D"], seed=0)
    assert (result.n_patients, result.n_studies, result.n_infinite, result.n_undefined) == (2, 2, 2, 1)
    assert result.mean == 1.5
    assert result.interval is None


def test_nothing_finite_is_no_result():
    result = patient_level_gain(np.array([INF, INF]), ["A", "B"], seed=0)
    assert (result.n_patients, result.n_infinite, result.interval) == (0, 2, None)
    assert np.isnan(result.mean)
    assert np.isnan(result.p)
