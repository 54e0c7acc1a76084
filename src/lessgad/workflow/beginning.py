# SPDX-License-Identifier: Apache-2.0
"""What is looked at before a run, and done once before a stage."""

from __future__ import annotations

from collections.abc import Sequence

from lessgad.workflow.answer import freeze_answer
from lessgad.workflow.experiment import Experiment, check_subsets
from lessgad.workflow.log import LOGGER
from lessgad.workflow.low_doses import doses_without_scan
from lessgad.workflow.progress import Watcher
from lessgad.workflow.segmentation_model import check_segmentation
from lessgad.workflow.stages import Stage
from lessgad.workflow.study_images import EXTERNAL_IMAGE, check_external


def check_ahead(experiment: Experiment, stages: Sequence[Stage], watcher: Watcher) -> None:
    """Find out before hours of work what a later stage could not use."""
    if set(stages) - {"prepare"}:  # one study alone may be prepared, to look at it
        check_subsets(experiment)
    for line in experiment.split_words:
        LOGGER.warning("%s", line)
        watcher.say(line)
    doses_without_scan(experiment)
    if "segment" in stages:
        check_segmentation(experiment)
    if "evaluate" in stages:
        for name in check_external(experiment):
            watcher.say(f"external {name}: no image named {EXTERNAL_IMAGE}, so it is not judged")


def begin_stage(experiment: Experiment, stage: Stage, watcher: Watcher) -> None:
    """Do what a stage needs once, before its units."""
    if stage == "restore":
        for line in doses_without_scan(experiment):
            LOGGER.info("%s", line)
            watcher.say(line)
    if stage == "evaluate":
        freeze_answer(experiment)
