# SPDX-License-Identifier: Apache-2.0
"""The words below a figure whose lines are means over patients: how many patients, and what the spread shows."""

from __future__ import annotations

from collections.abc import Iterable

from lessgad.evaluation.patient_level import MIN_PATIENTS_FOR_INTERVAL


def means_in_words(patients: Iterable[str], shaded: str = "shaded", of: str = "") -> str:
    """Say over how many patients the lines are means, and how the spread between patients is drawn.

    Args:
        patients: Patients of the rows in the figure, each any number of times.
        shaded: How the figure draws confidence intervals.
        of: The images with a spread; empty if all have one.

    Returns:
        A phrase, e.g. ``means over 18 test patients; shaded: 95 % confidence intervals``.
    """
    n = len(set(patients))
    if n <= 1:
        return "one test patient"
    drawn = f"{shaded}: 95 % confidence intervals" if n >= MIN_PATIENTS_FOR_INTERVAL else "thin lines: single patients"
    return f"means over {n} test patients; {drawn}{f' for {of}' if of else ''}"
