# SPDX-License-Identifier: Apache-2.0
"""Sessions are in the order of their dates, or of labels that count; any other order is not known."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessgad.cohort import visits
from lessgad.cohort.study import Cohort, Study
from lessgad.cohort.tables import read_table
from lessgad.cohort.visit_times import readings
from lessgad.cohort.visits import ordered, visits_of


@pytest.mark.parametrize(
    "labels",
    [
        ["1", "2", "10"],
        ["01", "02", "10"],
        ["m0", "m6", "m12"],
        ["20191231", "20200101"],
        ["02012023", "05012024"],
        ["d231201", "d240105"],
        ["20240105", "20240106", "20240230"],
        ["a", "b", "c"],
        ["scan1a", "scan1b"],
        ["MR1", "mr2"],
        [""],
        ["baseline"],
    ],
)
def test_labels_that_count(labels: list[str]):
    visits = ordered(reversed(labels))
    assert (list(visits.sessions), visits.by) == (labels, "label")


@pytest.mark.parametrize(
    "labels",
    [
        ["postop", "preop"],
        ["baseline", "followup", "fu12"],
        ["1", "final"],
        ["2y", "6m"],
        ["", "2"],
        ["01", "1"],
        ["n", "v"],  # after and before, in German
        ["05012024", "10122023"],  # days first: by their numbers 2024 came before 2023
        ["010224", "230123"],
        ["191231", "200101"],
        ["02032024", "03022024"],  # months or days first
    ],
)
def test_labels_that_do_not_count_have_no_order(labels: list[str]):
    assert ordered(labels).by == "unknown"


@given(st.sets(st.integers(0, 10**5 - 1), min_size=2, max_size=8), st.sampled_from(["", "v", "week"]))
def test_any_numbers_are_in_their_order(numbers, before):
    labels = [f"{before}{number}" for number in sorted(numbers)]
    assert list(ordered(labels).sessions) == labels


def cohort(root: Path, *sessions: str) -> Cohort:
    studies = tuple(Study("1", session, root / "t1", root / "t1ce") for session in sessions)
    return Cohort(root, studies, ())


def table(path: Path, rows: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(rows)


def test_dates_decide_over_labels(tmp_path: Path):
    rows = "session_id\tacq_time\nses-postop\t2020-05-01T10:00:00\nses-preop\t2020-03-01\nses-1\t2019-01-01T00:00:00Z\n"
    table(tmp_path / "sub-1" / "sub-1_sessions.tsv", rows)
    found = visits_of(cohort(tmp_path, "postop", "preop", "1"))["1"]
    assert (found.sessions, found.by) == (("1", "preop", "postop"), "acq_time")


def test_dates_beside_the_patients_are_read_too(tmp_path: Path):
    rows = "participant_id\tsession_id\tacq_time\nsub-1\tb\t2020-01-01\nsub-1\ta\t2021-01-01\nsub-2\ta\t1999-01-01\n"
    table(tmp_path / "sessions.tsv", rows)
    assert visits_of(cohort(tmp_path, "a", "b"))["1"].sessions == ("b", "a")


@pytest.mark.parametrize("times", ["n/a", "2020-01-01", ""])
def test_dates_that_do_not_tell_sessions_apart_leave_it_to_the_labels(tmp_path: Path, times: str):
    table(tmp_path / "sub-1" / "sub-1_sessions.tsv", f"session_id\tacq_time\nses-2\t2020-01-01\nses-10\t{times}\n")
    found = visits_of(cohort(tmp_path, "10", "2"))["1"]
    assert (found.sessions, found.by) == (("2", "10"), "label")


def times_of(tmp_path: Path, **times: str) -> tuple[str, ...]:
    rows = "".join(f"ses-{session}\t{time}\n" for session, time in times.items())
    table(tmp_path / "sub-1" / "sub-1_sessions.tsv", f"session_id\tacq_time\n{rows}")
    found = visits_of(cohort(tmp_path, *times))["1"]
    return (*found.sessions, found.by)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("31.12.2023", "05.01.2024"),
        ("31.12.23 10:00", "1.2.24"),
        ("31/12/2023", "05/01/2024"),
        ("12/31/2023 9:05 PM", "1/5/2024 8:00 AM"),
        ("2023/12/31", "2024/01/01"),
        ("20231231", "2024-01-01T00:00:01.5"),
        ("2024-01-01T09:00:00+09:00", "2024-01-01T01:00:00Z"),  # one hour apart; by the clock the second is earlier
    ],
)
def test_dates_in_the_form_of_any_country_decide(tmp_path: Path, first: str, second: str):
    assert times_of(tmp_path, b=first, a=second) == ("b", "a", "acq_time")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("03/04/2024", "01/05/2024"),  # months or days first
        ("45291", "45296"),
        ("soon", "2024-01-05"),
        ("2024-01-05T10:00:00", "2024-01-05T11:00:00Z"),  # whose clock is the first?
    ],
)
def test_dates_that_say_no_order_leave_it_to_the_labels_only_where_they_agree(tmp_path: Path, first, second):
    assert times_of(tmp_path, preop=first, postop=second)[-1] == "unknown"


@pytest.mark.parametrize("third", ["n/a", "", "NA", "unknown"])
def test_labels_that_contradict_the_dates_that_are_known_have_no_order(tmp_path: Path, third: str):
    """By their labels the tumor would shrink where it grew."""
    assert times_of(tmp_path, **{"1": "2024-05-01", "2": "2023-05-01", "3": third})[-1] == "unknown"
    assert times_of(tmp_path, **{"1": "2023-05-01", "2": "2024-05-01", "3": third})[-1] == "label"


def test_a_date_without_a_time_does_not_order_two_sessions_of_one_day(tmp_path: Path):
    assert times_of(tmp_path, pre="2024-01-05T10:00", post="2024-01-05")[-1] == "unknown"
    assert times_of(tmp_path, **{"1": "2024-01-05T10:00", "2": "2024-01-05"})[-1] == "label"


def test_two_times_of_one_session_leave_no_order(tmp_path: Path):
    rows = "session_id\tacq_time\n1\t2024-01-05\n2\t2024-01-06\nses-1\t2024-01-07\n"
    table(tmp_path / "sub-1" / "sub-1_sessions.tsv", rows)
    assert visits_of(cohort(tmp_path, "1", "2"))["1"].by == "unknown"


def test_labels_that_a_spreadsheet_changed_are_found(tmp_path: Path):
    """001 became 1 in the column of patients and in that of sessions."""
    rows = "participant_id;session_id;acq_time\r\n1;1;05.01.2024\r\n1;2.0;31.12.2023\r\n2;1;01.01.2020\r\n"
    table(tmp_path / "sessions.tsv", rows)
    studies = tuple(Study("001", session, tmp_path, tmp_path) for session in ("01", "02"))
    for patient in ("001", "002"):
        (tmp_path / f"sub-{patient}").mkdir()
    assert visits_of(Cohort(tmp_path, studies, ()))["001"].sessions == ("02", "01")
    (tmp_path / "sub-01").mkdir()  # now 1 can be either
    assert visits_of(Cohort(tmp_path, studies, ()))["001"].by == "label"


@given(st.lists(st.text("0123456789-./: TZ+", max_size=20), min_size=1, max_size=4))
def test_any_words_are_read_or_not(words: list[str]):
    for spans in readings(words):
        assert len(spans) == len(words)
        assert all(span.first <= span.last for span in spans)


def test_a_table_that_cannot_be_read_leaves_no_order(tmp_path: Path):
    table(tmp_path / "sub-1" / "sub-1_sessions.tsv", "when\n2020\n")
    assert visits_of(cohort(tmp_path, "1", "2"))["1"].by == "unknown"


def test_the_table_of_the_cohort_is_read_once_for_all_patients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rows = "".join(f"sub-{n}\t1\t2024-01-0{n}\nsub-{n}\t2\t2023-01-0{n}\n" for n in range(1, 6))
    table(tmp_path / "sessions.tsv", f"participant_id\tsession_id\tacq_time\n{rows}")
    studies = tuple(Study(str(n), session, tmp_path, tmp_path) for n in range(1, 6) for session in ("1", "2"))
    read = []
    monkeypatch.setattr(visits, "read_table", lambda path, *given: [read.append(path), read_table(path, *given)][1])
    found = visits_of(Cohort(tmp_path, studies, ()))
    assert {patient: one.sessions for patient, one in found.items()} == {str(n): ("2", "1") for n in range(1, 6)}
    assert read == [tmp_path / "sessions.tsv"]
