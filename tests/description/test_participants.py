# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessgad.description.participants import Age, Participant, age_from, read_participants, sex_from
from lessgad.errors import CohortError


@pytest.mark.parametrize(
    ("words", "age"),
    [
        ("58", Age(58.0)),
        ("58.5", Age(58.5)),
        ("58,5", Age(58.5)),
        ("90+", Age(90.0, or_older=True)),
        ("89 +", Age(89.0, or_older=True)),
        (">89", Age(90.0, or_older=True)),
        (">=90", Age(90.0, or_older=True)),
        ("065Y", Age(65.0)),
        ("65y", Age(65.0)),
        ("018M", Age(1.5)),
        ("n/a", None),
        ("N/A", None),
        ("", None),
        ("unknown", None),
        ("-3", None),
        ("60-70", None),
        ("580", None),
        ("999Y", None),
        ("nan", None),
    ],
)
def test_ages_in_the_forms_people_write(words, age):
    assert age_from(words) == age


@given(st.integers(0, 130))
def test_dicom_years_are_years(years):
    assert age_from(f"{years:03d}Y") == age_from(str(years)) == Age(float(years))


@pytest.mark.parametrize(
    ("words", "sex"),
    [("M", "male"), ("Female", "female"), ("f", "female"), ("O", "other"), ("1", None), ("n/a", None), ("", None)],
)
def test_sexes(words, sex):
    assert sex_from(words) == sex


def test_rows_of_a_real_table(tmp_path):
    table = "Patient\tAge\n"
    (tmp_path / "participants.tsv").write_text(table)
    with pytest.raises(CohortError, match=r"participants\.tsv: The column participant_id is missing"):
        read_participants(tmp_path, ["1"])
    rows = "participant_id;Age;gender\nsub-1;065Y;F\nsub-1;66;F\n2;n/a;M\nsub-2;;F\nsub-9;50;M\n"
    (tmp_path / "participants.tsv").write_text(rows)
    (tmp_path / "sub-2").mkdir()
    (tmp_path / "sub-2" / "sub-2_sessions.tsv").write_text("session_id\tage\nses-1\t44\nses-2\t45.5\n")
    assert read_participants(tmp_path, ["1", "2", "3"]) == {
        "1": Participant(Age(65.0), "female"),
        "2": Participant(Age(44.0), None),
        "3": Participant(),
    }


def test_labels_that_a_spreadsheet_changed_are_found_where_one_patient_alone_is_meant(tmp_path):
    (tmp_path / "participants.tsv").write_text("PARTICIPANT_ID;AGE;SEX\n1;50;F\n2.0;60;M\nA7;70;F\n3;80;M\n")
    found = read_participants(tmp_path, ["001", "002", "a7", "03", "003"])
    assert {patient: (one.age and one.age.years, one.sex) for patient, one in found.items()} == {
        "001": (50, "female"),
        "002": (60, "male"),
        "a7": (70, "female"),
        "03": (None, None),
        "003": (None, None),
    }
