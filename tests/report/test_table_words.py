# SPDX-License-Identifier: Apache-2.0
import math
from dataclasses import dataclass

import pytest

from lessgad.report.table_words import limits_in_words, mean_in_words


@dataclass(frozen=True)
class Row:
    patient: str
    value: float


@pytest.mark.parametrize(
    ("values", "form", "words"),
    [
        ([-0.001], "{:z.2f}", "0.00"),
        ([-0.004], "{:z.0%}", "0 %"),
        ([-0.01], "{:z.2f}", "−0.01"),
        ([0.25, math.nan], "{:z.0%}", "25 %"),
        ([math.nan], "{:z.2f}", "–"),
        ([], "{:z.2f}", "–"),
        ([0.004], "{:+z.2f}", "+0.00"),
    ],
)
def test_means_are_spelled_as_people_do(values, form, words):
    rows = [Row(f"p{number}", value) for number, value in enumerate(values)]
    assert mean_in_words(rows, lambda row: row.value, form) == words


def test_patients_count_alike():
    rows = [Row("a", 1.0), Row("a", 1.0), Row("b", 4.0)]
    assert mean_in_words(rows, lambda row: row.value, "{:z.1f}") == "2.5"


def test_limits_stand_in_brackets_where_there_are_any():
    assert limits_in_words(-0.5, -1.25, 0.25, 1) == "−0.5 (−1.2 to +0.2)"
    assert limits_in_words(0.5, math.nan, math.nan, 2) == "+0.50"
    assert limits_in_words(math.nan, 0.0, 0.0, 2) == "–"
