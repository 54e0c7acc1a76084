# SPDX-License-Identifier: Apache-2.0
"""Stage report: the page, the tables, the figures."""

from __future__ import annotations

import json
from functools import partial
from importlib.metadata import version

import yaml

from lessgad.atomic_write import write_text
from lessgad.dose_fraction import percent
from lessgad.experiment.fingerprint import fingerprint
from lessgad.experiment.record import read_record
from lessgad.report.content import Fact, FailedStudy, ReportContent, SubsetCount
from lessgad.report.page import render_page
from lessgad.report.tables import Table4, table4, write_table4
from lessgad.workflow import pictures
from lessgad.workflow.evaluate import gather_similarity, plan_evaluation
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.prepare import plan_preparation, prepared_files
from lessgad.workflow.restore import plan_restoration
from lessgad.workflow.train import plan_training
from lessgad.workflow.unit import Advance, Unit

VERSION = 1
LIBRARIES = ("lessgad", "torch", "monai", "itk-elastix", "numpy", "scipy", "scikit-image", "nibabel")


def plan_report(experiment: Experiment) -> list[Unit]:
    """Give the one unit: the page."""
    mark = fingerprint(
        VERSION,
        evaluated=[unit.fingerprint for unit in plan_evaluation(experiment)],
        failures=[[failed.study, failed.stage, failed.reason] for failed in failed_studies(experiment)],
        evaluation=experiment.settings.evaluation.model_dump(mode="json"),
        split=experiment.subsets,
    )
    return [Unit("report", "report", "report", mark, partial(write_report, experiment))]


def write_report(experiment: Experiment, advance: Advance) -> None:
    """Gather the figures of all studies, and write ``results/`` and ``report/index.html``."""
    advance(0.0, "tables")
    rows = gather_similarity(experiment)
    evaluation = experiment.settings.evaluation
    tables = tuple(
        table
        for area in ("tumor_box", "tumor", "head")
        if (table := table4(rows, seed=evaluation.seed, n_resamples=evaluation.n_resamples, area=area)).cells
    )
    for table in tables:
        suffix = "" if table.area == "tumor_box" else f"_{table.area}"
        write_table4(experiment.folder.results / f"table4{suffix}.csv", table)
    advance(0.3, "figures")
    content = _content(experiment, tables, rows)
    write_text(experiment.folder.report, render_page(content))


def failed_studies(experiment: Experiment) -> list[FailedStudy]:
    """List studies that are missing from the results, with the stage and the reason."""
    failed = [FailedStudy(study.name, "cohort", study.reason) for study in experiment.cohort.unusable]
    for plan in (plan_preparation, plan_restoration, plan_evaluation):
        for unit in plan(experiment):
            record = read_record(experiment.folder.record(unit.stage, unit.name))
            if record is not None and record.outcome == "failed":
                failed.append(FailedStudy(unit.name, unit.stage, record.reason.replace(str(experiment.cohort.root), "…")))
    return failed
