# SPDX-License-Identifier: Apache-2.0
import math

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lessgad.dose_fraction import check_dose, dose_from_label, dose_label, percent
from lessgad.errors import DoseError


@settings(deadline=None)
@given(st.floats(0, 1))
def test_fractions_pass_unchanged(dose: float):
    assert check_dose(dose) == dose


def test_minus_zero_is_no_dose():
    assert math.copysign(1, check_dose(-0.0)) == 1
    assert dose_label(-0.0) == "dose0"


@settings(deadline=None)
@given(st.floats().filter(lambda dose: not 0 <= dose <= 1))
@example(math.nan)
@example(math.inf)
@example(math.nextafter(1, 2))
@example(-5e-324)
def test_everything_else_is_refused(dose: float):
    with pytest.raises(DoseError):
        check_dose(dose)


@pytest.mark.parametrize(("given_dose", "meant"), [(30.0, "0.3"), (10.0, "0.1"), (12.5, "0.125"), (100.0, "1")])
def test_per_cent_gets_a_suggestion(given_dose: float, meant: str):
    with pytest.raises(DoseError, match=rf"^The dose is {given_dose:g}; .*\. Did you mean {meant}\?$"):
        check_dose(given_dose)


@pytest.mark.parametrize("dose", [-0.1, 101.0, math.inf, math.nan])
def test_no_suggestion_where_none_makes_sense(dose: float):
    with pytest.raises(DoseError) as caught:
        check_dose(dose)
    assert "mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("dose", "label"), [(0.0, "dose0"), (0.1, "dose10"), (0.125, "dose12p5"), (0.3, "dose30"), (1.0, "dose100")]
)
def test_labels_as_in_file_names(dose: float, label: str):
    assert dose_label(dose) == label
    assert dose_from_label(label) == dose


@settings(deadline=None)
@given(st.integers(0, 10**8))
def test_label_round_trip_is_exact(hundred_millionths: int):
    dose = hundred_millionths / 10**8
    assert dose_from_label(dose_label(dose)) == dose


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1))
def test_labels_tell_doses_apart_and_are_alphanumeric(one: float, other: float):
    assert dose_label(one).isalnum()  # as BIDS wants labels
    assume(abs(one - other) > 1e-8)
    assert dose_label(one) != dose_label(other)


@pytest.mark.parametrize(
    "label", ["", "dose", "10", "dose1.5", "dose-1", "dose10p", "dosep5", "Dose10", "dose10 ", "dose101", "dose1000"]
)
def test_other_labels_are_refused(label: str):
    with pytest.raises(DoseError, match="a dose label"):
        dose_from_label(label)


@pytest.mark.parametrize(
    ("dose", "words"), [(0.1, "10 %"), (0.125, "12.5 %"), (0.7, "70 %"), (0.0, "0 %"), (1.0, "100 %")]
)
def test_percent(dose: float, words: str):
    assert percent(dose) == words
