# SPDX-License-Identifier: Apache-2.0
"""An experiment that is open: its settings, its cohort, its split."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from lessgad.cohort.acquisition import Sidecars
from lessgad.cohort.bids import label_names, read_cohort
from lessgad.cohort.split import Subset, assign, compare_with_cohort, read_split, write_split
from lessgad.cohort.study import Cohort, Study
from lessgad.engine.fingerprint import FileHashes
from lessgad.engine.lock import HeldError, holding
from lessgad.errors import SettingsError
from lessgad.experiment.folder import ExperimentFolder
from lessgad.experiment.settings import ExperimentSettings, load_settings

TRIES = 20
SECONDS_BETWEEN_TRIES = 0.5


@dataclass(frozen=True, eq=False)
class Experiment:
    """An opened experiment: its settings, its cohort and what the stages need to know of both.

    Attributes:
        folder: Layout of the folder.
        settings: Settings in experiment.yaml.
        cohort: The cohort in the BIDS folder.
        subsets: Subset of each patient.
        split_words: Rows of split.tsv without a patient and patients without a row, in words.
        label_names: What the labels of the masks mean, where a dseg.tsv says so.
        hashes: Hashes of input files.
        sidecars: Sidecars of the images, each read once.
    """

    folder: ExperimentFolder
    settings: ExperimentSettings
    cohort: Cohort
    subsets: dict[str, Subset]
    split_words: tuple[str, ...]
    label_names: dict[int, str]
    hashes: FileHashes
    sidecars: Sidecars

    def studies(self, subsets: Iterable[Subset]) -> list[Study]:
        """Studies of the patients of some subsets."""
        wanted = set(subsets)
        return [study for study in self.cohort.studies if self.subsets[study.patient] in wanted]

    def external_folders(self) -> dict[str, Path]:
        """Folders of other methods, relative ones counted from the experiment."""
        return {name: _shortened(self.folder.root / path) for name, path in self.settings.external.items()}


def open_experiment(root: Path, *, only_look: bool = False) -> Experiment:
    """Read settings and cohort, and give new patients their subset.

    ``split.tsv`` is written the first time; later only patients that it does not name are added.

    Args:
        root: The experiment folder.
        only_look: Write nothing; new patients have the subset that they are going to get.

    Returns:
        The opened experiment.

    Raises:
        SettingsError: experiment.yaml is missing or wrong.
        CohortError: The cohort cannot be read, or split.tsv is wrong.
        LockedError: Another run is adding patients at this moment.
    """
    folder = ExperimentFolder(root)
    settings = load_settings(folder.settings)
    where = _shortened(root / settings.cohort.path)
    cohort = read_cohort(where, settings.cohort.derivative, settings.cohort.select)
    names = label_names(cohort.root, settings.cohort.derivative)
    hashes, sidecars = FileHashes(folder.hash_cache), Sidecars(cohort.root)
    if settings.training.models == "pretrained":  # nothing is trained or tuned: everybody can be evaluated on
        everybody: dict[str, Subset] = dict.fromkeys(cohort.patients, "test")
        return Experiment(folder, settings, cohort, everybody, (), names, hashes, sidecars)
    given = read_split(folder.split) if folder.split.exists() else {}
    split_words = compare_with_cohort(given, cohort.everybody, folder.split)
    subsets = assign(cohort.patients, settings.split, given)
    if subsets != given and not only_look:
        _write_split(folder, subsets)
    return Experiment(folder, settings, cohort, subsets, split_words, names, hashes, sidecars)


def _write_split(folder: ExperimentFolder, subsets: dict[str, Subset]) -> None:
    """Write the split, unless a run that began at the same time has written the same one meanwhile."""
    for tries_left in reversed(range(TRIES)):
        try:
            with holding(folder.state.lock("split/split"), "assignment of new patients"):
                write_split(folder.split, subsets)
        except HeldError:
            if not tries_left:
                raise
            sleep(SECONDS_BETWEEN_TRIES)
            if folder.split.exists() and read_split(folder.split) == subsets:
                return
        else:
            return


def _shortened(path: Path) -> Path:
    """``glioma/../cohort`` → ``cohort``, unless a link makes them two places."""
    shorter = Path(os.path.normpath(path))
    return shorter if shorter.exists() and shorter.samefile(path) else path


def check_subsets(experiment: Experiment) -> None:
    """Raise SettingsError where no one is there to train on or to judge on."""
    needed: tuple[Subset, ...] = ("test",) if experiment.settings.training.models == "pretrained" else ("train", "test")
    for subset in needed:
        if not experiment.studies([subset]):
            raise SettingsError(
                f"The split has no {subset} patient",
                path=experiment.folder.split,
                remedy="Give the cohort more patients, or change the shares under split and remove split.tsv",
            )
