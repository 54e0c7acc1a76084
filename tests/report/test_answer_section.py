# SPDX-License-Identifier: Apache-2.0
"""The section says what the answer says, escapes what it is given, and needs nothing from elsewhere."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from lessgad.evaluation.answer_settings import AnswerSettings, Endpoint
from lessgad.evaluation.dose_answer import find_dose_answer
from lessgad.evaluation.endpoint_metrics import METRICS
from lessgad.evaluation.outcomes import Outcome
from lessgad.evaluation.preregistration import Preregistration
from lessgad.report.answer_section import answer_html, answer_section
from lessgad.report.endpoint_definitions import definitions
from lessgad.report.found_in_short import found_in_short

ENDPOINTS = (
    Endpoint(metric="recovery", at_least=0.9),
    Endpoint(metric="dice_loss", at_most=0.05),
    Endpoint(metric="false_ml", at_most=0.5),
)
LEVELS = {  # of recovery, loss of Dice, false ml
    0.0: (0.0, 0.5, 0.0),
    0.1: (0.6, 0.2, 0.7),
    0.3: (0.95, 0.04, 0.2),
    0.5: (1.0, 0.0, 0.1),
}
EVIL = "<script>alert('x')</script>"


def an_answer(n_patients=12, endpoints=ENDPOINTS, levels=LEVELS, n_test=None):
    made = [
        Outcome(f"P{p:02d}", session, dose, "restored", endpoint.metric, endpoint.area, level + 0.001 * p)
        for dose, of_dose in levels.items()
        for endpoint, level in zip(endpoints, of_dose, strict=True)
        for p in range(n_patients)
        for session in ("1", "2")
    ]
    patients = [f"P{p:02d}" for p in range(n_test or n_patients)]
    return find_dose_answer(made, AnswerSettings(endpoints=endpoints), doses=levels, patients=patients)


class Text(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.stack, self.tags, self.attributes, self.words = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.stack.append(tag)
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def parsed(section):
    parser = Text()
    parser.feed(answer_html(section))
    assert parser.stack == []
    return parser


def words(section):
    return re.sub(r"\s+", " ", " ".join(parsed(section).words))


def test_the_headline_comes_first_and_every_dose_has_a_row():
    answer = an_answer()
    section = answer_section(answer)
    assert section.headline == "30 % of the standard dose is the lowest dose shown to be sufficient."
    assert [(row.dose, row.verdict) for row in section.rows] == [
        ("50 %", "sufficient"),
        ("30 %", "sufficient"),
        ("10 %", "not shown"),
        ("0 % (control)", "control"),
    ]
    shown = words(section)
    assert shown.index(section.headline) < shown.index(section.evidence) < shown.index("Every endpoint")
    assert parsed(section).tags.count("tr") == 1 + 4


def test_cells_hold_counts_median_and_bound():
    rows = answer_section(an_answer(13)).rows
    cell = rows[1].cells[1]
    assert (cell.kept, cell.needed) == ("11 of 13", "11 needed")  # 0.04 … 0.052, the last two above 0.05
    assert cell.median == "median 0.046"
    assert cell.bound == "bound 55 %"
    assert [cell.mark for cell in rows[1].cells] == ["✓", "✓", "✓"]
    assert [cell.mark for cell in rows[2].cells] == ["✗", "✗", "✗"]
    assert [cell.mark for cell in rows[3].cells] == ["", "", ""]


def test_a_value_next_to_its_margin_is_printed_so_that_its_side_shows():
    answer = an_answer(levels=LEVELS | {0.1: (0.8999, 0.2, 0.7), 0.3: (0.894001, 0.04, 0.2)})
    cell = answer_section(answer).rows[1].cells[0]
    assert cell.median == "median 0.8995"


def test_below_a_failed_dose_nothing_is_tested():
    answer = an_answer(levels=LEVELS | {0.5: (0.5, 0.0, 0.1)})
    section = answer_section(answer)
    assert section.headline == "No dose below the standard dose is shown to be sufficient."
    simulated = answer_section(answer, simulated=True)
    assert simulated.headline == "In simulation, no dose below the standard dose is shown to be sufficient."
    assert [row.verdict for row in section.rows] == ["not shown", "not tested", "not tested", "control"]


def test_without_an_answer_there_are_no_verdicts():
    section = answer_section(an_answer(n_patients=5))
    assert section.headline.startswith("No answer: 5 patients are too few")
    assert section.evidence == ""
    assert [row.verdict for row in section.rows] == ["–", "–", "–", "control"]
    assert {cell.bound for row in section.rows for cell in row.cells} == {""}


def test_an_endpoint_that_was_not_measured_has_empty_cells():
    answer = an_answer(endpoints=ENDPOINTS[:1], levels={dose: of_dose[:1] for dose, of_dose in LEVELS.items()})
    asked = AnswerSettings(endpoints=ENDPOINTS[:2])
    both = find_dose_answer([], asked, doses=tuple(LEVELS), patients=["P00"])
    assert answer.status == "given"
    assert {cell.kept for row in answer_section(both).rows for cell in row.cells} == {"–"}
    assert "were not measured" in words(answer_section(both))


@pytest.mark.parametrize(
    ("standing", "changes", "said"),
    [
        ("before results", (), "were fixed on 2026-01-05, before any test result"),
        ("after results", (), "test results already existed"),
        ("changed", ("the doses",), "since 2026-01-05, the doses were changed"),
        ("never", (), "Not fixed in advance"),
    ],
)
def test_whether_it_was_fixed_in_advance_is_said(standing, changes, said):
    section = answer_section(an_answer(), Preregistration(standing, changes, "2026-01-05", "ab" * 32))
    assert said in words(section)
    assert "ab" * 32 in words(section)


def test_what_each_endpoint_measures_is_explained_once():
    twice = (*ENDPOINTS, Endpoint(metric="false_ml", at_most=1.0), Endpoint(metric="ssim", at_least=0.8, area="head"))
    names = [name for name, _ in answer_section(an_answer(endpoints=ENDPOINTS)).definitions]
    assert names == ["enhancement recovery", "loss of Dice", "false enhancement"]
    assert [name for name, _ in definitions(twice)] == [*names, "SSIM"]
    relative = Endpoint(metric="false_ml", at_most=0.5, relative_to="repeat")
    assert [name for name, _ in definitions([relative])] == ["false enhancement", "repeat scan"]
    assert all(definitions([Endpoint(metric=metric, **margin(metric))]) for metric in METRICS)


def margin(metric):
    return {"at_least": 0.5} if METRICS[metric].larger_is_better else {"at_most": 0.5}


def test_too_few_patients_at_a_dose_are_counted_with_what_is_needed():
    section = answer_section(an_answer())
    assert section.evidence == (
        "At 10 %, these endpoints are met by too few patients: enhancement recovery (0 of 12, 10 needed), "
        "loss of Dice (0 of 12, 10 needed) and false enhancement (0 of 12, 12 needed)."
    )


def test_a_missing_answer_counts_the_patients_with_values():
    few = an_answer(n_patients=5)
    assert found_in_short(few, "").startswith("No answer: 5 test patients are too few; at least")
    missing = an_answer(n_patients=1, n_test=3)
    assert found_in_short(missing, "").startswith(
        "No answer: only 1 of 3 test patients has a value for every endpoint;"
    )


def test_patients_who_are_left_out_are_told():
    shown = words(answer_section(an_answer(n_test=14)))
    assert "2 test patients have no value for “enhancement recovery ≥ 0.9” at any dose and are left out" in shown


def test_limits_are_said():
    shown = words(answer_section(an_answer()))
    assert "holds for a share of patients and says nothing about the others" in shown
    assert "Dose 0 is therefore no control for" in shown
    without = an_answer(endpoints=ENDPOINTS[:2], levels={dose: of_dose[:2] for dose, of_dose in LEVELS.items()})
    assert "Dose 0 is therefore no control for" not in words(answer_section(without))


def test_whatever_comes_in_is_shown_and_not_run():
    region = Endpoint(metric="dice_loss", at_most=0.05, area=EVIL)
    answer = an_answer(endpoints=(ENDPOINTS[0], region), levels={dose: of_dose[:2] for dose, of_dose in LEVELS.items()})
    section = answer_section(answer, Preregistration("changed", (EVIL,), EVIL, EVIL))
    parser = parsed(replace(section, headline=EVIL))
    assert "script" not in parser.tags
    assert EVIL in "".join(parser.words)
    assert not {"style", "src", "href", "onclick"} & set(parser.attributes)


def test_the_section_uses_only_classes_of_the_page():
    from lessgad.report.html_templates import report_templates

    style = report_templates().get_template("style.html.j2").render()
    for name in re.findall(r'class="([^"]*)"', answer_html(answer_section(an_answer()))):
        for part in name.split():
            assert f".{part}" in style


def test_values_are_of_patients_not_studies():
    """A guard of the fixture: two alike studies of each patient."""
    cell = an_answer().cell(0.3, ENDPOINTS[1])
    assert cell.median == pytest.approx(0.04 + 0.001 * np.median(np.arange(12)))
