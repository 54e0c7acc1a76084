# SPDX-License-Identifier: Apache-2.0
"""Where the images of a study lie: prepared, restored, segmented, those of other methods."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from lessgad.cohort.study import Study
from lessgad.dose_fraction import dose_label
from lessgad.errors import SettingsError
from lessgad.evaluation.results.overlap import STANDARD, image_of_method
from lessgad.evaluation.results.table import GAUSSIAN, RESTORED, SUBTRACT_AND_SCALE, UNRESTORED
from lessgad.experiment.opened import Experiment
from lessgad.preparation.prepared_study import PreparedFiles

EXTERNAL_IMAGE = "sub-P[_ses-S]_…desc-dose10_T1w.nii.gz"
METHODS = (UNRESTORED, SUBTRACT_AND_SCALE, "denoise", "denoise_and_scale", GAUSSIAN, RESTORED)
NOT_AT_DOSE_0 = (SUBTRACT_AND_SCALE, GAUSSIAN)
_SUFFIXES = (".nii.gz", ".nii")


def prepared_files(experiment: Experiment, study: Study) -> PreparedFiles:
    """Give the files of a prepared study.

    Args:
        experiment: The opened experiment.
        study: A study of the cohort.

    Returns:
        The files.
    """
    return PreparedFiles(experiment.folder.prepared(study.patient, study.session), study.name)


def restored_file(experiment: Experiment, study: Study, dose: float) -> Path:
    """Give the file of the image restored from a dose.

    Args:
        experiment: The opened experiment.
        study: A study of the cohort.
        dose: Dose as a fraction of the standard dose, 0–1.

    Returns:
        The file.
    """
    return _beside_restored(experiment, study, dose, "")


def half_width_file(experiment: Experiment, study: Study, dose: float) -> Path:
    """Give the file of the half-width of the intervals; models without intervals write none.

    Args:
        experiment: The opened experiment.
        study: A study of the cohort.
        dose: Dose as a fraction of the standard dose, 0–1.

    Returns:
        The file.
    """
    return _beside_restored(experiment, study, dose, "halfwidth")


def contradicted_file(experiment: Experiment, study: Study, dose: float) -> Path:
    """Give the file of the map of where the restored image disagrees with the scan.

    Args:
        experiment: The opened experiment.
        study: A study of the cohort.
        dose: Dose as a fraction of the standard dose, 0–1.

    Returns:
        The file.
    """
    return _beside_restored(experiment, study, dose, "contradicted")


def _beside_restored(experiment: Experiment, study: Study, dose: float, kind: str) -> Path:
    folder = experiment.folder.restored(study.patient, study.session)
    return folder / f"{study.name}_ce-gadolinium_desc-{dose_label(dose)}{kind}_T1w.nii.gz"


def segmentation_files(
    experiment: Experiment, study: Study, dose: float | None, external: Iterable[str]
) -> dict[str, Path]:
    """Give the file of each segmentation of a dose; None is the standard dose.

    Args:
        experiment: The opened experiment.
        study: A study of the cohort.
        dose: Fraction of the standard dose.
        external: Other methods that have an image of it.

    Returns:
        File of each image, named as in results/overlap.csv.
    """
    folder = experiment.folder.segmentations(study.patient, study.session)
    if dose is None:
        return {STANDARD: folder / f"{study.name}_ce-gadolinium_desc-standard_dseg.nii.gz"}
    labels = _labels([*METHODS, *experiment.settings.external])
    there = set(external)
    judged = [m for m in METHODS if dose > 0 or m not in NOT_AT_DOSE_0]
    judged += [m for m in experiment.settings.external if m in there]
    stem = f"{study.name}_ce-gadolinium_desc-{dose_label(dose)}"
    return {image_of_method(method): folder / f"{stem}{labels[method]}_dseg.nii.gz" for method in judged}


def _labels(methods: list[str]) -> dict[str, str]:
    """Label methods in file names: only letters and digits, as BIDS requires; equal labels get a number."""
    labels: dict[str, str] = {}
    for method in methods:
        plain = re.sub(r"[^A-Za-z0-9]", "", image_of_method(method))
        labels[method] = plain if plain and plain not in labels.values() else f"{plain}{len(labels)}"
    return labels


class ExternalImages:
    """The images of other methods; each folder is listed once.

    Args:
        experiment: The opened experiment.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._experiment = experiment
        self._files = {name: _images(folder) for name, folder in experiment.external_folders().items()}

    def at(self, study: Study, dose: float) -> dict[str, Path]:
        """Find the image of each external method.

        Args:
            study: A study of the cohort.
            dose: Dose as a fraction of the standard dose, 0–1.

        Returns:
            File by method.
        """
        start, end = f"{study.name}_", f"desc-{dose_label(dose)}_T1w"
        found: dict[str, Path] = {}
        for method, files in self._files.items():
            of_study = files.get(study.name, {})
            for suffix in _SUFFIXES:
                path = next((p for n, p in of_study.items() if n.startswith(start) and n.endswith(end + suffix)), None)
                if path is not None:
                    found.setdefault(method, path)
        return found

    def without_any(self) -> list[str]:
        """Name the external methods that have no image of any evaluated study.

        Returns:
            Their names.

        Raises:
            SettingsError: A folder does not exist.
        """
        settings = self._experiment.settings
        for name, folder in self._experiment.external_folders().items():
            if not folder.is_dir():
                raise SettingsError(
                    f"There is no such folder; it should hold the images of the external method {name}", path=folder
                )
        judged = self._experiment.studies(settings.subsets)
        having = {name for study in judged for dose in settings.doses for name in self.at(study, dose)}
        return [name for name in settings.external if name not in having]


def _images(folder: Path) -> dict[str, dict[str, Path]]:
    """Images by the study that their name begins with, then by name; of one name the first in the order of folders."""
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.rglob("sub-*_T1w.nii*")):
        parts = path.name.split("_")
        for n_parts in (1, 2):  # sub-P, and sub-P_ses-S
            found.setdefault("_".join(parts[:n_parts]), {}).setdefault(path.name, path)
    return found
