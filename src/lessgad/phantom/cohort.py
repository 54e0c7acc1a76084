# SPDX-License-Identifier: Apache-2.0
"""Write a synthetic vestibular schwannoma cohort as BIDS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from lessgad.atomic_write import write_text
from lessgad.errors import CohortError
from lessgad.phantom.patient import Patient, draw_patient, scan_patient
from lessgad.phantom.scanner import Study
from lessgad.volume import write_volume

BIDS_VERSION = "1.10.0"
DERIVATIVE = Path("derivatives") / "phantom"


def write_cohort(
    root: Path,
    n_patients: int,
    seed: int = 1,
    on_progress: Callable[[int, int], None] | None = None,
    n_workers: int = 1,
) -> None:
    """Write `n_patients` patients, about a third of them with two sessions, into a new folder.

    The bytes depend on `n_patients` and `seed` alone. dataset_description.json is written last: a folder without it
    is not a whole cohort.

    Args:
        root: The folder; it must not exist or be empty.
        n_patients: How many patients, at least 1.
        seed: Of everything drawn, 0 or above.
        on_progress: Called with the number of patients done and of all.
        n_workers: Processes to use.

    Raises:
        CohortError: The folder is not empty, or `n_patients` is below 1.
        StorageError: The disk is full or the folder cannot be written.
    """
    if n_patients < 1:
        raise CohortError("at least one patient", str(n_patients))
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        found = "a folder with something in it" if root.is_dir() else "a file"
        raise CohortError(
            "a new or empty folder for the cohort", found, root, "Choose another folder or empty this one"
        )
    digits = max(2, len(str(n_patients)))
    patients = [draw_patient(number, seed) for number in range(1, n_patients + 1)]
    for done, _ in enumerate(_written(root, patients, digits, n_workers), start=1):
        if on_progress is not None:
            on_progress(done, n_patients)
    _write_descriptions(root, patients, digits)


def write_patient(root: Path, patient: Patient, digits: int) -> None:
    """Scan one patient and write all sessions."""
    label = f"sub-{patient.number:0{digits}d}"
    for session, study in enumerate(scan_patient(patient), start=1):
        _write_study(root, Path(label) / f"ses-{session}" / "anat", f"{label}_ses-{session}", patient, study)


def _written(root: Path, patients: list[Patient], digits: int, n_workers: int) -> Iterator[None]:
    """Write the patients, in this process or in others, and say each time one is done."""
    if n_workers <= 1 or len(patients) == 1:
        for patient in patients:
            write_patient(root, patient, digits)
            yield
        return
    pool = ProcessPoolExecutor(min(n_workers, len(patients)), mp_context=get_context("spawn"))
    try:
        jobs = [pool.submit(write_patient, root, patient, digits) for patient in patients]
        for job in as_completed(jobs):
            job.result()
            yield
    finally:
        pool.shutdown(cancel_futures=True)


def _write_study(root: Path, folder: Path, stem: str, patient: Patient, study: Study) -> None:
    acquisition: dict[str, object] = {
        "MagneticFieldStrength": patient.sequence.field_strength_t,
        "ScanningSequence": patient.sequence.kind,
        "RepetitionTime": patient.sequence.repetition_time_ms / 1000,
        "EchoTime": patient.sequence.echo_time_ms / 1000,
        "FlipAngle": patient.sequence.flip_angle_degrees,
        "MRAcquisitionType": "2D" if patient.sequence.kind == "SE" else "3D",
    }
    contrast = {"ContrastBolusIngredient": "GADOLINIUM"}
    for name, volume, extra in (("T1w", study.pre_contrast, {}), ("ce-gadolinium_T1w", study.standard_dose, contrast)):
        sidecar = acquisition | {"SliceThickness": round(volume.spacing_mm[2], 4)} | extra
        write_volume(root / folder / f"{stem}_{name}.nii.gz", volume)
        _write_json(root / folder / f"{stem}_{name}.json", sidecar)
    write_volume(root / DERIVATIVE / folder / f"{stem}_space-T1w_dseg.nii.gz", study.mask)
    rows = "\n".join(" ".join(f"{value:.9f}" for value in row) for row in study.motion.tolist())
    heading = "# true motion of the head: T1w world mm -> ce-gadolinium T1w world mm\n"
    write_text(root / DERIVATIVE / folder / f"{stem}_from-T1w_to-ceT1w_mode-points_xfm.txt", heading + rows + "\n")


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
        "Synthetic scans of vestibular schwannomas, made by `lessgad phantom`. No person was scanned.\n",
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
        "GeneratedBy": made_by,
    }
    _write_json(root / "dataset_description.json", whole)


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
