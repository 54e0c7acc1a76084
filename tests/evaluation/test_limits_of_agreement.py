# SPDX-License-Identifier: Apache-2.0
"""Limits of agreement have one center, the SD of a single difference, and intervals that cover."""

import math

import numpy as np
import pytest

from lessgad.evaluation.limits_of_agreement import agreement


def test_by_hand_with_two_differences_each():
    found = agreement([1.0, -1.0, 3.0, 1.0, float("nan")], ["P", "P", "Q", "Q", "R"])
    assert (found.n_patients, found.n_pairs) == (2, 4)
    assert found.bias == 1.0  # patients: 0 and 2
    assert found.sd_within == pytest.approx(math.sqrt(2))
    assert found.sd_between == pytest.approx(1.0)  # 2 − 2/2
    spread = 1.96 * math.sqrt(2 + 0.5 * 2)
    assert (found.low, found.high) == (pytest.approx(1 - spread), pytest.approx(1 + spread))


def test_with_one_difference_each_they_are_the_classical_ones():
    values = np.random.default_rng(0).normal(0.3, 2.0, 25)
    found = agreement(values.tolist(), [f"{k}" for k in range(25)])
    assert found.high == pytest.approx(values.mean() + 1.96 * values.std(ddof=1))
    assert math.isnan(found.sd_within)
    assert found.low - found.bias == pytest.approx(found.bias - found.high)


def test_a_patient_with_many_differences_does_not_move_the_center():
    many = [5.0] * 50
    found = agreement([*many, 0.0, 1.0], ["P"] * 50 + ["Q", "R"])
    assert found.bias == pytest.approx(2.0)
    assert (found.low + found.high) / 2 == pytest.approx(found.bias)


def test_one_patient_or_none_has_no_limits():
    assert math.isnan(agreement([1.0, 2.0], ["P", "P"]).high)
    assert agreement([], []).n_patients == 0


@pytest.mark.parametrize(("between", "within"), [(1.0, 0.0), (1.0, 1.0), (0.2, 1.0)])
def test_the_interval_of_a_limit_covers_it_in_95_of_100(between, within):
    random = np.random.default_rng(3)
    truth, covered, n_tables = 1.96 * math.hypot(between, within), 0, 600
    for _ in range(n_tables):
        n_pairs = random.integers(1, 4, 20)
        names = [f"{k}" for k, n in enumerate(n_pairs) for _ in range(n)]
        values = np.repeat(random.normal(0, between, 20), n_pairs) + random.normal(0, within, len(names))
        low, high = agreement(values.tolist(), names).high_interval
        covered += low <= truth <= high
    assert 0.92 <= covered / n_tables <= 0.985
