# SPDX-License-Identifier: Apache-2.0
"""Import an export of the PACS as a BIDS cohort without anything that identifies a patient."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lessgad.atomic_write import write_text
from lessgad.dicom.candidate import Candidate
from lessgad.dicom.cohort_tables import add_participants, begin_cohort, is_over_the_limit, write_sessions
from lessgad.dicom.import_plan import DicomImportPlan, PlannedStudy
from lessgad.dicom.key_file import Key, write_key
from lessgad.dicom.nifti_conversion import convert
from lessgad.dicom.session_face import SessionFace, reference_of
from lessgad.dicom.sidecar import sidecar
from lessgad.errors import SeriesError
from lessgad.volume import Volume, in_transverse_order, write_volume


@dataclass(frozen=True, eq=False)
class Imported:
    """One image of a plan, and what came of it.

    Attributes:
        study: Study of the image.
        candidate: Series of the image.
        path: File, relative to the cohort.
        problem: Why it was not written; empty where it is there.
        was_there: An earlier import had written it.
    """

    study: PlannedStudy
    candidate: Candidate
    path: Path
    problem: str = ""
    was_there: bool = False


def import_cohort(
    plan: DicomImportPlan,
    cohort: Path,
    key_path: Path,
    on_progress: Callable[[int, int], None] | None = None,
    n_workers: int = 1,
    *,
    without_faces: bool = False,
) -> list[Imported]:
    """Write the images of a plan.

    The key is written first: an import that is interrupted continues under the same pseudonyms. An image that an
    earlier import wrote from the same series is left as it is; nothing is ever replaced.

    Args:
        plan: What to write.
        cohort: The BIDS folder; new, empty, or of an earlier import.
        key_path: The key file, outside of the cohort.
        on_progress: Called with the number of images done and of all.
        n_workers: Images at a time.
        without_faces: Remove the face from every image.

    Returns:
        One entry per planned image, in the order of the plan.

    Raises:
        CohortError: The folder holds something else, or images with faces where there are to be none, or the reverse.
        StorageError: The disk is full or a folder cannot be written.
    """
    begin_cohort(cohort, without_faces=without_faces)
    key, planned = plan.key, []
    for study in plan.studies:
        for candidate in study.imported:
            entry = _entry(study, candidate, cohort, key)
            planned.append(entry)
            if not entry.problem and not entry.was_there:
                key = _with_image(key, study, candidate)
    write_key(key_path, key)
    done = [entry for entry in planned if entry.problem or entry.was_there]
    waiting = [entry for entry in planned if not entry.problem and not entry.was_there]
    with ThreadPoolExecutor(max(1, min(n_workers, len(waiting) or 1))) as pool:
        faces = _faces(waiting) if without_faces else {}
        jobs = [pool.submit(_write_image, cohort, entry, faces.get(entry.study.study_uid)) for entry in waiting]
        try:
            for number, job in enumerate(as_completed(jobs), start=1):
                done.append(job.result())
                if on_progress is not None:
                    on_progress(number, len(waiting))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    order = {(entry.study.study_uid, entry.path): index for index, entry in enumerate(planned)}
    done.sort(key=lambda entry: order[entry.study.study_uid, entry.path])
    _write_tables(cohort, key, plan.studies, done)
    return done


def _entry(study: PlannedStudy, candidate: Candidate, cohort: Path, key: Key) -> Imported:
    folder = Path(f"sub-{study.subject}") / f"ses-{study.session}" / "anat"
    path = folder / f"{study.name}_{candidate.suffix}.nii.gz"
    recorded = key.patients[study.identity].sessions[study.study_uid].images.get(candidate.suffix)
    if not (cohort / path).exists():
        return Imported(study, candidate, path)
    if recorded == candidate.series.header.series_uid:
        return Imported(study, candidate, path, was_there=True)
    source = "another series" if recorded else "elsewhere"
    return Imported(study, candidate, path, f"the cohort has such an image from {source}; remove it to import this one")


def _with_image(key: Key, study: PlannedStudy, candidate: Candidate) -> Key:
    patient = key.patients[study.identity]
    session = patient.sessions[study.study_uid]
    images = {**session.images, candidate.suffix: candidate.series.header.series_uid}
    sessions = {**patient.sessions, study.study_uid: session.model_copy(update={"images": images})}
    return key.with_patient(study.identity, patient.model_copy(update={"sessions": sessions}))


def _faces(waiting: Iterable[Imported]) -> dict[str, SessionFace]:
    return {entry.study.study_uid: SessionFace(reference_of(entry.study.imported)) for entry in waiting}


def _write_image(cohort: Path, entry: Imported, face: SessionFace | None) -> Imported:
    candidate = entry.candidate
    if candidate.grid is None:
        raise AssertionError("a series without a grid has no role")
    header = candidate.series.header
    try:
        volume, converted = convert(candidate.grid, header.transfer_syntax_uid)
        if face is not None:
            volume = face.removed_from(volume, candidate)
    except SeriesError as error:
        return Imported(entry.study, candidate, entry.path, error.problem)
    target = cohort / entry.path
    fields = sidecar(header, converted, candidate.dose)
    write_text(
        target.with_name(target.name.removesuffix(".nii.gz") + ".json"),
        json.dumps(fields, indent=2, ensure_ascii=True) + "\n",
    )
    write_volume(target, _smallest_kind(in_transverse_order(volume)))
    return entry


def _write_tables(cohort: Path, key: Key, studies: Iterable[PlannedStudy], done: list[Imported]) -> None:
    written = {(entry.study.identity, entry.study.study_uid) for entry in done if not entry.problem}
    ages: dict[str, tuple[float | None, str]] = {}
    started: dict[str, dict[str, str]] = {}
    for study in studies:
        if (study.identity, study.study_uid) not in written:
            continue
        patient = study.candidates[0].series.header.patient
        known, sex = ages.get(study.subject, (None, ""))
        oldest = max((age for age in (known, patient.age_years) if age is not None), default=None)
        first = oldest if known is None or is_over_the_limit(oldest) else known
        ages[study.subject] = (first, sex or patient.sex)
        started.setdefault(study.identity, {})[study.session] = study.started
    for identity, sessions in started.items():
        write_sessions(cohort, key.patients[identity], sessions)
    if ages:
        add_participants(cohort, ages)


def _smallest_kind(volume: Volume) -> Volume:
    """Whole numbers that fit are stored as int16, as scanners give them; others stay float32."""
    array = volume.array
    whole = bool((array == np.rint(array)).all()) and np.abs(array).max() <= np.iinfo(np.int16).max
    return volume.with_array(array.astype(np.int16)) if whole else volume
