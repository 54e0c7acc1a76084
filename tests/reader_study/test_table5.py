# SPDX-License-Identifier: Apache-2.0
"""The paper's Table 5 comes out of an answer set that has its counts."""

import csv
import math

import numpy as np
import pytest
from scipy.stats import wilcoxon

from lessgad.errors import InputError
from lessgad.reader_study.comparison_tables import comparison_rows
from lessgad.reader_study.question_summaries import count_rows, scale_rows
from lessgad.reader_study.response_table import ResponseTable
from lessgad.reader_study.table5 import table5, write_table5

LOW, HIGH = 0.1, 0.3


@pytest.fixture(scope="module")
def rows(made):
    return made.paper_rows()


@pytest.fixture(scope="module")
def answered(made, rows):
    return ResponseTable(made.QUESTIONS, rows)


@pytest.fixture(scope="module")
def tables(answered):
    return list(scale_rows(answered, 1, 500)), list(count_rows(answered, 1, 500))


def test_table_5_as_printed(made, tables, tmp_path):
    table = table5(made.QUESTIONS, *tables)
    assert table.doses == (LOW, HIGH, None)
    assert {row.question: row.cells for row in table.rows} == {
        "image_quality": ("3 (3–3)", "3 (3–4)", ""),
        "lesion_detectability": ("3 (3–4)", "3 (3–3)", ""),
        "enhancement_pattern": ("7/15 (32 %)", "16/6 (73 %)", ""),
        "pattern_difference.outside_tumor": ("8", "0", ""),
        "pattern_difference.lack_of_enhancement": ("6", "0", ""),
        "pattern_difference.decreased_brightness": ("5", "0", ""),
        "pattern_difference.different_brightness": ("0", "2", ""),
        "pattern_difference.cysts_imperceptible": ("1", "0", ""),
        "pattern_difference.intrameatal_overestimated": ("0", "4", ""),
        "sufficient": ("10/12 (45 %)", "19/3 (86 %)", ""),
        "diagnostic_value": ("", "", "4 (3–4)"),
    }
    write_table5(tmp_path / "table5.csv", table)
    with (tmp_path / "table5.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["question", "wording", "scale", "reader", "10 %", "30 %", "case"]
    assert lines[1][-3:] == ["3 (3–3)", "3 (3–4)", ""]


def test_blinding_changes_nothing_in_what_was_said(made, tables):
    blinded = ResponseTable(made.QUESTIONS, made.paper_rows(made.protocol(mode="blinded", sittings=1)))
    assert (
        table5(made.QUESTIONS, list(scale_rows(blinded, 1, 50)), list(count_rows(blinded, 1, 50))).rows
        == table5(made.QUESTIONS, *tables).rows
    )


def test_practice_does_not_count(rows, answered, tables):
    assert {row.subset for row in rows} == {"test", "validation"}
    assert len(answered.cases) == 22
    assert {row.n_readings for table in tables for row in table} == {22}
    assert {row.n_patients for table in tables for row in table} == {14}


def test_counts_have_wilsons_interval_and_one_by_patients(tables):
    found = {(row.question, row.dose, row.answer): row for row in tables[1]}
    row = found["sufficient", HIGH, "yes"]
    p, n, z = 19 / 22, 22, 1.959963984540054
    middle, half = (
        (p + z**2 / 2 / n) / (1 + z**2 / n),
        z * math.sqrt(p * (1 - p) / n + z**2 / 4 / n**2) / (1 + z**2 / n),
    )
    assert (row.wilson_low, row.wilson_high) == pytest.approx((middle - half, middle + half))
    assert row.patient_low < row.share < row.patient_high
    assert found["image_quality", LOW, "5"].count == 0
    assert found["image_quality", LOW, "5"].wilson_low == pytest.approx(0, abs=1e-12)
    assert found["image_quality", LOW, "5"].patient_low is None  # nobody said so: drawing patients knows no more
    for question in ("image_quality", "enhancement_pattern", "sufficient"):
        assert sum(row.count for key, row in found.items() if key[:2] == (question, LOW)) == 22


def test_doses_are_compared_as_in_the_paper_and_patient_by_patient(rows, answered):
    found = {row.question: row for row in comparison_rows(answered, (LOW, HIGH), 1, 500)}
    assert set(found) == {
        "image_quality",
        "lesion_detectability",
        "enhancement_pattern",
        "sufficient",
        "diagnostic_value",
    }
    value = {(row.question, row.dose, row.case): row.answer for row in rows if row.subset == "test"}
    cases = [case.id for case in answered.cases]
    worse = [int(value["lesion_detectability", HIGH, c]) - int(value["lesion_detectability", LOW, c]) for c in cases]
    row = found["lesion_detectability"]
    assert row.p_wilcoxon == pytest.approx(wilcoxon([d for d in worse if d]).pvalue)
    assert (row.n_higher_better, row.n_lower_better) == (sum(d < 0 for d in worse), sum(d > 0 for d in worse))
    assert row.p_mcnemar is None
    row = found["sufficient"]
    both = [(value["sufficient", LOW, c], value["sufficient", HIGH, c]) for c in cases]
    b, c = both.count(("yes", "no")), both.count(("no", "yes"))
    assert (row.n_lower_better, row.n_higher_better) == (b, c)
    exact = min(1.0, 2 * sum(math.comb(b + c, k) for k in range(min(b, c) + 1)) / 2 ** (b + c))
    assert row.p_mcnemar == pytest.approx(exact)
    assert row.gain > 0
    row = found["diagnostic_value"]
    assert (row.n_lower_better, row.n_higher_better) == (2, 13)
    assert row.vgc_area is None


def test_the_gain_is_the_mean_over_patients_of_their_cases(rows, answered):
    row = {row.question: row for row in comparison_rows(answered, None, 1, 500)}["image_quality"]
    of = {}
    for a in rows:
        if a.subset == "test" and a.question == "image_quality":
            of.setdefault(a.patient, {}).setdefault(a.dose, []).append(int(a.answer))
    gains = [np.mean(doses[LOW]) - np.mean(doses[HIGH]) for doses in of.values()]  # 1 is the good end
    assert row.gain == pytest.approx(np.mean(gains))
    assert row.gain_low < row.gain < row.gain_high


def test_readers_alone_and_together(made):
    of = made.protocol(mode="blinded", sittings=1)
    answered = ResponseTable(made.QUESTIONS, made.random_rows(of, ["R1", "R2", "R3"], seed=2))
    scales, counts = list(scale_rows(answered, 1, 200)), list(count_rows(answered, 1, 200))
    for key in {(row.question, row.dose) for row in scales}:
        n = {row.reader: row.n_readings for row in scales if (row.question, row.dose) == key}
        assert n == {"R1": 22, "R2": 22, "R3": 22, "": 66}
    together = [row for row in counts if not row.reader]
    assert all(row.wilson_low is None for row in together)  # readings of one case are not independent
    for row in together:
        same = (row.question, row.dose, row.answer)
        alone = [c.count for c in counts if c.reader and (c.question, c.dose, c.answer) == same]
        assert row.count == sum(alone)
    compared = [row for row in comparison_rows(answered, None, 1, 200) if not row.reader]
    assert all(row.p_wilcoxon is None and row.p_mcnemar is None for row in compared)
    assert {row.question: row.gain > 0 for row in compared}["image_quality"]


def test_three_doses_are_corrected_for_three_comparisons(made):
    of = made.protocol(mode="blinded", hidden_standard=True)
    answered = ResponseTable(made.QUESTIONS, made.random_rows(of, ["R1"], seed=3))
    found = [row for row in comparison_rows(answered, (LOW, HIGH), 1, 300) if row.question == "image_quality"]
    assert [(row.lower_dose, row.higher_dose) for row in found] == [(0.1, 0.3), (0.1, 1.0), (0.3, 1.0)]
    assert all(row.p_holm >= row.p_sign_flip for row in found)
    assert min(row.p_holm for row in found) == pytest.approx(min(1, 3 * min(row.p_sign_flip for row in found)))


def test_answers_to_another_questionnaire_are_refused(made, rows):
    fewer = made.QUESTIONS.model_copy(update={"questions": made.QUESTIONS.questions[1:]})
    with pytest.raises(InputError, match="image_quality"):
        ResponseTable(fewer, rows)


def test_no_reader_and_no_reading_make_empty_tables(made):
    answered = ResponseTable(made.QUESTIONS, [])
    assert list(scale_rows(answered, 1, 10)) == list(count_rows(answered, 1, 10)) == []
    assert list(comparison_rows(answered, (LOW, HIGH), 1, 10)) == []
    assert table5(made.QUESTIONS, [], []).rows == ()
