# SPDX-License-Identifier: Apache-2.0
"""The tables and descriptions of an imported cohort: participants, sessions with shifted times, what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from lessgad.atomic_write import write_text
from lessgad.cohort.faces import RECOGNIZABLE, WORDS, faces_in
from lessgad.dicom.key_file import KeyPatient
from lessgad.errors import CohortError

BIDS_VERSION = "1.10.0"
OLDEST_AGE = 89
MADE_BY = "lessgad import-dicom"
README = f"""T1-weighted scans before and after gadolinium contrast, imported from DICOM by `{MADE_BY}`.

Pseudonyms and dates were drawn at random: dates of a patient are shifted by one amount, so distances in time are true.
Ages above {OLDEST_AGE} are given as {OLDEST_AGE + 1}+. """
_DESCRIPTION = "dataset_description.json"


def begin_cohort(root: Path, *, without_faces: bool = False) -> None:
    """Describe a new cohort, or check that an existing one was imported before, and in the same way.

    Args:
        root: The top folder.
        without_faces: Whether faces are removed.

    Raises:
        CohortError: The folder holds something else, or images with faces where there are to be none, or the reverse.
        StorageError: The disk is full or the folder cannot be written.
    """
    description = root / _DESCRIPTION
    if description.is_file():
        try:
            made_by = json.loads(description.read_text(encoding="utf-8"))["GeneratedBy"][0]["Name"]
        except (OSError, ValueError, LookupError, TypeError):
            made_by = None
        if made_by == MADE_BY:
            _check_faces(root, without_faces=without_faces)
            return
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        found = "not empty, and not a cohort of an import" if root.is_dir() else "a file"
        raise CohortError(
            f"The cohort folder is {found}",
            path=root,
            remedy="Choose a new or empty folder, or a cohort of an earlier import",
        )
    content = {
        "Name": "Contrast-enhanced MRI, imported from DICOM",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "GeneratedBy": [{"Name": MADE_BY}],
        RECOGNIZABLE: "NO" if without_faces else "YES",
    }
    write_text(root / "README", f"{README}{WORDS[not without_faces]}\n")
    columns = {
        "age": {
            "Description": f"Age at the first session in years, {OLDEST_AGE + 1}+ above {OLDEST_AGE}",
            "Format": "string",  # BIDS would take a number or 89+ alone
        },
        "sex": {"Description": "Sex", "Levels": {"F": "female", "M": "male", "O": "other"}},
    }
    write_text(root / "participants.json", json.dumps(columns, indent=2) + "\n")
    write_text(description, json.dumps(content, indent=2) + "\n")


def _check_faces(root: Path, *, without_faces: bool) -> None:
    has_faces = faces_in(root) is not False  # earlier versions removed none, and did not say so
    if has_faces and without_faces:
        raise CohortError(
            "--deface was given, and the images of this cohort show faces",
            path=root,
            remedy="Leave --deface out, or choose another folder",
        )
    if not has_faces and not without_faces:
        raise CohortError(
            "The faces of this cohort were removed, and --deface was not given",
            path=root,
            remedy="Give --deface, or choose another folder",
        )


def add_participants(root: Path, rows: Mapping[str, tuple[float | None, str]]) -> None:
    """Add rows to participants.tsv; those of earlier imports stay, except for an age that grew above the limit.

    Args:
        root: The cohort.
        rows: Age in years and sex, by pseudonym.
    """
    path = root / "participants.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()[1:] if path.is_file() else []
    table = {line.split("\t")[0]: line for line in lines if line.strip()}
    for subject, (age, sex) in rows.items():
        name = f"sub-{subject}"
        if name not in table or is_over_the_limit(age):
            table[name] = f"{name}\t{_age_words(age)}\t{sex or 'n/a'}"
    write_text(path, "\n".join(["participant_id\tage\tsex", *(table[name] for name in sorted(table))]) + "\n")


def write_sessions(root: Path, patient: KeyPatient, started: Mapping[str, str]) -> None:
    """Write the sessions.tsv of a patient with shifted times.

    Args:
        root: The cohort.
        patient: Entry of the patient in the key.
        started: Start of each session by its label; earlier imports are absent, because their lines are kept.
    """
    folder = root / f"sub-{patient.subject}"
    path = folder / f"sub-{patient.subject}_sessions.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()[1:] if path.is_file() else []
    table = {line.split("\t")[0]: line for line in lines if line.strip()}
    for session, when in started.items():
        table.setdefault(f"ses-{session}", f"ses-{session}\t{patient.shifted(when) or 'n/a'}")
    write_text(path, "\n".join(["session_id\tacq_time", *(table[name] for name in sorted(table))]) + "\n")


def is_over_the_limit(age: float | None) -> bool:
    """Whether an age in years is one that few people reach, so that it might identify."""
    return age is not None and age >= OLDEST_AGE + 1


def _age_words(age: float | None) -> str:
    if age is None:
        return "n/a"
    return f"{OLDEST_AGE + 1}+" if is_over_the_limit(age) else str(int(age))
