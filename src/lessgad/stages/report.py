# SPDX-License-Identifier: Apache-2.0
"""Stage report: the page, the tables, the figures."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from lessgad.cohort.visits import visits_of
from lessgad.engine.unit import Doing, Input, Unit
from lessgad.experiment.opened import Experiment
from lessgad.experiment.read_study import t2_inputs
from lessgad.experiment.scanned import planned_doses, scan_units
from lessgad.experiment.unit_names import REPORT, evaluated, prepared, prepared_repeat, restored, segmented
from lessgad.experiment_report.reading_results import readings_file
from lessgad.report.content import FailedStudy
from lessgad.scoring.score_tables import GROWTH, TABLES

VERSION = 19
DESCRIPTION = ("table1", "table2")
TABLE4 = ("table4.csv", "table4_tumor.csv", "table4_head.csv")


def units(experiment: Experiment) -> list[Unit]:
    """Give the one unit: the page."""
    settings, folder = experiment.settings, experiment.folder
    stage, _, name = REPORT.partition("/")
    return [
        Unit(
            stage,
            name,
            "report",
            VERSION,
            {
                "evaluation": settings.evaluation.model_dump(mode="json"),
                "answer": settings.answer.model_dump(mode="json"),
                "split": experiment.subsets,
                "visits": {patient: asdict(visits) for patient, visits in visits_of(experiment.cohort).items()},
                "readings": experiment.hashes.of(readings_file(experiment)),
                "unusable": [[study.name, study.reason] for study in experiment.cohort.unusable],
            },
            partial(write, experiment),
            outputs=(
                *(folder.table(name) for name in (*TABLES, GROWTH, *DESCRIPTION)),
                folder.simulation,
                folder.report,
            ),
            inputs=_inputs(experiment),
            passing=tuple(folder.results / name for name in TABLE4),
            here=True,
            tells_failures=True,
        )
    ]


def _inputs(experiment: Experiment) -> tuple[Input, ...]:
    """Make everything that is shown of each study, and report failures."""
    found: list[Input] = []
    subsets = experiment.settings.subsets
    judged = {study.name for study in experiment.studies(subsets)}
    tuned_on = {study.name for study in experiment.studies([*subsets, "validation"])}
    for study in experiment.cohort.studies:
        found += Input(prepared(study), "where usable"), *t2_inputs(experiment, study)
        if study.name in tuned_on:  # low doses that limits and baselines are found on are not judged, and doubtful too
            found += [Input(key, "where usable") for key in scan_units(experiment, study)]
        if study.name in judged:
            parts = (None, *planned_doses(experiment, study))
            keys = [restored(study, dose) for dose in parts[1:] if dose is not None]
            if experiment.settings.segmentation is not None:
                keys += [segmented(study, part) for part in parts]
            keys += [evaluated(study, part) for part in parts]
            if study.repeats:
                keys.append(prepared_repeat(study))
            found += [Input(key, "where usable") for key in keys]
    return tuple(found)


def write(experiment: Experiment, doing: Doing) -> None:
    """Write ``results/`` and ``report/index.html``.

    Args:
        experiment: The opened experiment.
        doing: Receives progress and tells what else the unit reads.
    """
    from lessgad.experiment_report.write_report import write_report

    write_report(experiment, doing.inputs, failed_studies(experiment, doing.failures), doing.advance)


def failed_studies(experiment: Experiment, failures: tuple[tuple[str, str], ...]) -> list[FailedStudy]:
    """List the studies that are missing from the results, with stage and reason.

    Args:
        experiment: The opened experiment.
        failures: Key and reason of each failed unit.

    Returns:
        The studies.
    """
    failed = [FailedStudy(study.name, "cohort", study.reason) for study in experiment.cohort.unusable]
    for key, reason in failures:
        stage, _, name = key.partition("/")
        failed.append(FailedStudy(name, stage, reason.replace(str(experiment.cohort.root), "…")))
    return failed
