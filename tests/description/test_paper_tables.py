# SPDX-License-Identifier: Apache-2.0
"""Tables 1 and 2 of a cohort built from the figures of the paper are those that the paper prints."""

from paper_cohort import TABLE2

from lessgad.cohort.bids import read_cohort
from lessgad.description.cohort_description import describe

REGIONS = {"intrameatal": (1,), "extrameatal": (2,)}


def test_table_2_is_the_papers(paper_cohort):
    description = describe(read_cohort(paper_cohort), REGIONS)
    assert [row[:-1] for row in description.table2.rows] == [row[:-1] for row in TABLE2]
    assert [int(row[-1]) for row in description.table2.rows] == [row[-1] for row in TABLE2]


def test_table_1_is_the_papers(paper_cohort):
    description = describe(read_cohort(paper_cohort), REGIONS)
    assert dict(description.table1.rows) == {
        "patients": "72",
        "age at first scan, years, mean ± SD": "58.51 ± 14.73",
        "age at first scan, years, median (range)": "61 (29–83)",
        "men": "39 (54.2 %)",
        "women": "33 (45.8 %)",
        "scans (T1 and T1ce)": "203",
        "intrameatal only": "89 (43.8 %)",
        "small (0–10 mm)": "35 (17.2 %)",
        "medium (11–20 mm)": "53 (26.1 %)",
        "moderately large (21–30 mm)": "17 (8.4 %)",
        "large (31–40 mm)": "9 (4.4 %)",
        "giant (> 40 mm)": "0 (0.0 %)",
    }


def test_the_cohort_is_not_changed(paper_cohort):
    before = {path: path.stat().st_mtime_ns for path in paper_cohort.rglob("*")}
    describe(read_cohort(paper_cohort), REGIONS)
    assert {path: path.stat().st_mtime_ns for path in paper_cohort.rglob("*")} == before
