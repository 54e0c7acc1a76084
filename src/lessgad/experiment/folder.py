# SPDX-License-Identifier: Apache-2.0
"""Where everything of an experiment lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lessgad.engine.state_folder import StateFolder


@dataclass(frozen=True)
class ExperimentFolder:
    """The paths of an experiment; one place to change them.

    Attributes:
        root: The folder.
    """

    root: Path

    @property
    def settings(self) -> Path:
        """``experiment.yaml``."""
        return self.root / "experiment.yaml"

    @property
    def split(self) -> Path:
        """``split.tsv``."""
        return self.root / "split.tsv"

    @property
    def results(self) -> Path:
        """CSV files that other programs read."""
        return self.root / "results"

    def table(self, name: str) -> Path:
        """One table of results of all studies, e.g. ``results/similarity.csv``."""
        return self.results / f"{name}.csv"

    @property
    def frozen_answer(self) -> Path:
        """The endpoints as they were fixed before test results."""
        return self.results / "answer_fixed.json"

    @property
    def baselines(self) -> Path:
        """Strengths of the baselines, tuned on validation patients."""
        return self.root / "models" / "baselines.yaml"

    @property
    def simulation(self) -> Path:
        """Record of the simulation of each study's low doses."""
        return self.results / "simulation.csv"

    @property
    def report(self) -> Path:
        """The page."""
        return self.root / "report" / "index.html"

    @property
    def logs(self) -> Path:
        """One file per run."""
        return self.root / "logs"

    def prepared(self, patient: str, session: str) -> Path:
        """Give the folder of one prepared study.

        Args:
            patient: Label of the patient, without ``sub-``.
            session: Label of the session, without ``ses-``; empty where there are none.

        Returns:
            The folder.
        """
        return self._of_study("prepared", patient, session)

    def restored(self, patient: str, session: str) -> Path:
        """Give the folder of one study's restored images.

        Args:
            patient: Label of the patient, without ``sub-``.
            session: Label of the session, without ``ses-``; empty where there are none.

        Returns:
            The folder.
        """
        return self._of_study("restored", patient, session)

    def segmentations(self, patient: str, session: str) -> Path:
        """Give the folder of one study's segmentations.

        Args:
            patient: Label of the patient, without ``sub-``.
            session: Label of the session, without ``ses-``; empty where there are none.

        Returns:
            The folder.
        """
        return self._of_study("segmentation", patient, session)

    @property
    def segmentation_model(self) -> Path:
        """Description of the segmentation model: its labels and its source."""
        return self.root / "segmentation" / "model.json"

    @property
    def nnunet(self) -> Path:
        """Working folder of nnU-Net: raw, preprocessed, results."""
        return self.root / "segmentation" / "nnunet"

    def scores(self, study: str, part: str) -> Path:
        """Give the folder of the tables of one study at one dose, or at its standard dose.

        Args:
            study: Name of the study.
            part: Name of the part: a study with its dose.

        Returns:
            The folder.
        """
        return self.root / ".state" / "scores" / study / part

    def strengths(self, part: str) -> Path:
        """Strengths of the baselines at one dose, before all doses are combined."""
        return self.root / ".state" / "baselines" / f"{part}.yaml"

    def model(self, name: str) -> Path:
        """Folder of one model."""
        return self.root / "models" / name

    @property
    def state(self) -> StateFolder:
        """Records of all units of work."""
        return StateFolder(self.root / ".state")

    @property
    def hash_cache(self) -> Path:
        """File with the hashes of unchanged input files."""
        return self.root / ".state" / "hashes.json"

    def _of_study(self, kind: str, patient: str, session: str) -> Path:
        folder = self.root / kind / f"sub-{patient}"
        return folder / f"ses-{session}" if session else folder
