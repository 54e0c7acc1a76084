# SPDX-License-Identifier: Apache-2.0
"""Answers: complete and valid ones can be handed in, every other set says what is wrong."""

import pytest

from lessgad.reader_study.design import readings_of, sample_cases
from lessgad.reader_study.questionnaire import default_questionnaire
from lessgad.reader_study.responses import items, labels, problems, responses_from_form, visible_responses
from lessgad.reader_study.settings import ReaderStudySettings

KEY = "a key that nobody knows"
QUESTIONS = default_questionnaire()


def reading(**settings):
    design = ReaderStudySettings(n_practice=0, **settings)
    return readings_of("R1", sample_cases([("p1", "")], [], design, KEY), design, KEY)[0]


OPEN = reading()
COMPLETE = {
    "image_quality.A": 3,
    "image_quality.B": 3,
    "lesion_detectability.A": 5,
    "lesion_detectability.B": 1,
    "enhancement_pattern.A": "different",
    "enhancement_pattern.B": "similar",
    "pattern_difference.A": {"chosen": ["outside_tumor", "other"], "other": "a ring"},
    "sufficient.A": "no",
    "sufficient.B": "yes",
    "diagnostic_value": 4,
}


def told(answers, of=OPEN):
    return {problem.item: problem.reason for problem in problems(QUESTIONS, of, answers)}


def test_complete_answers_can_be_handed_in():
    assert told(COMPLETE) == {}
    assert told(COMPLETE | {"comment": "none"}) == {}


@pytest.mark.parametrize("name", sorted(COMPLETE))
def test_each_required_item_is_missed(name):
    rest = {key: value for key, value in COMPLETE.items() if key != name}
    if name == "enhancement_pattern.A":  # its reasons are hidden then
        assert told(rest) == {
            name: "needs an answer",
            "pattern_difference.A": "is not asked with these answers",
        }
    else:
        assert told(rest) == {name: "needs an answer"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("image_quality.A", 0),
        ("image_quality.A", 6),
        ("image_quality.A", "3"),
        ("image_quality.A", True),
        ("sufficient.A", "maybe"),
        ("sufficient.A", 1),
        ("comment", 5),
        ("comment", "x" * 4001),
        ("pattern_difference.A", "outside_tumor"),
        ("pattern_difference.A", {"chosen": ["no such reason"], "other": ""}),
        ("pattern_difference.A", {"chosen": ["outside_tumor", "outside_tumor"], "other": ""}),
        ("pattern_difference.A", {"chosen": ["other"], "other": ""}),
        ("pattern_difference.A", {"chosen": ["outside_tumor"], "other": "a ring"}),
        ("pattern_difference.B", {"chosen": ["outside_tumor"], "other": ""}),
        ("image_quality.C", 3),
        ("image_quality", 3),
        ("no_such_question", 3),
    ],
)
def test_each_wrong_value_is_told_at_its_item_alone(name, value):
    assert list(told(COMPLETE | {name: value})) == [name]


def test_one_dose_has_no_pair():
    alone = reading(doses=(0.1,))
    assert "diagnostic_value" not in {item.name for item in items(QUESTIONS, alone)}
    hidden = reading(doses=(0.1,), mode="blinded", hidden_standard=True)
    assert "diagnostic_value" not in {item.name for item in items(QUESTIONS, hidden)}
    assert "image_quality.B" in {item.name for item in items(QUESTIONS, hidden)}


def test_a_form_comes_back_as_answers():
    form = {
        **{name: [str(value)] for name, value in COMPLETE.items() if not isinstance(value, dict)},
        "pattern_difference.A": ["outside_tumor", "other"],
        "pattern_difference.A.other": [" a ring "],
        "comment": [" "],
        "csrf": ["token"],
    }
    assert responses_from_form(QUESTIONS, OPEN, form) == COMPLETE


def test_what_was_hidden_again_does_not_count():
    changed_mind = COMPLETE | {"enhancement_pattern.A": "similar", "comment": ""}
    kept = visible_responses(QUESTIONS, OPEN, changed_mind)
    assert set(kept) == set(COMPLETE) - {"pattern_difference.A"}
    assert told(kept) == {}


def test_a_pair_names_its_images_and_blinded_only_their_letters():
    question = QUESTIONS.question("diagnostic_value")
    assert labels(question, OPEN)[0] == "10 % much better"
    assert labels(question, OPEN)[4] == "30 % much better"
    assert labels(question, reading(mode="blinded"))[0] == "A much better"
