# SPDX-License-Identifier: Apache-2.0
"""A new reader study of an experiment: which studies can be shown, and their images for browsers."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lessgad.atomic_write import saying_why
from lessgad.cohort.study import Study
from lessgad.dose_fraction import dose_label, percent
from lessgad.engine.lock import holding
from lessgad.errors import LessgadError, ReaderStudyError, SettingsError
from lessgad.experiment.opened import Experiment, open_experiment
from lessgad.experiment.scanned import planned_doses
from lessgad.experiment.study_files import prepared_files, restored_file
from lessgad.experiment.unit_names import prepared_repeat, restored
from lessgad.pipeline.plan import standing_of
from lessgad.preparation.auxiliary_files import read_auxiliary_image
from lessgad.preparation.prepared_study import read_prepared
from lessgad.reader_study.design import sample_cases
from lessgad.reader_study.drawing import opaque_id
from lessgad.reader_study.protocol import ReadingProtocol, write_protocol
from lessgad.reader_study.questionnaire import Questionnaire
from lessgad.reader_study.settings import ReaderStudySettings
from lessgad.reader_study.study_folder import StudyFolder
from lessgad.reader_study.tumor_specific import for_regions
from lessgad.scoring.method_images import read_like
from lessgad.viewer.browser_images import Grid, grid_of, write_browser_image
from lessgad.volume import read_volume

AGAIN = "Its answers cannot be replaced: move or remove the folder to begin another study"


@dataclass(frozen=True)
class CreatedStudy:
    """The reader study that was made.

    Attributes:
        folder: Folder of the reader study.
        protocol: Protocol: cases, questions and design.
        left_out: One line for each study that cannot be shown.
    """

    folder: StudyFolder
    protocol: ReadingProtocol
    left_out: tuple[str, ...]


def create_reader_study(
    root: Path, settings: ReaderStudySettings, questionnaire: Questionnaire, said: Callable[[str], None]
) -> CreatedStudy:
    """Draw cases among test patients and write their images for browsers; a failure leaves nothing behind.

    Args:
        root: The experiment folder.
        settings: Settings of the reader study.
        questionnaire: The questionnaire.
        said: Told what is being done.

    Returns:
        The new reader study.

    Raises:
        ReaderStudyError: There is one, or no study can be shown.
        SettingsError: A dose is not among those of the experiment.
    """
    experiment = open_experiment(root, only_look=True)
    questionnaire = for_regions(questionnaire, experiment.settings.cohort.regions)
    folder = StudyFolder.of(root)
    with holding(experiment.folder.state.lock("reader/create"), "creation of the reader study"):
        if folder.root.exists():
            raise ReaderStudyError("This experiment already has a reader study", path=folder.root, remedy=AGAIN)
        unknown = [dose for dose in settings.doses if dose not in experiment.settings.doses]
        if unknown:
            there = ", ".join(f"{dose:g}" for dose in experiment.settings.doses)
            raise SettingsError(f"{unknown[0]:g} is not a dose of the experiment ({there})")
        ready, left_out = _ready_studies(experiment, settings)
        by_label = {(study.patient, study.session): study for study in ready}
        in_subset = {
            subset: [label for label, study in by_label.items() if experiment.subsets[study.patient] == subset]
            for subset in ("test", "validation")
        }
        if not in_subset["test"]:
            why = f" ({left_out[0]})" if left_out else ""
            raise ReaderStudyError(
                f"The experiment has no restored study of a test patient{why}",
                path=root,
                remedy="Run the experiment to its end first",
            )
        key = secrets.token_urlsafe(24)
        cases = sample_cases(in_subset["test"], in_subset["validation"], settings, key)
        protocol = ReadingProtocol(settings=settings, questionnaire=questionnaire, cases=cases, key=key)
        building = StudyFolder(root / f".tmp-reader-{secrets.token_hex(4)}")
        try:
            _build(experiment, building, protocol, by_label, said)
            with saying_why(folder.root):
                building.root.rename(folder.root)
        finally:
            shutil.rmtree(building.root, ignore_errors=True)
    experiment.hashes.save()
    return CreatedStudy(folder, protocol, tuple(left_out))


def _ready_studies(experiment: Experiment, settings: ReaderStudySettings) -> tuple[list[Study], list[str]]:
    """Studies whose restored images are those of today's settings; and why others are not among them."""
    standing = standing_of(experiment)
    ready, left_out = [], []
    for study in experiment.studies(["validation", "test"]):
        keys = [key for dose in planned_doses(experiment, study) if (key := restored(study, dose)) in standing.plan]
        there = [key for key in keys if not standing.left_out(key)]
        states = [standing.state(key) for key in there] or ["failed"]
        wanting = next((state for state in states if state != "done"), None)
        repeat = prepared_repeat(study)
        unscanned = settings.hidden_repeat and (repeat not in standing.plan or standing.state(repeat) != "done")
        if wanting is None and not unscanned:
            ready.append(study)
        elif wanting is None and experiment.subsets[study.patient] == "test":
            left_out.append(f"{study.name}: it has no second scan at the standard dose that was prepared")
        elif experiment.subsets[study.patient] == "test":
            left_out.append(f"{study.name}: its restoration is {wanting}")
    return ready, left_out


def _build(
    experiment: Experiment,
    folder: StudyFolder,
    protocol: ReadingProtocol,
    by_label: dict[tuple[str, str], Study],
    said: Callable[[str], None],
) -> None:
    from lessgad.reader_study.store.cases import NewCase, add_case
    from lessgad.reader_study.store.database import create_store

    with saying_why(folder.root):
        folder.root.mkdir(mode=0o700)
    store = create_store(folder.database)
    try:
        for number, case in enumerate(protocol.cases, start=1):
            said(f"images of case {number} of {len(protocol.cases)}")
            grid, hashes = _write_images(
                experiment, by_label[case.patient, case.session], protocol.settings, folder, case.id, protocol.key
            )
            with store.writing() as session:
                add_case(session, NewCase(case.id, grid, hashes))
    finally:
        store.close()
    write_protocol(folder.protocol, protocol)


def _write_images(
    experiment: Experiment, study: Study, settings: ReaderStudySettings, folder: StudyFolder, case_id: str, key: str
) -> tuple[Grid, dict[str, tuple[str, str]]]:
    """Write every image of a case; gives its grid, and the name and hash of each kind of image."""
    files = prepared_files(experiment, study)
    prepared = read_prepared(files)
    stored = read_volume(files.pre_contrast, own=True)
    tumor = prepared.tumor(experiment.settings.cohort.regions)
    grid = grid_of(prepared.pre_contrast.shape, prepared.spacing_mm, prepared.tissue_level, tumor)
    hashes = {}
    repeat = ["repeat"] if settings.hidden_repeat else []
    for kind in ("pre_contrast", "standard_dose", *repeat, *(dose_label(dose) for dose in settings.doses)):
        if kind in ("pre_contrast", "standard_dose"):
            image = getattr(prepared, kind)
        elif kind == "repeat":
            image = read_auxiliary_image(files.repeat)[0]
        else:
            dose = next(dose for dose in settings.doses if dose_label(dose) == kind)
            try:
                image = read_like(restored_file(experiment, study, dose), stored)
            except LessgadError as error:
                raise ReaderStudyError(
                    f"The image restored from {percent(dose)} cannot be read. {error.problem}",
                    path=error.path,
                    remedy="Run the experiment again",
                ) from error
        name = opaque_id(key, "image", case_id, kind, length=16)
        hashes[kind] = (name, write_browser_image(folder.image(name), image))
    return grid, hashes
