# SPDX-License-Identifier: Apache-2.0
"""Agreement of the readers of a study: who is compared with whom, over what."""

import math

import pytest

from lessgad.reader_study.agreement_tables import agreement_rows
from lessgad.reader_study.response_table import ResponseTable


@pytest.fixture(scope="module")
def study(made):
    return made.protocol(mode="blinded", sittings=2, repeat_share=0.5, hidden_standard=True)


@pytest.fixture(scope="module")
def rows(made, study):
    return made.random_rows(study, ["R1", "R2", "R3"], seed=5)


@pytest.fixture(scope="module")
def found(made, rows):
    answered = ResponseTable(made.QUESTIONS, rows)
    return {
        (row.between, row.question, row.dose, row.reader, row.coefficient, row.weighting): row
        for row in agreement_rows(answered, 1, 300)
    }


def test_each_question_has_raw_agreement_and_ac_beside_kappa(found):
    groups = {key[:4] for key in found}
    for group in groups:
        names = {key[4:] for key in found if key[:4] == group}
        assert {("raw", "none"), ("gwet_ac1", "none"), ("cohen_kappa", "none"), ("krippendorff_alpha", "none")} <= names
        is_scale = group[1] not in ("enhancement_pattern", "sufficient")
        assert (("gwet_ac2", "quadratic") in names) == is_scale
        assert (("cohen_kappa", "quadratic") in names) == is_scale


def test_readers_are_compared_on_first_readings_and_with_themselves_on_both(found):
    assert {key[2] for key in found if key[:2] == ("readers", "sufficient")} == {0.1, 0.3, 1.0, None}
    assert {key[3] for key in found if key[:2] == ("readers", "sufficient")} == {""}
    assert {key[2:4] for key in found if key[:2] == ("occasions", "sufficient")} == {
        (None, "R1"), (None, "R2"), (None, "R3"), (None, ""),
    }  # fmt: skip
    assert found["readers", "sufficient", 0.1, "", "raw", "none"].n_subjects == 22
    assert found["readers", "sufficient", None, "", "raw", "none"].n_subjects == 66
    assert found["occasions", "sufficient", None, "R1", "raw", "none"].n_subjects == 11 * 3
    assert found["occasions", "sufficient", None, "", "raw", "none"].n_subjects == 11 * 3 * 3
    assert not [key for key in found if key[1] == "diagnostic_value"]  # it would tell where the standard dose hides


def test_raw_agreement_by_hand(rows, found):
    of = {}
    for row in rows:
        if (row.question, row.dose, row.subset, row.occasion) == ("sufficient", 0.1, "test", 1):
            of.setdefault(row.case, []).append(row.answer)
    agreeing = [sum(a == b for a, b in zip(v, [v[1], v[2], v[0]], strict=True)) / 3 for v in of.values()]
    row = found["readers", "sufficient", 0.1, "", "raw", "none"]
    assert row.value == pytest.approx(sum(agreeing) / 22)
    assert row.low < row.value < row.high


def test_readers_who_see_the_same_agree_more_than_those_who_do_not(made, study):
    def ac2(noise):
        answered = ResponseTable(made.QUESTIONS, made.random_rows(study, ["R1", "R2"], seed=6, noise=noise))
        key = ("readers", "image_quality", None, "gwet_ac2")
        return {
            (row.between, row.question, row.dose, row.coefficient): row.value for row in agreement_rows(answered, 1, 10)
        }[key]

    assert ac2(0.0) == pytest.approx(1)
    assert ac2(0.0) > ac2(0.7) > ac2(2.5)


def test_perfect_agreement_has_an_honest_bound_and_kappa_says_so_where_it_says_nothing(made, study):
    rows = [row for row in made.random_rows(study, ["R1", "R2"], seed=7, noise=0.0) if row.question == "sufficient"]
    alike = [type(row)(**{**row.__dict__, "answer": "yes"}) for row in rows]
    found = {
        (row.between, row.coefficient): row
        for row in agreement_rows(ResponseTable(made.QUESTIONS, alike), 1, 200)
        if row.between == "readers" and row.dose == 0.1
    }
    raw = found["readers", "raw"]
    assert (raw.value, raw.high) == (1, 1)
    assert raw.low == pytest.approx(0.025 ** (1 / 14))
    assert found["readers", "gwet_ac1"].value == 1
    assert found["readers", "gwet_ac1"].low is None
    assert math.isnan(found["readers", "cohen_kappa"].value)
    assert found["readers", "cohen_kappa"].low is None


def test_one_reader_without_repeats_has_no_agreement(made):
    assert list(agreement_rows(ResponseTable(made.QUESTIONS, made.paper_rows()), 1, 50)) == []
