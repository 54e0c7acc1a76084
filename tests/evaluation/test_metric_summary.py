# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lessgad.evaluation.metric_summary import as_text, compare, correct_over_doses, summarize
from lessgad.evaluation.patient_level import holm

INF, NAN = float("inf"), float("nan")


def test_mean_and_sample_sd_of_what_is_finite_and_the_rest_is_counted():
    summary = summarize(np.array([1.0, INF, 2.0, NAN, 6.0]))
    assert (summary.n_finite, summary.n_infinite, summary.n_undefined, summary.mean) == (3, 1, 1, 3.0)
    assert summary.sd == pytest.approx(np.sqrt(7))


@pytest.mark.parametrize(
    ("values", "printed"),
    [
        ([1.0, 2.0, 6.0], "3.00 ± 2.65"),
        ([117.25], "117.25"),
        ([INF, INF], "∞ (2)"),
        ([1.0, 3.0, INF], "2.00 ± 1.41, ∞ (1)"),
        ([NAN], "–"),
        ([], "–"),
    ],
)
def test_what_is_printed(values, printed):
    assert as_text(summarize(np.array(values, dtype=float)), 2) == printed


def test_eleven_equal_signs_make_a_star():
    values = np.arange(11.0)
    patients = [f"P{i}" for i in range(11)]
    summary = compare(summarize(values), 1 + values, patients, seed=0)
    assert as_text(summary, 1) == "5.0 ± 3.3*"
    assert summary.gain.mean == 6
    assert "*" not in as_text(compare(summarize(values), 1 + values[:10], patients[:10], seed=0), 1)


def test_doses_are_corrected_together_and_only_where_there_is_a_gain():
    random = np.random.default_rng(0)
    patients = [f"P{i}" for i in range(12)]
    compared = [compare(summarize(g), g, patients, seed=0) for g in random.normal(0.5, 1, (3, 12))]
    alone = summarize(np.zeros(12))
    first, *rest = correct_over_doses([alone, *compared])
    assert first == alone
    assert [summary.p_holm for summary in rest] == holm([summary.gain.p for summary in compared])
