# SPDX-License-Identifier: Apache-2.0
"""The table of readings: whatever was answered comes back, and no spreadsheet runs it."""

import csv

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lessgad.errors import InputError
from lessgad.reader_study.readings_csv import COLUMNS, ReadingRow, read_readings, write_readings
from lessgad.reader_study.spreadsheet import as_written, without_formula

names = st.text("abcXYZ019", min_size=1, max_size=4)
words = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=12)
rows = st.builds(
    ReadingRow,
    reader=names,
    patient=names,
    session=names | st.just(""),
    subset=st.sampled_from(["validation", "test"]),
    case=names,
    sitting=st.integers(1, 3),
    occasion=st.integers(1, 2),
    dose=st.none() | st.floats(0, 1),
    question=names,
    kind=st.sampled_from(["scale", "choice", "reasons", "text"]),
    answer=st.sampled_from(["", "3", "yes", "outside_tumor;other"]),
    words=words,
    seconds=st.none() | st.floats(0, 1e4),
    handed_in=st.just("2026-01-01T00:00:00Z") | st.just(""),
)


def key(row):
    return row.reader, row.sitting, row.case, row.occasion, row.dose, row.question


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.lists(rows, max_size=5, unique_by=key))
def test_rows_survive_the_disk(tmp_path, some):
    write_readings(tmp_path / "readings.csv", some)
    assert sorted(read_readings(tmp_path / "readings.csv"), key=repr) == sorted(some, key=repr)


@given(st.text())
def test_nothing_is_run_as_a_formula_and_nothing_is_lost(text):
    safe = without_formula(text)
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert as_written(safe) == text
    assert safe == text or safe == "'" + text


@pytest.mark.parametrize("text", ["=HYPERLINK(0)", "+1", "-1", "@SUM(A1)", "'=1", "plain", "'quoted'", ""])
def test_words_in_the_file_start_no_formula(tmp_path, text):
    row = ReadingRow("R1", "p", "", "test", "c", 1, 1, None, "comment", "text", "", text, None, "")
    write_readings(tmp_path / "readings.csv", [row])
    with (tmp_path / "readings.csv").open(newline="") as file:
        cell = next(iter(csv.DictReader(file)))["words"]
    assert cell[:1] not in set("=+-@")
    assert read_readings(tmp_path / "readings.csv") == [row]


def test_a_table_that_cannot_be_used_is_told(tmp_path):
    path = tmp_path / "readings.csv"
    with pytest.raises(InputError, match="Run `lessgad reader results` first"):
        read_readings(path)
    line = "R1,p,,test,c,1,1,DOSE,q,scale,3,,,"
    path.write_text(",".join(COLUMNS) + "\n" + line.replace("DOSE", "10") + "\n")
    with pytest.raises(InputError, match=r"Did you mean 0.1\?"):
        read_readings(path)
    path.write_text(",".join(COLUMNS) + "\n" + (line.replace("DOSE", "0.1") + "\n") * 2)
    with pytest.raises(InputError, match="second line"):
        read_readings(path)
