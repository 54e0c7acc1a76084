# SPDX-License-Identifier: Apache-2.0
"""results/power.csv: one row per dose and number of patients."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.evaluation.results.table import ResultTable


@dataclass(frozen=True)
class PowerRow:
    """Probability that an experiment with a given number of test patients finds a dose to be enough.

    Attributes:
        dose: Fraction of the standard dose.
        endpoint: Metric (and area) that must pass at the dose and at every higher one; ``all`` for all of them.
        n_patients: Test patients.
        power: Probability.
    """

    dose: float
    endpoint: str
    n_patients: int
    power: float


_TABLE = ResultTable(PowerRow, "a table of power", ("dose", "endpoint", "n_patients"), made_by="lessgad power")
COLUMNS = _TABLE.columns
write_power = _TABLE.write
read_power = _TABLE.read
