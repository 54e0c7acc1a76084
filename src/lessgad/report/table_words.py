# SPDX-License-Identifier: Apache-2.0
"""Numbers and names in the tables of a report, in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np

from lessgad.evaluation.patient_level import patient_means
from lessgad.evaluation.results.growth import GrowthRow
from lessgad.evaluation.results.overlap import STANDARD, TUMOR, OverlapRow, image_order, method_of_image
from lessgad.evaluation.results.tumor_size import TumorSizeRow
from lessgad.report.style import line_style

AnyRow = OverlapRow | TumorSizeRow | GrowthRow


@runtime_checkable
class StudyRow(Protocol):
    """A row of results that is of one study."""

    @property
    def patient(self) -> str:
        """Label of the patient."""

    @property
    def session(self) -> str:
        """Label of the session."""


@runtime_checkable
class PatientRow(Protocol):
    """A row of results that is of one patient."""

    @property
    def patient(self) -> str:
        """Label of the patient."""


Row = TypeVar("Row", bound=PatientRow)


def images_of(rows: Sequence[AnyRow]) -> list[tuple[float, str]]:
    """List doses and images that have rows: the standard dose first, then dose by dose.

    Args:
        rows: Rows of a result table.

    Returns:
        Dose and image of each.
    """
    found = {(row.dose, row.image) for row in rows}
    return sorted(found, key=lambda key: (key[1] != STANDARD, key[0], image_order(key[1])))


def image_label(image: str) -> str:
    """Name an image as the figures do."""
    return "standard dose" if image == STANDARD else line_style(method_of_image(image)).label


def region_label(region: str) -> str:
    """Name a region; the union of all is the whole tumor."""
    return "whole tumor" if region == TUMOR else region


def mean_in_words(rows: Sequence[Row], value: Callable[[Row], float], form: str) -> str:
    """Write the mean over patients of the means of their rows; a dash if none is finite.

    Args:
        rows: Rows of a result table.
        value: Takes the value from a row.
        form: Format of a number.

    Returns:
        The text.
    """
    means = patient_means(np.array([value(row) for row in rows], dtype=np.float64), [row.patient for row in rows])
    return form.format(float(np.mean(list(means.values())))).replace("%", " %").replace("-", "−") if means else "–"


def limits_in_words(bias: float, low: float, high: float, decimals: int) -> str:
    """Write the bias, with its limits of agreement if there are any.

    Args:
        bias: Mean difference.
        low: Lower limit of agreement.
        high: Upper limit of agreement.
        decimals: Number of decimals.

    Returns:
        The text.
    """
    if math.isnan(bias):
        return "–"
    words = f"{bias:+.{decimals}f}"
    words += "" if math.isnan(low) else f" ({low:+.{decimals}f} to {high:+.{decimals}f})"
    return words.replace("-", "−")


def patients_and_studies(rows: Sequence[StudyRow]) -> str:
    """How many patients and studies the rows are of."""
    return f"{len({row.patient for row in rows})} / {len({(row.patient, row.session) for row in rows})}"
