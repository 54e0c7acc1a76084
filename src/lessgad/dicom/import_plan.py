# SPDX-License-Identifier: Apache-2.0
"""What an import would write, and why: the table of ``--dry-run``, and what the import then does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lessgad.dicom.candidate import Candidate
from lessgad.dicom.import_rules import ImportRules
from lessgad.dicom.key_file import Key, KeyPatient, KeySession
from lessgad.dicom.roles import assign_roles
from lessgad.dicom.series import Series


@dataclass(frozen=True, eq=False)
class PlannedStudy:
    """One DICOM study.

    Attributes:
        identity: Key of its patient in the key file.
        study_uid: StudyInstanceUID.
        subject: Pseudonym; empty if no series is imported.
        session: BIDS label; empty if no series is imported.
        candidates: All of its series, in the order of time.
        started: Start time, ``YYYYMMDDHHMMSS…``.
    """

    identity: str
    study_uid: str
    subject: str
    session: str
    candidates: tuple[Candidate, ...]
    started: str

    @property
    def imported(self) -> tuple[Candidate, ...]:
        """The series that become images of the cohort."""
        return tuple(one for one in self.candidates if one.role is not None)

    @property
    def has_pair(self) -> bool:
        """Whether the images include a T1 and a T1ce."""
        return {"pre_contrast", "standard_dose"} <= {one.role for one in self.candidates}

    @property
    def name(self) -> str:
        """``sub-P_ses-S``; how people are told of it."""
        return f"sub-{self.subject}_ses-{self.session}" if self.subject else "a study without a usable image"

    @property
    def found(self) -> str:
        """Contents of the study, in words."""
        return ", ".join(one.suffix for one in self.imported) or "nothing of use"


@dataclass(frozen=True, eq=False)
class DicomImportPlan:
    """An import before it is done.

    Attributes:
        studies: Studies by patient and time.
        key: The key file as it is to become.
    """

    studies: tuple[PlannedStudy, ...]
    key: Key


def plan_import(series: Sequence[Series], rules: ImportRules, key: Key) -> DicomImportPlan:
    """Decide on the role of every series, and assign pseudonyms and session labels to the studies to import.

    Sessions are numbered in the order of time; those of a later import come after those that are there.

    Args:
        series: Series of the export.
        rules: Rules by which series get their role.
        key: Present key; its patients and studies keep their labels.

    Returns:
        The plan.
    """
    groups: dict[tuple[str, str], list[Series]] = {}
    for one in series:
        identity = one.header.patient.identity or f"study|{one.header.study_uid}"
        groups.setdefault((identity, one.header.study_uid), []).append(one)
    began = {where: min((s.started for s in found if s.started), default="") for where, found in groups.items()}
    studies = []
    for identity, study_uid in sorted(groups, key=lambda where: (where[0], began[where], where[1])):
        candidates = assign_roles(sorted(groups[identity, study_uid], key=lambda one: one.order), rules)
        subject = session = ""
        if any(one.role is not None for one in candidates):
            patient = key.patients.get(identity) or key.new_patient()
            patient = _with_session(patient, study_uid)
            key = key.with_patient(identity, patient)
            subject, session = patient.subject, patient.sessions[study_uid].session
        started = began[identity, study_uid]
        studies.append(PlannedStudy(identity, study_uid, subject, session, candidates, started))
    return DicomImportPlan(tuple(studies), key)


def _with_session(patient: KeyPatient, study_uid: str) -> KeyPatient:
    if study_uid in patient.sessions:
        return patient
    taken = [int(one.session) for one in patient.sessions.values() if one.session.isdigit()]
    added = {**patient.sessions, study_uid: KeySession(session=f"{max(taken, default=0) + 1:02d}")}
    return patient.model_copy(update={"sessions": added})
