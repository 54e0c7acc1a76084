# SPDX-License-Identifier: Apache-2.0
"""The columns that all tables of results begin with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StudyRow:
    """A row about one study.

    Attributes:
        patient: BIDS label of the patient, without ``sub-``.
        session: BIDS label of the session, without ``ses-``; empty where the cohort has none.
        subset: Part of the split that the patient is in: ``train``, ``validation`` or ``test``.
    """

    patient: str
    session: str
    subset: str


@dataclass(frozen=True)
class DoseRow(StudyRow):
    """A row about one study at one dose.

    Attributes:
        dose: Fraction of the standard dose, 0–1; 1 is the standard dose.
    """

    dose: float


@dataclass(frozen=True)
class MethodRow(DoseRow):
    """A row about the image of one method at one dose.

    Attributes:
        method: ``unrestored``, ``subtract_and_scale``, ``restored``, another baseline, or an external name.
    """

    method: str


@dataclass(frozen=True)
class ImageRow(DoseRow):
    """A row about the segmentation of one image at one dose.

    Attributes:
        image: ``standard``, ``low``, ``restored``, or the name of another method.
    """

    image: str
