# SPDX-License-Identifier: Apache-2.0
"""The files of a reader study: complete, in agreement with each other, safe to open."""

import csv
import json

import pytest

from lessgad.errors import InputError
from lessgad.reader_study.agreement_tables import AGREEMENT
from lessgad.reader_study.comparison_tables import COMPARISONS
from lessgad.reader_study.question_summaries import COUNTS, SCALES
from lessgad.reader_study.readings_csv import COLUMNS, read_readings
from lessgad.reader_study.readings_json import DICTIONARY, Readings, read_readings_json
from lessgad.reader_study.redcap import BRANCHING, CHOICES, DICTIONARY_COLUMNS, NAME, TYPE
from lessgad.reader_study.results import FILES, write_results


@pytest.fixture(scope="module")
def study(made):
    of = made.protocol(mode="blinded", sittings=2, repeat_share=0.5)
    rows = made.random_rows(of, ["R1", "R2"], seed=4)
    return Readings(of.settings, of.questionnaire, "0" * 64, "2026-01-01T00:00:00Z", 0, tuple(rows))


@pytest.fixture(scope="module")
def written(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    return folder, write_results(folder, study, n_draws=200)


def lines(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_file_is_there_and_comes_back(study, written):
    folder, summary = written
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert sorted(read_readings(folder / "readings.csv"), key=repr) == sorted(study.rows, key=repr)
    back = read_readings_json(folder / "readings.json")
    assert sorted(back.rows, key=repr) == sorted(study.rows, key=repr)
    assert (back.settings, back.questionnaire, back.protocol_sha256) == (
        study.settings,
        study.questionnaire,
        study.protocol_sha256,
    )
    for table, name, rows in (
        (SCALES, "reading_scales", summary.scales),
        (COUNTS, "reading_counts", summary.counts),
        (COMPARISONS, "reading_comparisons", summary.comparisons),
        (AGREEMENT, "reading_agreement", summary.agreement),
    ):
        assert {repr(row) for row in table.read(folder / f"{name}.csv")} == {repr(row) for row in rows}
    assert (summary.n_readers, summary.n_cases, summary.n_patients, summary.n_repeated) == (2, 22, 14, 22)


def test_the_same_readings_in_another_order_write_the_same_bytes(study, written, tmp_path):
    folder, _ = written
    turned = Readings(*(getattr(study, name) for name in list(study.__dataclass_fields__)[:-1]), study.rows[::-1])
    write_results(tmp_path, turned, n_draws=200)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        path.name: path.read_bytes() for path in folder.iterdir()
    }


def test_nothing_starts_a_formula_and_no_line_is_lost(study, written):
    folder, _ = written
    assert any(row.words.startswith(("=", "-")) for row in study.rows)
    for path in folder.glob("*.csv"):
        for line in lines(path):
            assert None not in line, path.name
            for column, cell in line.items():
                numeric = column in ("gain", "gain_low", "gain_high", "value", "low", "high")
                assert cell[:1] not in ("=", "+", "@", "\t", "\r") and (numeric or cell[:1] != "-"), (path.name, cell)


def test_the_dictionary_explains_every_column(written):
    content = json.loads((written[0] / "readings.json").read_text())
    assert tuple(DICTIONARY) == COLUMNS
    assert [entry["column"] for entry in content["dictionary"]] == list(COLUMNS)


def test_the_wide_table_says_what_the_long_one_says(study, written):
    wide = {
        (line["reader"], line["case"], int(line["occasion"])): line for line in lines(written[0] / "readings_wide.csv")
    }
    assert len(wide) == 2 * (22 + 11 + 2)
    for row in study.rows:
        line = wide[row.reader, row.case, row.occasion]
        name = row.question if row.dose is None else f"{row.question}__dose{row.dose * 100:.0f}"
        if row.kind == "reasons":
            ticked = [key for key in line if key.startswith(name + "__") and line[key] == "1"]
            assert [key.removeprefix(name + "__") for key in ticked] == list(row.ticked)
        else:
            assert line[name].lstrip("'") == (row.words or row.answer)
    hidden = [line for line in wide.values() if line["enhancement_pattern__dose10"] == "similar"]
    assert hidden
    assert all(line["pattern_difference__dose10__outside_tumor"] == "" for line in hidden)


def test_redcap_finds_every_column_and_code_in_the_dictionary(written):
    folder, _ = written
    fields = {line[NAME]: line for line in lines(folder / "redcap_dictionary.csv")}
    records = lines(folder / "redcap_readings.csv")
    assert tuple(lines(folder / "redcap_dictionary.csv")[0]) == DICTIONARY_COLUMNS
    assert next(iter(fields)) == next(iter(records[0])) == "record_id"
    assert len({record["record_id"] for record in records}) == len(records)
    codes = {
        name: {choice.split(",")[0].strip() for choice in field[CHOICES].split("|")} - {""}
        for name, field in fields.items()
    }
    for name in fields:
        assert name == name.lower() and name.replace("_", "").isalnum() and "__" not in name
    for record in records:
        for column, cell in record.items():
            name, _, code = column.partition("___")
            assert name in fields
            if code:
                assert fields[name][TYPE] == "checkbox" and code in codes[name] and cell in ("", "0", "1")
            elif fields[name][TYPE] == "radio":
                assert cell == "" or cell in codes[name]
    assert fields["pattern_difference_dose10"][BRANCHING] == "[enhancement_pattern_dose10] = '2'"
    assert fields["pattern_difference_dose10_other"][BRANCHING] == "[pattern_difference_dose10(8)] = '1'"
    columns = {column for record in records for column in record}
    boxes = {f"{name}___{code}" for name in fields for code in codes[name] if fields[name][TYPE] == "checkbox"}
    assert columns == {name for name in fields if fields[name][TYPE] != "checkbox"} | boxes


def test_readings_that_are_missing_or_something_else_are_told(tmp_path):
    with pytest.raises(InputError, match="lessgad reader results"):
        read_readings_json(tmp_path / "readings.json")
    for text in ("[", "[]", "{}", '{"settings": {}}'):
        (tmp_path / "readings.json").write_text(text)
        with pytest.raises(InputError, match="does not hold readings"):
            read_readings_json(tmp_path / "readings.json")
