# SPDX-License-Identifier: Apache-2.0
"""Sessions are in the order of their dates, or of labels that count; any other order is not known."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessgad.cohort.study import Cohort, Study
from lessgad.cohort.visits import ordered, visits_of


@pytest.mark.parametrize(
    "labels",
    [
        ["1", "2", "10"],
        ["01", "02", "10"],
        ["m0", "m6", "m12"],
        ["20191231", "20200101"],
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
    "labels", [["postop", "preop"], ["baseline", "followup"], ["1", "final"], ["2y", "6m"], ["", "2"], ["01", "1"]]
)
def test_labels_that_do_not_count_have_no_order(labels: list[str]):
    assert ordered(labels).by == "unknown"


@given(st.sets(st.integers(0, 10**6), min_size=2, max_size=8), st.sampled_from(["", "v", "week"]))
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


def test_a_table_that_cannot_be_read_leaves_no_order(tmp_path: Path):
    table(tmp_path / "sub-1" / "sub-1_sessions.tsv", "when\n2020\n")
    assert visits_of(cohort(tmp_path, "1", "2"))["1"].by == "unknown"
