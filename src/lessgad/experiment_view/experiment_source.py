# SPDX-License-Identifier: Apache-2.0
"""The studies of an experiment for the viewer: T1, low dose, restored, standard dose, and what is laid over them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int16

from lessgad.cohort.faces import WORDS, faces_in
from lessgad.cohort.study import Study
from lessgad.dose_fraction import dose_from_label, dose_label, percent
from lessgad.errors import SettingsError
from lessgad.experiment.opened import Experiment, open_experiment
from lessgad.experiment.scanned import low_doses_at, planned_doses
from lessgad.experiment.study_files import contradicted_file, half_width_file, prepared_files, restored_file
from lessgad.experiment_view.listed_figures import listed_figures
from lessgad.preparation.prepared_study import PreparedStudy, read_prepared
from lessgad.viewer.browser_images import browser_labels, browser_map, browser_voxels, grid_of
from lessgad.viewer.shown_study import Figure, ListedStudy, ShownDose, ShownImage, ShownStudy, lesion_of
from lessgad.volume import in_transverse_order, read_volume

Image = Float[np.ndarray, "x y z"]
Voxels = Int16[np.ndarray, "z y x"]
KEPT = 6  # low doses that were simulated last

_PANELS = (
    ShownImage("pre_contrast", "T1"),
    ShownImage("low_dose", "low dose", by_dose=True),
    ShownImage("restored", "restored", by_dose=True),
    ShownImage("standard_dose", "standard dose", is_reference=True),
)
_MASK = ShownImage("regions", "tumor mask", "labels")
_MAPS = (
    ShownImage("discrepancy", "discrepancy with the scan", "signed", by_dose=True),
    ShownImage("half_width", "half-width of 90 % interval", "positive", by_dose=True),
)


class ExperimentSource:
    """The prepared studies of an experiment; nothing is written.

    Args:
        root: The experiment folder.

    Raises:
        SettingsError: experiment.yaml is missing or wrong, or no study is prepared.
        CohortError: The cohort cannot be read.
    """

    def __init__(self, root: Path) -> None:
        self._experiment: Experiment = open_experiment(root, only_look=True)
        self._lock = threading.Lock()
        self._low_doses: OrderedDict[tuple[int, str], Voxels] = OrderedDict()
        experiment = self._experiment
        found = [s for s in experiment.cohort.studies if prepared_files(experiment, s).description.is_file()]
        if not found:
            raise SettingsError(
                "The experiment has no prepared studies", path=root, remedy=f"Run it first: lessgad run {root}"
            )
        self._studies = sorted(found, key=lambda s: (not _is_restored(experiment, s), s.name))
        self._figures, self._values = listed_figures(experiment.folder.results)
        self._title = experiment.folder.root.resolve().name

    @property
    def title(self) -> str:
        """Name of the experiment's folder."""
        return self._title

    @property
    def notice(self) -> str:
        """Whether the images of the cohort show faces."""
        return WORDS[faces_in(self._experiment.cohort.root)]

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Figures of the tables in results/."""
        return self._figures

    @property
    def doses(self) -> tuple[ShownDose, ...]:
        """Doses of the experiment."""
        return tuple(_shown(dose) for dose in sorted(self._experiment.settings.doses))

    @property
    def studies(self) -> tuple[ListedStudy, ...]:
        """Studies with restored images first, then the other prepared ones."""
        return tuple(
            ListedStudy(s.name, self._experiment.subsets[s.patient], self._values.get(s.name, {}))
            for s in self._studies
        )

    def study(self, number: int) -> ShownStudy:
        """Describe a study by its place in the list."""
        experiment, study = self._experiment, self._studies[number]
        prepared = self._prepared(number)
        tumor = prepared.tumor(experiment.settings.cohort.regions)
        grid = grid_of(prepared.pre_contrast.shape, prepared.spacing_mm, prepared.tissue_level, tumor)
        doses = sorted(planned_doses(experiment, study))
        maps = {"discrepancy": contradicted_file, "half_width": half_width_file}
        mask = replace(_MASK, labels=tuple(experiment.settings.cohort.regions))
        there = [m for m in _MAPS if any(maps[m.key](experiment, study, dose).is_file() for dose in doses)]
        return ShownStudy(
            name=study.name,
            shape=grid.shape,
            spacing_mm=grid.spacing_mm,
            tissue=grid.tissue,
            lesion=lesion_of(tumor, prepared.spacing_mm),
            doses=tuple(map(_shown, doses)),
            images=(*_PANELS, *([mask] if tumor is not None else []), *there),
        )

    def voxels(self, number: int, key: str, dose: str) -> Voxels | None:
        """Give one image of a study.

        Args:
            number: Number of the study in the list.
            key: Key of the image.
            dose: Dose as the address of the page spells it.

        Returns:
            The voxels; None if there is no such image.
        """
        experiment, study = self._experiment, self._studies[number]
        by_label = {dose_label(planned): planned for planned in planned_doses(experiment, study)}
        files: dict[str, tuple[Callable[[Experiment, Study, float], Path], Callable[[Image], Voxels]]] = {
            "restored": (restored_file, browser_voxels),
            "discrepancy": (contradicted_file, browser_map),
            "half_width": (half_width_file, browser_map),
        }
        if key in ("pre_contrast", "standard_dose"):
            image: Image = np.asarray(getattr(self._prepared(number), key))
            return browser_voxels(image)
        if key == "regions":
            return self._regions(number)
        if dose not in by_label or key not in (*files, "low_dose"):
            return None
        if key == "low_dose":
            return self._low_dose(number, dose)
        where, convert = files[key]
        path = where(experiment, study, by_label[dose])
        if not path.is_file():
            return None
        return convert(in_transverse_order(read_volume(path, needs_contrast=False)).array)

    def _prepared(self, number: int) -> PreparedStudy:
        return read_prepared(prepared_files(self._experiment, self._studies[number]))

    def _regions(self, number: int) -> Voxels | None:
        """Number the regions from 1, in the order of experiment.yaml."""
        labels = self._prepared(number).labels
        if labels is None:
            return None
        numbers = np.zeros(labels.shape, dtype=np.int32)
        for place, values in enumerate(self._experiment.settings.cohort.regions.values(), start=1):
            numbers[np.isin(labels, values)] = place
        return browser_labels(numbers)

    def _low_dose(self, number: int, label: str) -> Voxels:
        """Simulate or read a low dose, one at a time; the last ones are kept."""
        with self._lock:
            key = number, label
            if key not in self._low_doses:
                dose = dose_from_label(label)
                low = low_doses_at(self._experiment, self._studies[number], dose).at(self._prepared(number), dose)
                self._low_doses[key] = browser_voxels(low.image)
            self._low_doses.move_to_end(key)
            while len(self._low_doses) > KEPT:
                self._low_doses.popitem(last=False)
            return self._low_doses[key]


def _is_restored(experiment: Experiment, study: Study) -> bool:
    return any(restored_file(experiment, study, dose).is_file() for dose in planned_doses(experiment, study))


def _shown(dose: float) -> ShownDose:
    return ShownDose(dose_label(dose), percent(dose))
