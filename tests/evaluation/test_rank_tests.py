# SPDX-License-Identifier: Apache-2.0
from itertools import product

import numpy as np
import pytest

from lessgad.evaluation.rank_tests import signed_rank

INF, NAN = float("inf"), float("nan")


def enumerated_p(gains):
    """Two-sided exact p: all sign patterns of the ranks 1 … n."""
    ranks = np.argsort(np.argsort(np.abs(gains))) + 1
    center = ranks.sum() / 2
    observed = abs(ranks[np.asarray(gains) > 0].sum() - center)
    sums = np.array([np.dot(pattern, ranks) for pattern in product((0, 1), repeat=len(ranks))])
    return np.mean(np.abs(sums - center) >= observed)


@pytest.mark.parametrize("seed", range(5))
def test_p_is_the_share_of_sign_patterns(seed):
    gains = np.random.default_rng(seed).normal(0.5, 1, 9)
    assert signed_rank(gains).p == pytest.approx(enumerated_p(gains))


def test_ten_studies_cannot_have_a_star_and_eleven_can():
    ten, eleven = signed_rank(np.arange(1.0, 11)), signed_rank(np.arange(1.0, 12))
    assert (ten.n, ten.p, ten.star) == (10, pytest.approx(2 / 2**10), False)
    assert (eleven.n, eleven.p, eleven.star) == (11, pytest.approx(2 / 2**11), True)


def test_ties_that_make_p_approximate_do_not_give_ten_studies_a_star():
    assert not signed_rank(np.ones(10)).star


def test_a_loss_is_as_significant_as_a_gain():
    gains = np.random.default_rng(0).normal(1, 1, 20)
    assert signed_rank(gains).p == pytest.approx(signed_rank(-gains).p)
    assert signed_rank(-gains - 3).star


def test_infinite_gains_rank_highest_and_undefined_ones_are_left_out():
    finite = np.array([0.4, -1.0, 2.0, 3.0, 5.0, -0.1])
    assert signed_rank(np.append(finite, INF)) == signed_rank(np.append(finite, 1000.0))
    assert signed_rank(np.append(finite, NAN)) == signed_rank(finite)


def test_no_difference_and_no_study():
    assert signed_rank(np.zeros(12)).p == 1
    assert signed_rank(np.zeros(12)).n == 12
    nothing = signed_rank(np.array([NAN]))
    assert nothing.n == 0
    assert np.isnan(nothing.p)
    assert not nothing.star
