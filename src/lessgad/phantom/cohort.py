# SPDX-License-Identifier: Apache-2.0
"""Write a synthetic vestibular schwannoma cohort as BIDS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from lessgad.atomic_write import write_text
from lessgad.dose_fraction import check_dose, dose_label
from lessgad.errors import CohortError, DoseError
from lessgad.phantom.brain import check_atlas
from lessgad.phantom.coils import Shading
from lessgad.phantom.dicom.session import write_dicom_session
from lessgad.phantom.patient import Patient, draw_patient, scan_patient
from lessgad.phantom.scanner import LOW_DOSES, ScannedSession
from lessgad.phantom.sidecar import sidecar
from lessgad.volume import write_volume

BIDS_VERSION = "1.10.0"
README = """Synthetic scans of vestibular schwannomas, made by `lessgad phantom`. No person was scanned.

Each session has a T1 before contrast (T1w), true scans at a part of the standard dose (acq-dose10_ce-gadolinium_T1w is
10 %), and one at the standard dose (ce-gadolinium_T1w), if asked for with a second one (ce-gadolinium_run-2_T1w). Each
has its own noise, intensity window, grid and motion.
The true tumor masks (intrameatal and extrameatal part) and motions are in derivatives/phantom.
"""
DERIVATIVE = Path("derivatives") / "phantom"


def write_cohort(
    root: Path,
    n_patients: int,
    seed: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
    n_workers: int = 1,
    *,
    low_doses: Sequence[float] = LOW_DOSES,
    dicom: bool = False,
    n_repeats: int = 0,
    most_sessions: int = 2,
    shading: Shading = "cosines",
) -> None:
    """Write `n_patients` patients, about a third of them with two sessions, into a new folder.

    The bytes depend on `n_patients`, `seed`, `low_doses`, `dicom`, `n_repeats`, `most_sessions` and `shading` alone.
    dataset_description.json is written last: a folder without it is not a whole cohort.

    Args:
        root: The folder; it must not exist or be empty.
        n_patients: Number of patients, at least 1.
        seed: Seed of everything drawn, 0 or above.
        on_progress: Called with the number of patients done and of all.
        n_workers: Processes to use.
        low_doses: Doses to scan besides T1 and T1ce, between 0 and 1.
        dicom: Whether to write the scans as DICOM too, under ``sourcedata/dicom``.
        n_repeats: Further scans of each session at the standard dose (``run-2``, ``run-3`` …).
        most_sessions: Sessions of a patient beyond this number are left out, at least 1.
        shading: Family of the bias fields: `cosines`, or `surface-coils`, which `smooth` calibration does not fit.

    Raises:
        CohortError: The folder is not empty, or `n_patients` is below 1.
        DoseError: A low dose is not between 0 and 1.
        InputError: nilearn, which brings the atlas, is not installed.
        StorageError: The disk is full or the folder cannot be written.
    """
    check_atlas()
    if n_patients < 1:
        raise CohortError(f"The number of patients is {n_patients}; it must be 1 or above")
    for dose in low_doses:
        if check_dose(dose) in (0, 1):
            raise DoseError(
                f"The low dose {dose:g} is not between 0 and 1", remedy="T1 and T1ce are scanned in any case"
            )
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        found = "not empty" if root.is_dir() else "a file"
        raise CohortError(f"The folder for the cohort is {found}", path=root, remedy="Choose a new or empty folder")
    digits = max(2, len(str(n_patients)))
    drawn = [draw_patient(number, seed) for number in range(1, n_patients + 1)]
    patients = [replace(patient, tumors=patient.tumors[:most_sessions]) for patient in drawn]
    write = partial(
        write_patient,
        root,
        digits=digits,
        low_doses=tuple(sorted(low_doses)),
        dicom=dicom,
        n_repeats=n_repeats,
        shading=shading,
    )
    for done, _ in enumerate(_written(write, patients, n_workers), start=1):
        if on_progress is not None:
            on_progress(done, n_patients)
    _write_descriptions(root, patients, digits)


def write_patient(
    root: Path,
    patient: Patient,
    *,
    digits: int,
    low_doses: Sequence[float],
    dicom: bool,
    n_repeats: int = 0,
    shading: Shading = "cosines",
) -> None:
    """Scan one patient and write all sessions.

    Args:
        root: The top folder.
        patient: The patient to scan.
        digits: Number of digits of a patient's label.
        low_doses: Low doses to scan, 0–1.
        dicom: Whether to write DICOM too.
        n_repeats: Number of further scans at the standard dose.
        shading: Family of the bias fields.
    """
    label = f"sub-{patient.number:0{digits}d}"
    for session, study in enumerate(scan_patient(patient, low_doses, n_repeats, shading), start=1):
        _write_study(root, Path(label) / f"ses-{session}" / "anat", f"{label}_ses-{session}", patient, study)
        if dicom:
            write_dicom_session(root / "sourcedata" / "dicom", patient, study, label.removeprefix("sub-"), session)


def _written(write: Callable[[Patient], None], patients: list[Patient], n_workers: int) -> Iterator[None]:
    """Write the patients, in this process or in others, and say each time one is done."""
    if n_workers <= 1 or len(patients) == 1:
        for patient in patients:
            write(patient)
            yield
        return
    pool = ProcessPoolExecutor(min(n_workers, len(patients)), mp_context=get_context("spawn"))
    try:
        jobs = [pool.submit(write, patient) for patient in patients]
        for job in as_completed(jobs):
            job.result()
            yield
    finally:
        pool.shutdown(cancel_futures=True)


def _write_study(root: Path, folder: Path, stem: str, patient: Patient, study: ScannedSession) -> None:
    truth = root / DERIVATIVE / folder
    repeats = ((1.0, run, scan) for run, scan in enumerate(study.repeats, start=2))
    for dose, run, scan in (*((dose, 1, scan) for dose, scan in study.scans.items()), *repeats):
        name = image_name(dose, run)
        write_volume(root / folder / f"{stem}_{name}.nii.gz", scan.image)
        _write_json(root / folder / f"{stem}_{name}.json", sidecar(patient, scan.image, dose))
        if dose > 0:
            space = f"{'ce' if dose == 1 else dose_label(dose)}{f'run{run}' if run > 1 else ''}T1w"
            rows = "\n".join(" ".join(f"{value:.9f}" for value in row) for row in scan.motion.tolist())
            heading = f"# true motion of the head: T1w world mm -> {name} world mm\n"
            write_text(truth / f"{stem}_from-T1w_to-{space}_mode-points_xfm.txt", heading + rows + "\n")
    write_volume(truth / f"{stem}_space-T1w_dseg.nii.gz", study.mask)


def image_name(dose: float, run: int = 1) -> str:
    """Write the end of a scan's BIDS name: ``T1w``, ``acq-dose10_ce-gadolinium_T1w``, ``ce-gadolinium_run-2_T1w``.

    Args:
        dose: Dose as a fraction of the standard dose, 0–1.
        run: Number of the run.

    Returns:
        The name without suffix.
    """
    if dose == 0:
        return "T1w"
    again = f"_run-{run}" if run > 1 else ""
    return f"ce-gadolinium{again}_T1w" if dose == 1 else f"acq-{dose_label(dose)}_ce-gadolinium_T1w"


def _write_descriptions(root: Path, patients: list[Patient], digits: int) -> None:
    rows = [f"sub-{patient.number:0{digits}d}\t{patient.age}\t{patient.sex}" for patient in patients]
    write_text(root / "participants.tsv", "\n".join(["participant_id\tage\tsex", *rows]) + "\n")
    columns = {
        "age": {"Description": "Age at the first session", "Units": "years"},
        "sex": {"Description": "Sex", "Levels": {"F": "female", "M": "male"}},
    }
    _write_json(root / "participants.json", columns)
    write_text(
        root / "README",
        README,
    )
    write_text(root / DERIVATIVE / "dseg.tsv", "index\tname\n1\tintrameatal\n2\textrameatal\n")
    made_by = [{"Name": "lessgad phantom"}]
    derivative = {
        "Name": "True masks and motion",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": made_by,
    }
    _write_json(root / DERIVATIVE / "dataset_description.json", derivative)
    whole = {
        "Name": "Synthetic vestibular schwannoma cohort",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "License": "CC0",
        "Authors": ["lessgad phantom"],
        "GeneratedBy": made_by,
    }
    _write_json(root / "dataset_description.json", whole)


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
