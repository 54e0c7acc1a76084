# SPDX-License-Identifier: Apache-2.0
"""Contents of a report: everything that the page shows.

Words are plain text (the page escapes them) and hold no paths and no identifiers beyond the pseudonyms of the cohort.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lessgad.description.table import PrintedTable
from lessgad.report.answer_section import AnswerSection
from lessgad.report.enhancement_table import EnhancementTable
from lessgad.report.reading_section import ReadingSection
from lessgad.report.tables import Table4


@dataclass(frozen=True)
class Fact:
    """One line of a list: "Inputs: T1 and low dose"."""

    name: str
    value: str


@dataclass(frozen=True)
class SubsetCount:
    """Size of one part of the split.

    Attributes:
        subset: train, validation or test.
        n_patients: Patients with at least one prepared study.
        n_studies: Prepared studies.
        n_failed: Studies that could not be used; see `ReportContent.failures`.
    """

    subset: str
    n_patients: int
    n_studies: int
    n_failed: int = 0


@dataclass(frozen=True)
class Picture:
    """A figure with what a reader who cannot see it needs.

    Attributes:
        png: The figure as pixels, as `style.to_png` makes it; empty for a plot.
        alt: Alternative text, one sentence.
        caption: What a reader should see in it; the name of the figure is put before it.
        svg: The figure as vectors, as `style.to_svg` makes it; empty for an image.
        table: The table in ``results/`` that holds its numbers; empty where there is none.
    """

    png: bytes
    alt: str
    caption: str
    svg: str = ""
    table: str = ""


@dataclass(frozen=True)
class Check:
    """One reason to believe the result, or not to.

    Attributes:
        question: Question that the check answers.
        verdict: ``yes``, ``no``, or ``unknown``: what the check says for the result.
        words: The finding in one sentence.
    """

    question: str
    verdict: Literal["yes", "no", "unknown"]
    words: str


@dataclass(frozen=True)
class FirstScreen:
    """The first screen of the report.

    Attributes:
        asked: The question, with the cohort and how the low doses were made.
        found: The answer in one sentence.
        judged: When a dose is sufficient, and what a repeat scan is.
        evidence: Evidence in words; may be empty.
        style: Class of the verdict's sign: gain, loss or open.
        checks: Checks of whether the answer can be trusted.
        missing_evidence: What is to be done before one may rely on the answer; may be empty.
        figure: Each endpoint against the dose; None where none was tested.
        images: Low dose, restored and standard dose of the median and the worst patient, one picture each, with one
            caption; empty without restored images.
    """

    asked: str
    found: str
    judged: str
    evidence: str
    style: str
    checks: tuple[Check, ...]
    missing_evidence: str = ""
    figure: Picture | None = None
    images: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class ChecklistItem:
    """One item of CLAIM 2024.

    Attributes:
        number: Number of the item, 1 to 44.
        section: Part of the paper.
        item: What the paper has to state.
        answer: What the experiment knows of it; empty where only the author knows.
    """

    number: int
    section: str
    item: str
    answer: str


@dataclass(frozen=True)
class SegmentationSection:
    """Segmentation section of the report.

    Attributes:
        note: Name of the network and its training patients, in words.
        curves: Figure 4.
        contours: Figure 5, one picture per study.
        tables: Overlap, statistics, class changes, growth.
    """

    note: str
    curves: tuple[Picture, ...]
    contours: tuple[Picture, ...]
    tables: tuple[EnhancementTable, ...]


@dataclass(frozen=True)
class FailedStudy:
    """A study that is missing from the results.

    Attributes:
        study: Pseudonym of the study.
        stage: Stage that failed: prepare, restore, evaluate.
        reason: The error's line, without paths.
    """

    study: str
    stage: str
    reason: str


@dataclass(frozen=True)
class DoubtfulStudy:
    """Something to look at before believing the results of a study.

    Attributes:
        study: Pseudonym of the study.
        words: The caution in words.
    """

    study: str
    words: str


@dataclass(frozen=True)
class ReportContent:
    """The whole report.

    Attributes:
        title: Title of the page.
        cohort: The cohort in a few words.
        written_on: Date, ISO 8601.
        subsets: Subsets in the order train, validation, test.
        facts: Facts of the experiment: simulation, inputs, model, training samples, calibration …
        noise_free: Whether the low doses were simulated without noise; decides the note on subtract-and-scale.
        proportional: Whether enhancement was taken as proportional to the dose (linear mix); decides the same note.
        tables: Table 4 for each area; the findings are read from the first, the others are folded away.
        answer: The dose answer; None if no test study was evaluated.
        first: The first screen; None where nothing is known to put there.
        description: Tables 1 and 2; empty where the cohort was not described.
        flow: Figure 1 as SVG; empty where the cohort was not described.
        n_sheets_left_out: Test studies whose whole slices are not shown, to keep the page small.
        n_preparations_left_out: Studies whose preparation is not shown, to keep the page small.
        methods: Paragraphs for the methods section of a paper.
        checklist: CLAIM 2024, as far as the experiment knows.
        enhancement: Tables on enhancement and trust.
        enhancement_curves: Recovery against dose, false against missed enhancement.
        segmentation: What the images are worth to a segmentation; None where nothing was segmented.
        curves: Similarity against dose.
        calibration: Figure 2.
        readings: The reader study; None where there is none.
        reading_bars: Its answers as a figure.
        galleries: Figure 3, one picture per study.
        sheets: Whole slices of each test study.
        learning_curves: One per model.
        preparations: One per study, for a person to check; folded away.
        failures: Studies that are missing.
        cautions: Doubts about studies that were used.
        settings: experiment.yaml as it was used, without paths.
        versions: Versions of lessgad and its libraries.
    """

    title: str
    cohort: str
    written_on: str
    subsets: tuple[SubsetCount, ...]
    facts: tuple[Fact, ...]
    noise_free: bool
    proportional: bool
    tables: tuple[Table4, ...]
    answer: AnswerSection | None = None
    first: FirstScreen | None = None
    description: tuple[PrintedTable, ...] = ()
    flow: str = ""
    n_sheets_left_out: int = 0
    n_preparations_left_out: int = 0
    methods: tuple[str, ...] = ()
    checklist: tuple[ChecklistItem, ...] = ()
    enhancement: tuple[EnhancementTable, ...] = ()
    enhancement_curves: tuple[Picture, ...] = ()
    segmentation: SegmentationSection | None = None
    curves: tuple[Picture, ...] = ()
    calibration: Picture | None = None
    readings: ReadingSection | None = None
    reading_bars: Picture | None = None
    galleries: tuple[Picture, ...] = ()
    sheets: tuple[Picture, ...] = ()
    learning_curves: tuple[Picture, ...] = ()
    preparations: tuple[Picture, ...] = ()
    failures: tuple[FailedStudy, ...] = ()
    cautions: tuple[DoubtfulStudy, ...] = ()
    settings: str = ""
    versions: tuple[Fact, ...] = ()
