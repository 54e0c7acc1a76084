# SPDX-License-Identifier: Apache-2.0
"""The reader study in the report: the paper's numbers in words, readers without names, bars as long as their shares."""

import pytest

from lessgad.reader_study.readings_json import Readings
from lessgad.reader_study.results import summarize_readings
from lessgad.report.reading_figure import answer_bars
from lessgad.report.reading_section import pooled_over_readers, reading_html, reading_section


def readings_of(of, rows):
    return Readings(of.settings, of.questionnaire, "ab" * 32, "2026-01-01", 0, tuple(rows))


@pytest.fixture(scope="module")
def paper(made):
    of = made.protocol()
    readings = readings_of(of, made.paper_rows(of))
    return readings, summarize_readings(readings, 100)


@pytest.fixture(scope="module")
def three(made):
    of = made.protocol(mode="blinded", sittings=2, repeat_share=0.3)
    readings = readings_of(of, made.random_rows(of, ["kim<b>", "lee", "ann"], seed=1))
    return readings, summarize_readings(readings, 100)


def test_table_5_is_in_the_section(paper):
    section = reading_section(*paper)
    assert section.facts.startswith("1 reader read 22 studies of 14 test patients. All images were labeled.")
    asked = {row[0]: row[1:] for row in section.tables[0].rows}
    scale = "1 better, 2 slightly better, 3 similar, 4 slightly worse, 5 worse"
    assert asked["Detectability of the lesion compared with the standard dose"] == (
        scale,
        "once for each restored image",
    )
    assert asked["Comment"] == ("free words", "once per case")
    cells = {row[0]: row[3:] for row in section.tables[1].rows}
    assert cells["Sufficient for diagnostic characterization"] == ("10/12 (45 %)", "19/3 (86 %)", "–")
    assert cells["enhancement outside the tumor"] == ("8", "0", "–")
    titles = ["Table 3. Questions", "Table 5. Answers", "Is the higher dose graded better?"]
    assert [table.title for table in section.tables] == titles


def test_readers_are_numbered_and_every_row_is_whole(three):
    section = reading_section(*three)
    html = reading_html(section)
    assert not any(name in html for name in ("kim", "lee", "ann<"))
    assert "3 readers read 22 studies" in section.facts
    assert len(section.tables) == 4
    for table in section.tables:
        assert all(len(row) == len(table.columns) for row in table.rows)
    assert {row[2] for row in section.tables[1].rows} == {"1", "2", "3", "all"}
    assert {row[1] for row in section.tables[3].rows} == {"between readers"} | {
        f"reader {who} with themselves" for who in ("1", "2", "3", "all")
    }
    rows = section.tables[1].rows
    assert [row[2] for row in rows if row[0] == "enhancement outside the tumor"] == ["1", "2", "3", "all"]


def test_bars_are_as_long_as_their_shares(paper):
    questionnaire, counts = paper[0].questionnaire, pooled_over_readers(paper[1].counts)
    figure = answer_bars(questionnaire, counts)
    drawn = [sorted(round(bar.get_width() * 22, 6) for bar in axes.patches) for axes in figure.axes]
    assert drawn[0] == [0, 0, 0, 1, 1, 2, 3, 7, 13, 17]
    assert drawn[2] == [6, 7, 15, 16]
    reasons = [bar.get_width() for axes in figure.axes[3:5] for bar in axes.patches]
    assert sorted(reasons) == [0] * 6 + [1, 2, 4, 5, 6, 8]


def test_without_answers_there_is_no_figure(paper):
    assert answer_bars(paper[0].questionnaire, []) is None
