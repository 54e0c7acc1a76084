# SPDX-License-Identifier: Apache-2.0
"""Letters become doses again, however they were dealt."""

import itertools

import pytest

from lessgad.reader_study.design import Case, Panel, Reading
from lessgad.reader_study.questionnaire import default_questionnaire
from lessgad.reader_study.readings import reading_rows

QUESTIONS = default_questionnaire()


def reading(doses):
    lettered = [
        Panel("standard_dose" if dose == 1 else "restored", dose, letter, letter)
        for letter, dose in zip("ABC", doses, strict=False)
    ]
    return Reading("r", Case(id="c", patient="p", session="s"), 1, 1, tuple(lettered))


@pytest.mark.parametrize("doses", list(itertools.permutations([0.1, 0.3, 1.0])))
def test_what_was_said_of_an_image_goes_with_its_dose(doses):
    seen = reading(doses)
    step_of = {0.1: 5, 0.3: 2, 1.0: 3}
    answers = {f"image_quality.{letter}": step_of[seen.dose(letter)] for letter in seen.letters}
    rows = reading_rows(QUESTIONS, "R1", seen, answers)
    assert {row.dose: row.answer for row in rows} == {0.1: "5", 0.3: "2", 1.0: "3"}
    assert {(row.reader, row.patient, row.session, row.subset, row.case) for row in rows} == {
        ("R1", "p", "s", "test", "c")
    }


@pytest.mark.parametrize("doses", list(itertools.permutations([0.1, 0.3])))
def test_in_a_pair_1_always_favors_the_lower_dose(doses):
    seen = reading(doses)
    preferred = {0.1: 1, 0.3: 5} if doses == (0.1, 0.3) else {0.3: 1, 0.1: 5}  # as the reader sees them: A, then B
    for dose, answer in ((0.1, "1"), (0.3, "5")):
        (row,) = reading_rows(QUESTIONS, "R1", seen, {"diagnostic_value": preferred[dose]})
        assert (row.answer, row.dose) == (answer, None)
    (row,) = reading_rows(QUESTIONS, "R1", seen, {"diagnostic_value": 3})
    assert row.answer == "3"


def test_reasons_and_words():
    answers = {
        "enhancement_pattern.A": "different",
        "pattern_difference.A": {"chosen": ["outside_tumor", "other"], "other": "a ring\r\nof fat "},
        "pattern_difference.B": {"chosen": ["outside_tumor"], "other": ""},  # hidden: B was not called different
        "comment": "fine",
    }
    rows = {(row.question, row.dose): row for row in reading_rows(QUESTIONS, "R1", reading([0.1, 0.3]), answers)}
    assert set(rows) == {("enhancement_pattern", 0.1), ("pattern_difference", 0.1), ("comment", None)}
    assert rows["pattern_difference", 0.1].ticked == ("outside_tumor", "other")
    assert rows["pattern_difference", 0.1].words == "a ring\nof fat"
    assert (rows["comment", None].answer, rows["comment", None].words) == ("", "fine")
