# SPDX-License-Identifier: Apache-2.0
"""Stage report: the page, the tables, the figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from lessgad.atomic_write import write_text
from lessgad.cohort.split import SUBSETS
from lessgad.cohort.visits import visits_of
from lessgad.dose.simulation_record import SimulationRecord
from lessgad.dose_fraction import percent
from lessgad.evaluation.similarity import Area
from lessgad.experiment.fingerprint import fingerprint
from lessgad.experiment.record import read_record
from lessgad.report.answer_section import AnswerSection, answer_section
from lessgad.report.content import DoubtfulStudy, Fact, FailedStudy, ReportContent, SubsetCount
from lessgad.report.enhancement_section import enhancement_tables
from lessgad.report.page import render_page
from lessgad.report.tables import Table4, table4, write_table4
from lessgad.training.settings import TrainingSettings
from lessgad.workflow import pictures
from lessgad.workflow.answer import answer_of
from lessgad.workflow.companions import plan_companions
from lessgad.workflow.evaluate import GROWTH, TABLES, gather_results, plan_evaluation
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.measured_summary import measured_facts
from lessgad.workflow.prepare import plan_preparation
from lessgad.workflow.reading_results import reading_results, readings_file
from lessgad.workflow.restore import plan_restoration
from lessgad.workflow.segment import plan_segmentation
from lessgad.workflow.segmentation_pictures import segmentation_section
from lessgad.workflow.simulation_summary import record_simulation, simulation_facts
from lessgad.workflow.study_cautions import study_cautions
from lessgad.workflow.study_scores import StudyScores
from lessgad.workflow.unit import Advance, Unit

VERSION = 10
AREAS: tuple[Area, ...] = ("tumor_box", "tumor", "head")
LIBRARIES = ("lessgad", "torch", "monai", "itk-elastix", "numpy", "scipy", "scikit-image", "nibabel")


def plan_report(experiment: Experiment) -> list[Unit]:
    """Give the one unit: the page."""
    mark = fingerprint(
        VERSION,
        evaluated=[unit.fingerprint for unit in plan_evaluation(experiment)],
        failures=[[failed.study, failed.stage, failed.reason] for failed in failed_studies(experiment)],
        evaluation=experiment.settings.evaluation.model_dump(mode="json"),
        answer=experiment.settings.answer.model_dump(mode="json"),
        split=experiment.subsets,
        visits={patient: asdict(visits) for patient, visits in visits_of(experiment.cohort).items()},
        readings=experiment.hashes.of(readings_file(experiment)),
    )
    folder = experiment.folder
    passing = tuple(_table_file(experiment, area) for area in AREAS)
    work = partial(write_report, experiment)
    outputs = (*(folder.table(name) for name in (*TABLES, GROWTH)), folder.simulation, folder.report)
    return [Unit("report", "report", "report", mark, work, outputs, passing)]


def write_report(experiment: Experiment, advance: Advance) -> None:
    """Gather the figures of all studies, and write ``results/`` and ``report/index.html``."""
    advance(0.0, "tables")
    scores = gather_results(experiment)
    rows = scores.similarity
    evaluation = experiment.settings.evaluation
    tables = tuple(
        table
        for area in AREAS
        if (table := table4(rows, seed=evaluation.seed, n_resamples=evaluation.n_resamples, area=area)).cells
    )
    for table in tables:
        write_table4(_table_file(experiment, table.area), table)
    advance(0.3, "figures")
    content = _content(experiment, tables, scores)
    write_text(experiment.folder.report, render_page(content))


def failed_studies(experiment: Experiment) -> list[FailedStudy]:
    """List studies that are missing from the results, with the stage and the reason."""
    failed = [FailedStudy(study.name, "cohort", study.reason) for study in experiment.cohort.unusable]
    for plan in (plan_preparation, plan_companions, plan_restoration, plan_segmentation, plan_evaluation):
        for unit in plan(experiment):
            record = read_record(experiment.folder.record(unit.stage, unit.name))
            if record is not None and record.outcome == "failed":
                failed.append(
                    FailedStudy(unit.name, unit.stage, record.reason.replace(str(experiment.cohort.root), "…"))
                )
    return failed


def _table_file(experiment: Experiment, area: Area) -> Path:
    return experiment.folder.results / ("table4.csv" if area == "tumor_box" else f"table4_{area}.csv")


def _content(experiment: Experiment, tables: tuple[Table4, ...], scores: StudyScores) -> ReportContent:
    settings, rows = experiment.settings, scores.similarity
    section, bars = reading_results(experiment)
    test_studies, measured = experiment.studies(["test"]), settings.low_dose == "measured"
    records = record_simulation(experiment)
    follow_the_sequence = any(record.model == "signal_equation" for record in records if record.subset == "test")
    return ReportContent(
        title=f"lessgad report: {experiment.folder.root.resolve().name}",
        cohort=f"{len(experiment.cohort.patients)} patients, {len(experiment.cohort.studies)} studies",
        written_on=datetime.now().astimezone().date().isoformat(),
        subsets=_subset_counts(experiment),
        facts=_facts(experiment, records),
        noise_free=not (settings.simulation.adds_noise or measured),
        proportional=not (follow_the_sequence or measured),
        tables=tables,
        answer=_answer(experiment, scores),
        enhancement=enhancement_tables(
            scores.thresholds,
            scores.enhancement,
            scores.lesions,
            scores.intervals,
            scores.consistency,
            scores.artifacts,
        ),
        enhancement_curves=pictures.enhancement_pictures(experiment, scores),
        readings=section,
        reading_bars=bars,
        segmentation=segmentation_section(experiment, scores),
        curves=pictures.curve_pictures(experiment, rows),
        calibration=pictures.calibration_picture(experiment, test_studies),
        galleries=pictures.galleries(experiment, rows),
        learning_curves=pictures.learning_curves(experiment),
        preparations=pictures.preparation_pictures(experiment, list(experiment.cohort.studies)),
        failures=tuple(failed_studies(experiment)),
        cautions=tuple(DoubtfulStudy(found.study, found.words) for found in study_cautions(experiment)),
        settings=yaml.safe_dump(_settings_without_paths(experiment), sort_keys=False, allow_unicode=True),
        versions=tuple(Fact(name, version(name)) for name in (*LIBRARIES, *_of_segmentation(experiment))),
    )


def _answer(experiment: Experiment, scores: StudyScores) -> AnswerSection | None:
    """None where no test patient was judged: then there is nothing to answer from."""
    if not any(row.subset == "test" for row in scores.similarity):
        return None
    return answer_section(
        *answer_of(experiment, scores.similarity, scores.enhancement, scores.overlap, scores.artifacts)
    )


def _subset_counts(experiment: Experiment) -> tuple[SubsetCount, ...]:
    failed = {failure.study for failure in failed_studies(experiment)}
    counts = []
    for subset in SUBSETS:
        studies = experiment.studies([subset])
        usable = [study for study in studies if study.name not in failed]
        patients = len({study.patient for study in usable})
        counts.append(SubsetCount(subset, patients, len(usable), len(studies) - len(usable)))
    return tuple(counts)


def _facts(experiment: Experiment, records: Sequence[SimulationRecord]) -> tuple[Fact, ...]:
    settings = experiment.settings
    inputs = " and ".join(name.replace("_", " ") for name in settings.field.inputs)
    regions = "; ".join(f"{name} (label {' and '.join(map(str, v))})" for name, v in settings.cohort.regions.items())
    models = {"conditioned": "one model, told the dose", "per_dose": "one model for each dose"}
    models["pretrained"] = "the model that ships with lessgad"
    return (
        *simulation_facts(records, settings.simulation),
        *measured_facts(experiment, records),
        Fact("Input of the network", inputs + settings.field.slices_in_words),
        Fact("Network", f"{settings.field.preset}, {models[settings.training.models]}"),
        Fact("Training", _training(settings.training)),
        Fact("Alignment", settings.preparation.alignment),
        Fact("Calibration", settings.preparation.calibration),
        Fact("Tumour", regions or "no regions named: judged on the head alone"),
        Fact("Doses", ", ".join(percent(dose) for dose in settings.doses)),
    )


def _of_segmentation(experiment: Experiment) -> tuple[str, ...]:
    return () if experiment.settings.segmentation is None else ("nnunetv2",)


def _settings_without_paths(experiment: Experiment) -> dict[str, Any]:
    settings = experiment.settings.model_dump(mode="json")
    settings["cohort"]["path"] = "…"
    if settings["segmentation"] is not None and settings["segmentation"]["model"] is not None:
        settings["segmentation"]["model"] = "…"
    settings["external"] = dict.fromkeys(settings["external"], "…")
    return settings


def _training(settings: TrainingSettings) -> str:
    if settings.models == "pretrained":
        return "none; all patients are test patients, and baselines are tuned on them"
    return f"{settings.n_samples} patches per model"
