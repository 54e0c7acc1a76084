# SPDX-License-Identifier: Apache-2.0
"""The tables of enhancement, of lesions, and of false against missed enhancement."""

import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lessgad.errors import InputError
from lessgad.evaluation.results import enhancement, lesions, operating_points
from lessgad.evaluation.results.enhancement import EnhancementRow, read_enhancement, write_enhancement
from lessgad.evaluation.results.lesions import LesionRow, read_lesions, write_lesions
from lessgad.evaluation.results.operating_points import OperatingRow, read_operating_points, write_operating_points

ENHANCEMENT = EnhancementRow("P01", "", "test", 0.1, "restored", 1 / 3, 0.1, 0.0, math.nan, 12.5, 1.5, 80.0)
LESION = LesionRow("P01", "2", "test", 0.3, "restored", 1, 4.5, "3-5 mm", 0.0477, 0.04, 0.5, 0.01)
POINT = OperatingRow("P01", "", "test", 0.1, "restored", 2**-0.5, 0.25, 1.5)
TABLES = [
    (enhancement.COLUMNS, write_enhancement, read_enhancement, ENHANCEMENT),
    (lesions.COLUMNS, write_lesions, read_lesions, LESION),
    (operating_points.COLUMNS, write_operating_points, read_operating_points, POINT),
]

names = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=6)
numbers = st.floats(allow_nan=False)
rows = st.builds(
    EnhancementRow,
    patient=names,
    session=names | st.just(""),
    subset=st.sampled_from(["train", "validation", "test"]),
    dose=st.floats(0, 1),
    method=names,
    **dict.fromkeys(
        ["recovery", "false_ml", "missed_ml", "unsupported_ml", "cnr", "lbr", "cep_percent"], numbers
    ),
)  # fmt: skip


def test_the_columns_are_those_that_other_programs_expect():
    assert ",".join(enhancement.COLUMNS) == (
        "patient,session,subset,dose,method,recovery,false_ml,missed_ml,unsupported_ml,cnr,lbr,cep_percent"
    )
    assert ",".join(lesions.COLUMNS) == (
        "patient,session,subset,dose,method,lesion,diameter_mm,size_group,volume_ml,enhancing_ml,recovery,missed_ml"
    )
    assert ",".join(operating_points.COLUMNS) == (
        "patient,session,subset,dose,method,relative_threshold,false_ml,missed_ml"
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(rows, max_size=8, unique_by=lambda row: (row.patient, row.session, row.dose, row.method)), st.randoms())
def test_what_was_written_is_read_to_the_last_digit_in_one_order(tmp_path, some, random):
    path = tmp_path / "results" / "enhancement.csv"
    write_enhancement(path, some)
    text = path.read_bytes()
    back = read_enhancement(path)
    assert sorted(back, key=repr) == sorted(some, key=repr)
    random.shuffle(back)
    write_enhancement(path, back)
    assert path.read_bytes() == text


@pytest.mark.parametrize(("columns", "write", "read", "row"), TABLES)
def test_rows_stand_by_patient_dose_and_method_in_the_order_of_the_tables(tmp_path, columns, write, read, row):
    made = [
        replace(row, patient=patient, dose=dose, method=method)
        for patient in ("b", "a")
        for dose in (0.5, 0.1)
        for method in ("alien", "restored", "unrestored", "denoise")
    ]
    write(tmp_path / "a.csv", made)
    assert (tmp_path / "a.csv").read_text().splitlines()[0] == ",".join(columns)
    assert [(r.patient, r.dose, r.method) for r in read(tmp_path / "a.csv")] == [
        (patient, dose, method)
        for patient in ("a", "b")
        for dose in (0.1, 0.5)
        for method in ("unrestored", "denoise", "restored", "alien")
    ]


def test_what_is_undefined_stays_so(tmp_path):
    write_enhancement(tmp_path / "a.csv", [ENHANCEMENT])
    (back,) = read_enhancement(tmp_path / "a.csv")
    assert math.isnan(back.unsupported_ml)
    assert replace(back, unsupported_ml=0.0) == replace(ENHANCEMENT, unsupported_ml=0.0)


def test_lesions_and_thresholds_are_sorted_as_numbers(tmp_path):
    write_lesions(tmp_path / "a.csv", [replace(LESION, lesion=n) for n in (10, 9, 1)])
    assert [row.lesion for row in read_lesions(tmp_path / "a.csv")] == [1, 9, 10]
    write_operating_points(tmp_path / "b.csv", [replace(POINT, relative_threshold=m) for m in (10.0, 9.0, 0.25)])
    assert [row.relative_threshold for row in read_operating_points(tmp_path / "b.csv")] == [0.25, 9.0, 10.0]


@pytest.mark.parametrize(("columns", "write", "read", "row"), TABLES)
def test_a_damaged_table_is_one_clear_line(tmp_path, columns, write, read, row):
    path = tmp_path / "table.csv"
    with pytest.raises(InputError, match="no such file"):
        read(path)
    write(path, [row])
    line = path.read_text().splitlines()[1]
    header = ",".join(columns)
    for text, says in [
        ("patient,dose\n", "columns of the table are patient,dose; they must be patient,session"),
        (f"{header}\n{line}\n{line}\n", "table.csv:3.*second line"),
        (f"{header}\n{line},1\n", f"has {len(columns) + 1} values; the table has {len(columns)} columns"),
        (f"{header}\n{line.replace('P01', '', 1)}\n", "The patient is missing"),
        (f"{header}\n{line.rpartition(',')[0]},much\n", f"a number, as {columns[-1]} must be"),
    ]:
        path.write_text(text)
        with pytest.raises(InputError, match=says) as caught:
            read(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [("3-5 mm", "3-Mai", "a size_group"), (",1,", ",1.5,", "not a whole number, as lesion must be")],
)
def test_a_lesion_has_a_size_and_a_number(tmp_path, right, wrong, says):
    write_lesions(tmp_path / "a.csv", [LESION])
    (tmp_path / "a.csv").write_text((tmp_path / "a.csv").read_text().replace(right, wrong, 1))
    with pytest.raises(InputError, match=says):
        read_lesions(tmp_path / "a.csv")
