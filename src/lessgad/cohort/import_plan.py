# SPDX-License-Identifier: Apache-2.0
"""What an import of NIfTI files would do: which file becomes which, and which study lacks one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from lessgad.cohort.name_pattern import find
from lessgad.cohort.study import UnusableStudy, study_name
from lessgad.cohort.tables import read_table
from lessgad.errors import CohortError
from lessgad.not_fetched import not_fetched

Role = Literal["t1", "t1ce", "mask", "t2"]
ROLES: tuple[Role, ...] = get_args(Role)
NEEDED: tuple[Role, ...] = ("t1", "t1ce")
DERIVATIVE = "masks"
_SUFFIXES = (".nii.gz", ".nii")
_ENDINGS: dict[Role, str] = {"t1": "T1w", "t1ce": "ce-gadolinium_T1w", "mask": "dseg", "t2": "T2w"}


@dataclass(frozen=True)
class ImportedStudy:
    """One study of an import.

    Attributes:
        patient: BIDS label: the letters and digits of the label in the file name or table.
        session: Session label; empty if there is none.
        files: Source of each image.
    """

    patient: str
    session: str
    files: Mapping[Role, Path]

    @property
    def name(self) -> str:
        """``sub-P`` or ``sub-P_ses-S``."""
        return study_name(self.patient, self.session)

    def targets(self, cohort: Path) -> dict[Path, Path]:
        """Say which file of the cohort comes from which source, sidecars included."""
        place = Path(f"sub-{self.patient}", *([f"ses-{self.session}"] if self.session else []), "anat")
        found: dict[Path, Path] = {}
        for role, source in self.files.items():
            folder = cohort / "derivatives" / DERIVATIVE / place if role == "mask" else cohort / place
            suffix = next(suffix for suffix in _SUFFIXES if source.name.lower().endswith(suffix))
            stem = f"{self.name}_{_ENDINGS[role]}"
            found[folder / (stem + suffix)] = source
            sidecar = source.with_name(source.name[: -len(suffix)] + ".json")
            if role != "mask" and (sidecar.is_file() or sidecar.is_symlink()):
                found[folder / (stem + ".json")] = sidecar
        return found


@dataclass(frozen=True)
class ImportPlan:
    """All studies of an import.

    Attributes:
        studies: Studies with the required images.
        left_out: The others, with reasons.
        unmatched: NIfTI files that no pattern names.
    """

    studies: tuple[ImportedStudy, ...]
    left_out: tuple[UnusableStudy, ...]
    unmatched: tuple[Path, ...] = ()


@dataclass
class _Draft:
    said: tuple[str, str]
    files: dict[Role, Path] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def plan_from_patterns(folder: Path, patterns: Mapping[Role, str], cohort: Path) -> ImportPlan:
    """Find files by patterns.

    Args:
        folder: Folder that is searched.
        patterns: Patterns of each image, as in `name_pattern.find`.
        cohort: The BIDS folder to write; what lies in it is not looked at.

    Returns:
        The studies to import, and the files that match no pattern.

    Raises:
        CohortError: There is no such folder, or nothing matches.
        SettingsError: A pattern cannot be used.
    """
    if not folder.is_dir():
        raise CohortError("There is no such folder", path=folder)
    drafts: dict[tuple[str, str], _Draft] = {}
    matched: set[Path] = set()
    own = cohort.resolve()
    for role, pattern in patterns.items():
        for found in find(folder, pattern):
            if found.path.resolve().is_relative_to(own) or found.path.absolute().is_relative_to(own):
                continue
            matched.add(found.path)
            _add(drafts, found.patient, found.session, role, found.path)
    if not drafts:
        shown = ", ".join(patterns.values())
        raise CohortError(f"No file matches the patterns {shown}", path=folder)
    everything = (path for path in sorted(folder.rglob("*")) if path.name.lower().endswith(_SUFFIXES))
    unmatched = [path for path in everything if path not in matched and not path.absolute().is_relative_to(own)]
    return _plan(drafts, tuple(unmatched))


def plan_from_table(table: Path) -> ImportPlan:
    """Read from a table which file is which image: columns ``patient``, ``t1``, ``t1ce``, and optional others.

    These are ``session``, ``mask`` and ``t2``. Paths count from the folder of the table.

    Args:
        table: The table.

    Returns:
        The studies to import.

    Raises:
        CohortError: The table cannot be read, lacks a column, has no rows, or a row has no patient.
    """
    rows = read_table(table, "a table of images", ("patient", *NEEDED))
    drafts: dict[tuple[str, str], _Draft] = {}
    for number, row in enumerate(rows, start=2):
        if not row["patient"]:
            raise CohortError(f"Row {number} names no patient", path=table)
        for role in ROLES:
            if row.get(role):
                _add(drafts, row["patient"], row.get("session", ""), role, table.parent / row[role])
        if not any(row.get(role) for role in ROLES):
            _draft(drafts, row["patient"], row.get("session", ""))
    if not drafts:
        raise CohortError("The table has no rows", path=table)
    return _plan(drafts, ())


def _draft(drafts: dict[tuple[str, str], _Draft], patient: str, session: str) -> _Draft:
    said = patient.removeprefix("sub-"), session.removeprefix("ses-")
    label = re.sub(r"[^A-Za-z0-9]", "", said[0]), re.sub(r"[^A-Za-z0-9]", "", said[1])
    draft = drafts.setdefault(label, _Draft(said))
    if draft.said != said:
        draft.problems.append(f"{' '.join(draft.said)} and {' '.join(said)} are one label")
    if not label[0] or (said[1] and not label[1]):
        draft.problems.append(f"no letters or digits in {' '.join(said)!r}")
    return draft


def _add(drafts: dict[tuple[str, str], _Draft], patient: str, session: str, role: Role, path: Path) -> None:
    draft = _draft(drafts, patient, session)
    if role in draft.files and draft.files[role] != path:
        draft.problems.append(f"two files for {role}: {draft.files[role].name} and {path.name}")
    draft.files[role] = path
    why = not_fetched(path)
    if not path.name.lower().endswith(_SUFFIXES):
        draft.problems.append(f"{role}: {path.name} is no .nii or .nii.gz")
    elif why is not None:
        draft.problems.append(f"{role}: {path.name} is {why}")
    elif not path.is_file():
        draft.problems.append(f"{role}: no such file {path}")


def _plan(drafts: Mapping[tuple[str, str], _Draft], unmatched: Sequence[Path]) -> ImportPlan:
    studies, left_out = [], []
    for (patient, session), draft in sorted(drafts.items()):
        lacking = [f"no {role}" for role in NEEDED if role not in draft.files]
        problems = list(dict.fromkeys([*draft.problems, *lacking]))
        if problems:
            left_out.append(UnusableStudy(patient or "?", session, "; ".join(problems)))
        else:
            studies.append(ImportedStudy(patient, session, draft.files))
    return ImportPlan(tuple(studies), tuple(left_out), tuple(unmatched))
