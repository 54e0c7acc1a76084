# SPDX-License-Identifier: Apache-2.0
"""A study: one subject-session, and where its files are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Study:
    """The files of one study.

    Attributes:
        patient: BIDS label without ``sub-``.
        session: BIDS label without ``ses-``; empty where the cohort has no sessions.
        pre_contrast: T1.
        standard_dose: T1ce.
        mask: Labels, where there are any.
        mask_space: The image whose grid the mask is on, where its name says so.
        low_doses: Scans that were really made at a lower dose, by its label (``dose10``); one each, to be of use.
        t2: T2-weighted scans; one, to be of use.
        repeats: Further scans at the standard dose, in the order of their runs.
    """

    patient: str
    session: str
    pre_contrast: Path
    standard_dose: Path
    mask: Path | None = None
    mask_space: str | None = None
    low_doses: Mapping[str, tuple[Path, ...]] = field(default_factory=dict, hash=False)
    t2: tuple[Path, ...] = ()
    repeats: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """``sub-P`` or ``sub-P_ses-S``: the stem of its files, and how people are told of it."""
        return study_name(self.patient, self.session)


@dataclass(frozen=True)
class UnusableStudy:
    """A study that cannot be used, and why.

    Attributes:
        patient: BIDS label without ``sub-``.
        session: BIDS label without ``ses-``, or empty.
        reason: One line.
    """

    patient: str
    session: str
    reason: str

    @property
    def name(self) -> str:
        """As for a `Study`."""
        return study_name(self.patient, self.session)


@dataclass(frozen=True)
class Cohort:
    """All studies of a BIDS folder.

    Attributes:
        root: The folder.
        studies: Usable ones, by patient and session.
        unusable: The others, with reasons.
    """

    root: Path
    studies: tuple[Study, ...]
    unusable: tuple[UnusableStudy, ...]

    @property
    def patients(self) -> tuple[str, ...]:
        """Patients with at least one usable study, in order."""
        return tuple(dict.fromkeys(study.patient for study in self.studies))

    @property
    def everybody(self) -> tuple[str, ...]:
        """All patients, those without a usable study too."""
        usable, unusable = ({study.patient for study in some} for some in (self.studies, self.unusable))
        return tuple(sorted(usable | unusable))


def study_name(patient: str, session: str) -> str:
    """Write the BIDS stem of a study: ``sub-P`` or ``sub-P_ses-S``.

    Args:
        patient: Label of the patient, without ``sub-``.
        session: Label of the session, without ``ses-``; empty where there are none.

    Returns:
        The stem.
    """
    return f"sub-{patient}_ses-{session}" if session else f"sub-{patient}"
