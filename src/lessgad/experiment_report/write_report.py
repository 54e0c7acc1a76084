# SPDX-License-Identifier: Apache-2.0
"""The page, the tables, the figures, from what was evaluated."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import yaml

from lessgad.atomic_write import write_text
from lessgad.cohort.split import SUBSETS
from lessgad.cohort.study import Study
from lessgad.cohort.visits import visits_of
from lessgad.description.cohort_description import describe
from lessgad.description.flow_svg import flow_svg
from lessgad.description.table import rendered
from lessgad.dose.simulation_record import SimulationRecord
from lessgad.engine.unit import Advance
from lessgad.evaluation.results.table import without_exchanged
from lessgad.evaluation.similarity import Area
from lessgad.experiment.opened import Experiment
from lessgad.experiment.scanned import planned_doses
from lessgad.experiment.study_cautions import StudyCaution, study_cautions
from lessgad.experiment.unit_names import evaluated, part_of, prepared
from lessgad.experiment_report import pictures
from lessgad.experiment_report.answer_from_results import answer_of
from lessgad.experiment_report.claim_checklist import claim_checklist
from lessgad.experiment_report.experiment_facts import experiment_facts, settings_without_paths
from lessgad.experiment_report.experiment_flow import experiment_flow
from lessgad.experiment_report.first_screen import first_screen
from lessgad.experiment_report.galleries import galleries
from lessgad.experiment_report.interval_check import interval_notes
from lessgad.experiment_report.methods_paragraph import methods_paragraphs
from lessgad.experiment_report.reading_results import reading_results
from lessgad.experiment_report.segmentation_pictures import segmentation_section
from lessgad.experiment_report.simulation_summary import record_simulation
from lessgad.experiment_report.unexpected_enhancement import unexpected_enhancement
from lessgad.report.answer_section import AnswerSection, answer_section
from lessgad.report.content import DoubtfulStudy, Fact, FailedStudy, FirstScreen, ReportContent, SubsetCount
from lessgad.report.enhancement_section import enhancement_tables
from lessgad.report.page import render_page
from lessgad.report.page_budget import within_budget
from lessgad.report.reading_section import ReadingSection
from lessgad.report.references import bibtex
from lessgad.report.tables import Table4, table4, write_table4
from lessgad.scoring.score_tables import GROWTH, TABLES, gather_scores
from lessgad.scoring.study_scores import StudyScores

AREAS: tuple[Area, ...] = ("tumor_box", "tumor", "head")
LIBRARIES = ("lessgad", "torch", "monai", "itk-elastix", "numpy", "scipy", "scikit-image", "nibabel")


@dataclass(frozen=True)
class Gathered:
    """Inputs of a report.

    Attributes:
        experiment: The opened experiment.
        scores: Scores of all studies.
        usable: Units that can be used.
        failures: Studies that are missing from the results.
    """

    experiment: Experiment
    scores: StudyScores
    usable: Collection[str]
    failures: tuple[FailedStudy, ...]


def write_report(
    experiment: Experiment, usable: Collection[str], failures: Iterable[FailedStudy], advance: Advance
) -> None:
    """Gather the figures of all studies, and write ``results/`` and ``report/index.html``.

    Args:
        experiment: The opened experiment.
        usable: Units that can be used.
        failures: Studies that are missing from the results.
        advance: Receives the share done.
    """
    advance(0.0, "tables")
    scores = gather_results(experiment, usable)
    rows = without_exchanged(scores.similarity)
    evaluation = experiment.settings.evaluation
    tables = tuple(
        table
        for area in AREAS
        if (table := table4(rows, seed=evaluation.seed, n_resamples=evaluation.n_resamples, area=area)).cells
    )
    for table in tables:
        write_table4(_table4_file(experiment, table.area), table)
    advance(0.3, "figures")
    content = within_budget(_content(Gathered(experiment, scores, usable, tuple(failures)), tables))
    for described in content.description:
        name = described.number.lower().replace(" ", "")
        write_text(experiment.folder.table(name), rendered(described, "csv"))
    write_text(experiment.folder.report.with_name("references.bib"), bibtex(content.methods))
    write_text(experiment.folder.report, render_page(content))


def gather_results(experiment: Experiment, usable: Collection[str]) -> StudyScores:
    """Combine the rows of all studies into the tables of ``results/``.

    Args:
        experiment: The opened experiment.
        usable: Keys of the units whose results can be used.

    Returns:
        The rows.
    """
    folders = []
    for study in experiment.studies(experiment.settings.subsets):
        doses = [dose for dose in planned_doses(experiment, study) if evaluated(study, dose) in usable]
        parts = [None, *doses] if doses and evaluated(study, None) in usable else doses
        folders += [experiment.folder.scores(study.name, part_of(part)) for part in parts]
    targets = {name: experiment.folder.table(name) for name in (*TABLES, GROWTH)}
    return gather_scores(folders, targets, experiment.settings.evaluation.progression, visits_of(experiment.cohort))


def _table4_file(experiment: Experiment, area: Area) -> Path:
    return experiment.folder.results / ("table4.csv" if area == "tumor_box" else f"table4_{area}.csv")


def _content(gathered: Gathered, tables: tuple[Table4, ...]) -> ReportContent:
    experiment, scores, usable = gathered.experiment, gathered.scores, gathered.usable
    settings, rows = experiment.settings, without_exchanged(scores.similarity)
    section, bars = reading_results(experiment)
    test_studies, measured = experiment.studies(["test"]), settings.low_dose == "measured"
    records = record_simulation(experiment, usable)
    follow_the_sequence = any(record.model == "signal_equation" for record in records if record.subset == "test")
    cautions = [*study_cautions(experiment, usable), *unexpected_enhancement(experiment, usable)]
    answer, first = _answer(gathered, records, cautions, section)
    described = describe(experiment.cohort, settings.cohort.regions)
    return ReportContent(
        title=f"lessgad report: {experiment.folder.root.resolve().name}",
        cohort=_cohort_line(experiment),
        written_on=datetime.now().astimezone().date().isoformat(),
        subsets=_subset_counts(experiment, usable),
        facts=experiment_facts(experiment, records, usable),
        noise_free=not (settings.simulation.adds_noise or measured),
        proportional=not (follow_the_sequence or measured),
        tables=tables,
        answer=answer,
        first=first,
        description=(described.table1, described.table2),
        flow=flow_svg(experiment_flow(experiment, described, usable)),
        n_sheets_left_out=max(0, len(test_studies) - pictures.MOST_SHEETS),
        n_preparations_left_out=max(0, len(experiment.cohort.studies) - pictures.MOST_PREPARATIONS),
        methods=methods_paragraphs(experiment, records),
        checklist=claim_checklist(experiment, readers=section is not None),
        enhancement=enhancement_tables(
            scores.thresholds,
            without_exchanged(scores.enhancement),
            without_exchanged(scores.lesions),
            scores.intervals,
            scores.consistency,
            without_exchanged(scores.artifacts),
            interval_notes(experiment, [row for row in scores.intervals if row.subset == "test"]),
        ),
        enhancement_curves=pictures.enhancement_pictures(experiment, scores),
        readings=section,
        reading_bars=bars,
        segmentation=segmentation_section(experiment, scores, usable),
        curves=pictures.curve_pictures(experiment, rows),
        calibration=pictures.calibration_picture(experiment, test_studies),
        galleries=galleries(experiment, rows, usable),
        sheets=pictures.whole_images(experiment, usable),
        learning_curves=pictures.learning_curves(experiment),
        preparations=pictures.preparation_pictures(experiment, list(experiment.cohort.studies)),
        failures=gathered.failures,
        cautions=tuple(DoubtfulStudy(found.study, found.words) for found in cautions),
        settings=yaml.safe_dump(settings_without_paths(experiment), sort_keys=False, allow_unicode=True),
        versions=tuple(Fact(name, version(name)) for name in (*LIBRARIES, *_of_segmentation(experiment))),
    )


def _answer(
    gathered: Gathered,
    records: Sequence[SimulationRecord],
    cautions: Sequence[StudyCaution],
    readings: ReadingSection | None,
) -> tuple[AnswerSection | None, FirstScreen | None]:
    """None where no test patient was evaluated: then there is nothing to answer from."""
    experiment, scores = gathered.experiment, gathered.scores
    if not any(row.subset == "test" for row in scores.similarity):
        return None, None
    answer, preregistration = answer_of(
        experiment, scores.similarity, scores.enhancement, scores.overlap, scores.artifacts, scores.lesions
    )
    section = answer_section(answer, preregistration, simulated=experiment.settings.low_dose == "simulated")
    first = first_screen(
        experiment, scores, answer, section, records, cautions, gathered.failures, gathered.usable, readings
    )
    return section, first


def _cohort_line(experiment: Experiment) -> str:
    """Count patients and studies, and name the regions of the tumor."""
    cohort, regions = experiment.cohort, experiment.settings.cohort.regions
    counted = f"{len(cohort.patients)} patients, {len(cohort.studies)} studies"
    return f"{counted} · tumor: {', '.join(regions)}" if regions else counted


def _subset_counts(experiment: Experiment, usable: Collection[str]) -> tuple[SubsetCount, ...]:
    counts = []
    for subset in SUBSETS:
        studies = experiment.studies([subset])
        shown = [study for study in studies if _is_shown(experiment, study, usable)]
        patients = len({study.patient for study in shown})
        counts.append(SubsetCount(subset, patients, len(shown), len(studies) - len(shown)))
    return tuple(counts)


def _is_shown(experiment: Experiment, study: Study, usable: Collection[str]) -> bool:
    """Whether a study is prepared and, where its patient is evaluated, judged at one dose at least."""
    if experiment.subsets[study.patient] not in experiment.settings.subsets:
        return prepared(study) in usable
    return any(evaluated(study, dose) in usable for dose in planned_doses(experiment, study))


def _of_segmentation(experiment: Experiment) -> tuple[str, ...]:
    return () if experiment.settings.segmentation is None else ("nnunetv2",)
