# SPDX-License-Identifier: Apache-2.0
import math

from lessgad.evaluation.results.thresholds import COLUMNS, ThresholdRow, read_thresholds, write_thresholds


def test_thresholds_survive_the_table(tmp_path):
    rows = [
        ThresholdRow("a", "2", "test", 1 / 3, 0.01, 1 / 6, 0.1, 0.6),
        ThresholdRow("b", "", "validation", 0.3, 0.01, 0.0, 0.6, math.inf),
    ]
    write_thresholds(tmp_path / "thresholds.csv", rows[::-1])
    assert read_thresholds(tmp_path / "thresholds.csv") == rows
    assert COLUMNS[3:] == ("threshold", "noise", "spread", "tumor_median", "tumor_over_spread")
