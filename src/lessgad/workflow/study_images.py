# SPDX-License-Identifier: Apache-2.0
"""Where the images of a study lie that are judged and segmented, those of other methods included."""

from __future__ import annotations

from pathlib import Path

from lessgad.cohort.study import Study
from lessgad.dose_fraction import dose_label
from lessgad.errors import SettingsError
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.judged_images import StudyImages
from lessgad.workflow.low_doses import judged_doses
from lessgad.workflow.restore import half_width_file, restored_file

EXTERNAL_IMAGE = "sub-P[_ses-S]_…desc-dose10_T1w.nii.gz"


def study_images(experiment: Experiment, study: Study) -> StudyImages:
    """List them at the doses that the study is judged at; of other methods, those that are there."""
    doses = judged_doses(experiment, study)
    return StudyImages(
        baselines=experiment.folder.baselines,
        restored={dose: restored_file(experiment, study, dose) for dose in doses},
        half_width={dose: half_width_file(experiment, study, dose) for dose in doses},
        external={
            name: {dose: path for dose in doses if (path := _external_file(where, study, dose)) is not None}
            for name, where in experiment.external_folders().items()
        },
    )


def external_hashes(experiment: Experiment, images: StudyImages) -> dict[str, dict[str, str]]:
    """Hash the images of other methods."""
    return {
        name: {dose_label(dose): experiment.hashes.of(path) for dose, path in of_method.items()}
        for name, of_method in images.external.items()
    }


def check_external(experiment: Experiment) -> list[str]:
    """Name the methods of `external` that have no image yet.

    Raises:
        SettingsError: A folder does not exist.
    """
    settings = experiment.settings
    judged = experiment.studies(settings.subsets)
    without = []
    for name, folder in experiment.external_folders().items():
        if not folder.is_dir():
            raise SettingsError(f"the folder of the external method {name}", "no such folder", folder)
        if not any(_external_file(folder, study, dose) for study in judged for dose in settings.doses):
            without.append(name)
    return without


def _external_file(folder: Path, study: Study, dose: float) -> Path | None:
    stem = f"{study.name}_*desc-{dose_label(dose)}_T1w"
    return next((path for suffix in (".nii.gz", ".nii") for path in sorted(folder.rglob(stem + suffix))), None)
