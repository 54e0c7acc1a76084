# SPDX-License-Identifier: Apache-2.0
"""Agreement coefficients against published values, slow loops, scikit-learn, and what must hold for any ratings."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lessgad.reader_study.agreement import (
    agreement_weights,
    brennan_prediger,
    fleiss_kappa,
    gwet_ac,
    rating_counts,
    raw_agreement,
)
from lessgad.reader_study.cohen_kappa import cohen_kappa
from lessgad.reader_study.krippendorff import krippendorff_alpha

NAN = math.nan
FOUR_RATERS = (  # Krippendorff 2011; Gwet 2014 (cac.raw4raters): 12 subjects, 5 categories, 7 ratings missing
    np.array(
        [
            [1, 1, NAN, 1],
            [2, 2, 3, 2],
            [3, 3, 3, 3],
            [3, 3, 3, 3],
            [2, 2, 2, 2],
            [1, 2, 3, 4],
            [4, 4, 4, 4],
            [1, 1, 2, 1],
            [2, 2, 2, 2],
            [NAN, 5, 5, 5],
            [NAN, NAN, 1, 1],
            [NAN, 3, NAN, NAN],
        ]
    )
    - 1
)
ABSTRACTORS = np.repeat(  # Gwet 2014 (cont3x3abstractors): 100 subjects, 2 raters
    np.array(list(itertools.product(range(3), repeat=2)), dtype=float), [13, 0, 0, 0, 20, 7, 0, 4, 56], axis=0
)


def every(ratings, q, weighting="nominal"):
    """All coefficients of one set of ratings."""
    counts, weights, once = rating_counts(ratings, q), agreement_weights(weighting, q), np.ones(len(ratings))
    return {
        "raw": float(raw_agreement(counts, weights, once)),
        "fleiss": float(fleiss_kappa(counts, weights, once)),
        "ac": float(gwet_ac(counts, weights, once)),
        "bp": float(brennan_prediger(counts, weights, once)),
        "kappa": float(cohen_kappa(ratings, q, weighting, once)),
        "nominal": float(krippendorff_alpha(counts, "nominal", once)),
        "ordinal": float(krippendorff_alpha(counts, "ordinal", once)),
        "interval": float(krippendorff_alpha(counts, "interval", once)),
    }


def test_four_raters_with_missing_ratings_as_published():
    of = every(FOUR_RATERS, 5)
    assert of["ac"] == pytest.approx(0.77544, abs=5e-6)
    assert of["fleiss"] == pytest.approx(0.76117, abs=5e-6)
    assert of["bp"] == pytest.approx(0.77273, abs=5e-6)
    assert of["nominal"] == pytest.approx(0.74342, abs=5e-6)
    assert of["raw"] == pytest.approx(0.81818, abs=5e-6)
    assert of["ordinal"] == pytest.approx(0.815, abs=5e-4)
    assert of["interval"] == pytest.approx(0.849, abs=5e-4)


def test_two_raters_as_published():
    of = every(ABSTRACTORS, 3)
    assert of["kappa"] == pytest.approx(0.7964094, abs=5e-8)
    assert of["fleiss"] == pytest.approx(0.7962397, abs=5e-8)  # Scott's π
    assert of["ac"] == pytest.approx(0.8493305, abs=5e-8)
    assert of["bp"] == pytest.approx(0.835, abs=5e-8)
    assert of["nominal"] == pytest.approx(0.7972585, abs=5e-8)
    assert of["raw"] == pytest.approx(0.89, abs=1e-12)


def test_where_all_but_one_answer_is_alike_kappa_says_nothing_and_ac_says_what_is_seen():
    ratings = np.zeros((22, 2))
    ratings[0, 1] = 1
    of = every(ratings, 5)
    assert of["raw"] == pytest.approx(21 / 22)
    assert of["kappa"] == pytest.approx(0)
    assert of["fleiss"] < 0
    assert of["ac"] > 0.95
    of = every(np.zeros((22, 2)), 5)
    assert of["raw"] == of["ac"] == 1
    assert all(math.isnan(of[name]) for name in ("kappa", "fleiss", "nominal", "ordinal", "interval"))


ratings_of = st.integers(2, 5).flatmap(
    lambda q: st.tuples(
        st.just(q),
        arrays(
            np.float64,
            st.tuples(st.integers(2, 9), st.integers(2, 4)),
            elements=st.sampled_from([*map(float, range(q)), NAN]),
        ),
    )
)
weightings = st.sampled_from(["nominal", "quadratic"])


def slow(ratings, q, weighting):
    """The definitions, one pair of ratings at a time."""
    w = [
        [1 - (k - m) ** 2 / (q - 1) ** 2 if weighting == "quadratic" else float(k == m) for m in range(q)]
        for k in range(q)
    ]
    subjects = [[int(r) for r in row if not np.isnan(r)] for row in ratings]
    seen = [
        sum(w[a][b] for a, b in itertools.permutations(s, 2)) / (len(s) * (len(s) - 1)) for s in subjects if len(s) > 1
    ]
    if not seen:
        return dict.fromkeys(("raw", "fleiss", "ac", "bp"), NAN)
    p_a = sum(seen) / len(seen)
    rated = [s for s in subjects if s]
    pi = [sum(s.count(k) / len(s) for s in rated) / len(rated) for k in range(q)]
    total = sum(map(sum, w))
    chance = {
        "fleiss": sum(w[k][m] * pi[k] * pi[m] for k in range(q) for m in range(q)),
        "ac": total / (q * (q - 1)) * sum(p * (1 - p) for p in pi),
        "bp": total / q**2,
    }
    return {"raw": p_a} | {n: (p_a - p) / (1 - p) if 1 - p > 1e-12 else NAN for n, p in chance.items()}


def slow_alpha(ratings, q, metric):
    """Mean squared distance within subjects over that between all ratings that have a partner."""
    subjects = [[int(r) for r in row if not np.isnan(r)] for row in ratings]
    subjects = [s for s in subjects if len(s) > 1]
    pooled = list(itertools.chain(*subjects))
    n_of = [pooled.count(k) for k in range(q)]

    def squared(a, b):
        low, high = min(a, b), max(a, b)
        between = sum(n_of[low : high + 1]) - (n_of[low] + n_of[high]) / 2
        return {"nominal": float(a != b), "interval": (a - b) ** 2, "ordinal": between**2 if a != b else 0}[metric]

    among = sum(squared(a, b) for a, b in itertools.permutations(pooled, 2))
    if not among:
        return NAN
    within = sum(sum(squared(a, b) for a, b in itertools.permutations(s, 2)) / (len(s) - 1) for s in subjects)
    return 1 - (within / len(pooled)) / (among / (len(pooled) * (len(pooled) - 1)))


@settings(deadline=None)
@given(ratings_of, weightings)
def test_they_equal_their_definitions(drawn, weighting):
    q, ratings = drawn
    of = every(ratings, q, weighting)
    for name, value in slow(ratings, q, weighting).items():
        assert of[name] == pytest.approx(value, abs=1e-9, nan_ok=True), name
    for metric in ("nominal", "ordinal", "interval"):
        assert of[metric] == pytest.approx(slow_alpha(ratings, q, metric), abs=1e-9, nan_ok=True), metric


@settings(deadline=None)
@given(ratings_of.filter(lambda drawn: not np.isnan(drawn[1][:, :2]).any()), weightings)
@pytest.mark.filterwarnings("ignore")
def test_cohens_kappa_equals_scikit_learns(drawn, weighting):
    from sklearn.metrics import cohen_kappa_score

    q, ratings = drawn
    first, second = ratings[:, :2].T.astype(int)
    theirs = cohen_kappa_score(
        first, second, labels=range(q), weights="quadratic" if weighting == "quadratic" else None
    )
    ours = cohen_kappa(ratings[:, :2], q, weighting, np.ones(len(ratings)))
    assert float(ours) == pytest.approx(theirs, abs=1e-9, nan_ok=True)


@settings(deadline=None)
@given(ratings_of, weightings, st.randoms(use_true_random=False))
def test_neither_raters_nor_subjects_have_an_order(drawn, weighting, random):
    q, ratings = drawn
    raters, subjects = list(range(ratings.shape[1])), list(range(len(ratings)))
    random.shuffle(raters)
    random.shuffle(subjects)
    assert every(ratings[subjects][:, raters], q, weighting) == pytest.approx(
        every(ratings, q, weighting), abs=1e-9, nan_ok=True
    )


@settings(deadline=None)
@given(ratings_of, st.randoms(use_true_random=False))
def test_names_of_categories_do_not_matter_without_an_order(drawn, random):
    q, ratings = drawn
    new_name = list(range(q))
    random.shuffle(new_name)
    renamed = np.where(np.isnan(ratings), NAN, np.take(np.array(new_name, float), np.nan_to_num(ratings).astype(int)))
    before, after = every(ratings, q), every(renamed, q)
    for name in ("raw", "fleiss", "ac", "bp", "kappa", "nominal"):
        assert after[name] == pytest.approx(before[name], abs=1e-9, nan_ok=True)


@settings(deadline=None)
@given(ratings_of, weightings)
def test_turning_the_scale_round_changes_nothing(drawn, weighting):
    q, ratings = drawn
    assert every(q - 1 - ratings, q, weighting) == pytest.approx(every(ratings, q, weighting), abs=1e-9, nan_ok=True)


@settings(deadline=None)
@given(ratings_of, weightings, st.lists(st.integers(0, 3), min_size=9, max_size=9))
def test_counting_a_subject_twice_is_having_it_twice(drawn, weighting, times):
    q, ratings = drawn
    multiplicity = np.array(times[: len(ratings)], dtype=float)
    repeated = np.repeat(ratings, times[: len(ratings)], axis=0)
    if not len(repeated):
        return
    counts, weights = rating_counts(ratings, q), agreement_weights(weighting, q)
    draws = np.stack([multiplicity, np.ones(len(ratings))])
    for name, drawn_twice in {
        "raw": raw_agreement(counts, weights, draws),
        "fleiss": fleiss_kappa(counts, weights, draws),
        "ac": gwet_ac(counts, weights, draws),
        "kappa": cohen_kappa(ratings, q, weighting, draws),
        "ordinal": krippendorff_alpha(counts, "ordinal", draws),
    }.items():
        expected = [every(repeated, q, weighting)[name], every(ratings, q, weighting)[name]]
        assert list(drawn_twice) == pytest.approx(expected, abs=1e-9, nan_ok=True), name


def test_answers_dealt_at_random_agree_by_chance_alone():
    ratings = np.random.default_rng(1).integers(0, 4, size=(20_000, 3)).astype(float)
    of = every(ratings, 4, "quadratic")
    for name in ("fleiss", "ac", "bp", "kappa", "nominal", "ordinal", "interval"):
        assert abs(of[name]) < 0.02, name
