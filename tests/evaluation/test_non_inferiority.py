# SPDX-License-Identifier: Apache-2.0
"""A margin is kept despite rounding, and a sequence of doses ends at a failure."""

from hypothesis import given
from hypothesis import strategies as st

from lessgad.evaluation.non_inferiority import keeps_margin, lowest_in_sequence


def test_the_margin_itself_is_kept_despite_rounding():
    assert keeps_margin(0.1 + 0.2, 0.3, larger_is_better=True)
    assert keeps_margin(0.1 + 0.2, 0.3, larger_is_better=False)
    assert not keeps_margin(0.3 - 1e-9, 0.3, larger_is_better=True)
    assert not keeps_margin(0.3 + 1e-9, 0.3, larger_is_better=False)
    assert not keeps_margin(1e-9, 0.0, larger_is_better=False)


def test_infinite_and_undefined_bounds():
    inf = float("inf")
    assert keeps_margin(inf, 30.0, larger_is_better=True)
    assert not keeps_margin(-inf, 30.0, larger_is_better=True)
    assert not keeps_margin(inf, 30.0, larger_is_better=False)
    assert not any(keeps_margin(float("nan"), 0.3, larger_is_better=larger) for larger in (True, False))


@given(st.dictionaries(st.floats(0.01, 0.99), st.booleans()))
def test_no_dose_at_or_below_a_failed_one_is_accepted(passed):
    lowest = lowest_in_sequence(passed)
    accepted = {dose for dose in passed if all(passed[other] for other in passed if other >= dose)}
    assert lowest == min(accepted, default=None)
