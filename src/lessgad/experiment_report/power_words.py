# SPDX-License-Identifier: Apache-2.0
"""How many patients an answer needs, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lessgad.dose_fraction import percent
from lessgad.evaluation.answer_words import unusable_words
from lessgad.evaluation.endpoint_words import endpoint_words, share_words
from lessgad.evaluation.pilot_power import enough_patients
from lessgad.evaluation.results.power import PowerRow
from lessgad.experiment_report.pilot import ALL, Pilot, endpoint_key

WANTED = (0.8, 0.9)
FEW = 10


def power_words(pilot: Pilot, rows: Sequence[PowerRow]) -> list[str]:
    """Say for each dose how many test patients give 80 and 90 % power, and which endpoint limits it.

    Args:
        pilot: Pilot whose patients give the power.
        rows: Result of `pilot_power`.

    Returns:
        One line per dose and remark.
    """
    lines = [f"Pilot: {pilot.n_patients} test patients. A dose counts only if every higher dose passes too."]
    if pilot.n_patients < FEW:
        lines.append(f"With fewer than {FEW} patients in the pilot, these numbers are a rough guide.")
    lines += [f"Left out: {words}" for words in unusable_words(pilot.answer)]
    for dose in sorted({row.dose for row in rows}, reverse=True):
        of_dose = [row for row in rows if row.dose == dose]
        lines.append(f"{percent(dose)} of the standard dose: {_needed(of_dose)}. {_decides(pilot, of_dose)}")
    return lines


def _needed(rows: Sequence[PowerRow]) -> str:
    of_all = sorted((row for row in rows if row.endpoint == ALL), key=lambda row: row.n_patients)
    numbers, power = [row.n_patients for row in of_all], np.array([row.power for row in of_all])
    found = [(wanted, enough_patients(numbers, power, wanted)) for wanted in WANTED]
    return ", ".join(
        f"{n if n is not None else f'more than {numbers[-1]}'} test patients for {percent(wanted)} power"
        for wanted, n in found
    )


def _decides(pilot: Pilot, rows: Sequence[PowerRow]) -> str:
    """Give the endpoint with the least power over all numbers of patients."""
    total = {key: sum(row.power for row in rows if row.endpoint == key) for key in map(endpoint_key, pilot.values)}
    hardest = min(pilot.values, key=lambda endpoint: total[endpoint_key(endpoint)])
    return f"Hardest to show: {endpoint_words(hardest)} in {share_words(hardest)}."
