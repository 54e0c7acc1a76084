# SPDX-License-Identifier: Apache-2.0
"""Questions are data: the paper's are the default, and a file that cannot be used says where and why."""

from pathlib import Path

import pytest

from lessgad.errors import SettingsError
from lessgad.reader_study.questionnaire import default_questionnaire, load_questionnaire, parse_questionnaire

HEAD = "format: 1\ntitle: t\nquestions:\n"


def test_the_default_asks_what_table_3_asks():
    questions = {question.key: question for question in default_questionnaire().questions}
    assert [key for key, question in questions.items() if question.required and question.shown_if is None] == [
        "image_quality",
        "lesion_detectability",
        "enhancement_pattern",
        "sufficient",
        "diagnostic_value",
    ]
    assert questions["image_quality"].labels == ("better", "slightly better", "similar", "slightly worse", "worse")
    assert questions["lesion_detectability"].labels == questions["image_quality"].labels
    assert questions["enhancement_pattern"].option_keys == ("similar", "different")
    assert questions["sufficient"].option_keys == ("yes", "no")  # words, not YAML's true and false
    assert questions["diagnostic_value"].labels[2] == "equivalent"
    assert questions["pattern_difference"].option_keys[-1] == "other"
    assert questions["pattern_difference"].shown_if.answer == "different"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "valid YAML"),
        ("", "is empty"),
        ("- 1", "something other than settings by name"),
        ("format: 2\ntitle: t\nquestions: [{key: a, kind: text, asked: each_case, wording: w}]", "format"),
        (HEAD + " - {key: a, kind: scale, asked: each_dose, wording: w, labels: [x]}", "labels of question 1 (a)"),
        (HEAD + " - {key: a, kind: sccale, asked: each_dose, wording: w}", "question 1 (a)"),
        (HEAD + " - {kind: text, asked: each_case, wording: w}", "The key key of question 1 is missing"),
        (HEAD + " - {key: a, kind: text, asked: each_case, wording: w, labels: [x]}", "labels of question 1 (a)"),
        (HEAD + " - {key: A b, kind: text, asked: each_case, wording: w}", "key of question 1"),
        (HEAD + " - {key: a, kind: text, asked: each_case, wording: w}\n" * 2, "the question a is there twice"),
        (HEAD + " - {key: a, kind: choice, asked: each_dose, wording: w, options: [{key: x, label: x}]}", "options"),
        (HEAD + " - {key: a, kind: choice, asked: each_dose, wording: w, "
         "options: [{key: x, label: x}, {key: x, label: y}]}", "named twice"),
        (HEAD + " - {key: a, kind: reasons, asked: each_dose, wording: w, "
         "options: [{key: x, label: x}, {key: other, label: y}]}", "other: true"),
        (HEAD + " - {key: a, kind: scale, asked: each_dose, wording: w, labels: ['{first}', y]}", "{first}"),
        (HEAD + " - {key: a, kind: scale, asked: pair, wording: w, labels: ['{third}', y]}", "{third}"),
        (HEAD + " - {key: a, kind: scale, asked: pair, wording: w, labels: [x, y], best_end: first}", "best_end"),
        (HEAD + " - {key: a, kind: text, asked: each_case, wording: w, shown_if: {question: b, answer: c}}",
         "not a choice asked before it"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_in_one_line(text, said):
    with pytest.raises(SettingsError) as told:
        parse_questionnaire(text, Path("q.yaml"))
    line = str(told.value)
    assert said in line
    assert line.startswith("q.yaml: ")
    assert "\n" not in line


CHOICE = (
    " - {key: a, kind: choice, asked: ASKED, wording: w, options: [{key: x, label: x}, {key: y, label: y}]}\n"
    " - {key: b, kind: text, asked: each_case, wording: w, shown_if: {question: a, answer: ANSWER}}\n"
)


def test_a_condition_must_be_one_that_can_come_true():
    with pytest.raises(SettingsError, match="does not offer"):
        parse_questionnaire(HEAD + CHOICE.replace("ASKED", "each_case").replace("ANSWER", "z"), Path("q"))
    with pytest.raises(SettingsError, match="asked each_dose"):
        parse_questionnaire(HEAD + CHOICE.replace("ASKED", "each_dose").replace("ANSWER", "x"), Path("q"))
    parse_questionnaire(HEAD + CHOICE.replace("ASKED", "each_case").replace("ANSWER", "x"), Path("q"))


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingsError, match="no such file"):
        load_questionnaire(tmp_path / "none.yaml")
