# SPDX-License-Identifier: Apache-2.0
"""The two levels of a BIDS App: participants one by one, then the whole group."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from lessgad.engine.progress import Progress
from lessgad.errors import SettingsError
from lessgad.experiment.folder import ExperimentFolder
from lessgad.experiment.init import init_experiment
from lessgad.experiment.settings import load_settings
from lessgad.experiment.stage_names import STAGES, Stage
from lessgad.pipeline.failures import Failure
from lessgad.pipeline.run import run_experiment
from lessgad.pipeline.selection import Selection

Level = Literal["participant", "group"]
OF_PARTICIPANT: tuple[Stage, ...] = ("prepare",)


def run_bids_app(
    bids_dir: Path,
    out_dir: Path,
    level: Level,
    progress: Progress,
    *,
    participants: Sequence[str] = (),
    derivative: str | None = None,
    regions: Sequence[str] = (),
    pretrained: bool = True,
) -> list[Failure]:
    """Run one level; the output folder is an experiment of lessgad, made where there is none.

    ``participant`` prepares the scans of the named participants, and can run for many at once. ``group`` does
    everything that needs all of them: training, restoration, evaluation, report.

    Args:
        bids_dir: The cohort.
        out_dir: The experiment.
        level: The level.
        progress: Receives the progress.
        participants: Labels with or without ``sub-``; none means all. Not for ``group``.
        derivative: Folder in ``derivatives/`` with the masks.
        regions: ``name=1,2`` each.
        pretrained: Use the model that ships with lessgad; else fine-tune it on the cohort.

    Returns:
        Studies that failed, with reasons.

    Raises:
        InputError: The folder belongs to another cohort, or settings or cohort cannot be used.
    """
    if level == "group" and participants:
        raise SettingsError(
            "--participant-label was given with the level group", remedy="Give it with the level participant"
        )
    _begin(bids_dir, out_dir, derivative, regions, pretrained=pretrained)
    if level == "participant":
        return run_experiment(out_dir, OF_PARTICIPANT, progress, selection=Selection(patients=tuple(participants)))
    return run_experiment(out_dir, STAGES, progress)


def _begin(bids_dir: Path, out_dir: Path, derivative: str | None, regions: Sequence[str], *, pretrained: bool) -> None:
    """Make the experiment, unless it is there; several jobs may try that at once."""
    path = ExperimentFolder(out_dir).settings
    if not path.is_file():
        try:
            init_experiment(
                out_dir, bids_dir, derivative, regions, None, aligned=False, quick=False, pretrained=pretrained
            )
        except SettingsError:
            if not path.is_file():
                raise
    of_cohort = (out_dir / load_settings(path).cohort.path).resolve()
    if of_cohort != bids_dir.resolve():
        raise SettingsError(
            "The output folder belongs to another BIDS folder", path=path, remedy="Choose another OUT_DIR"
        )
