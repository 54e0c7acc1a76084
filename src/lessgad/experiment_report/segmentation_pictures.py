# SPDX-License-Identifier: Apache-2.0
"""The section of the report on segmentation, from what the stages left on disk."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import numpy as np

from lessgad.cohort.study import Study
from lessgad.evaluation.results.overlap import LOW, RESTORED, STANDARD, TUMOR, OverlapRow
from lessgad.experiment.opened import Experiment
from lessgad.experiment.scanned import low_doses_at
from lessgad.experiment.study_files import restored_file, segmentation_files
from lessgad.experiment.unit_names import segmented
from lessgad.experiment_report.galleries import most_tumor
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.report.content import Picture, SegmentationSection
from lessgad.report.contour_gallery import ContourStudy, Outlined, contour_gallery, dose_heading
from lessgad.report.dose_gallery import gallery_doses
from lessgad.report.overlap_figure import overlap_figure
from lessgad.report.segmentation_tables import segmentation_tables
from lessgad.report.slice_picture import tumor_slice
from lessgad.report.spread_words import means_in_words
from lessgad.report.style import to_png, to_svg
from lessgad.scoring.study_scores import StudyScores
from lessgad.segmentation.region_labels import renumbered
from lessgad.volume import in_transverse_order, read_volume

Dice = dict[tuple[str, str, float, str], OverlapRow]


def segmentation_section(
    experiment: Experiment, scores: StudyScores, usable: Collection[str]
) -> SegmentationSection | None:
    """Combine figures and tables of the segmentation of test studies.

    Args:
        experiment: The opened experiment.
        scores: Result rows of all studies.
        usable: Keys of the units whose results can be used.

    Returns:
        The section; None if nothing was segmented.
    """
    test = [row for row in scores.overlap if row.subset == "test"]
    if not test:
        return None
    evaluation, regions = experiment.settings.evaluation, list(experiment.settings.cohort.regions)
    chosen = {"seed": evaluation.seed, "n_resamples": evaluation.n_resamples}
    figure = overlap_figure(test, regions, **chosen)
    curves: tuple[Picture, ...] = ()
    if figure is not None:
        alt = "Dice, HD95 and ASD against the dose, one column per region, low-dose and restored images"
        caption = (
            "Segmentation of low-dose and restored images by a network that was trained on the standard dose "
            f"({means_in_words((row.patient for row in test), shaded='bars')}). The gray line is the standard dose."
        )
        curves = (Picture(b"", alt, caption, svg=to_svg(figure), table="overlap"),)
    return SegmentationSection(
        note=_note(experiment),
        curves=curves,
        contours=_contours(experiment, test, usable),
        tables=segmentation_tables(scores.overlap, scores.tumor_size, scores.growth, regions, **chosen),
    )


def _note(experiment: Experiment) -> str:
    description = json.loads(experiment.folder.segmentation_model.read_text(encoding="utf-8"))
    network = f"nnU-Net ({description['configuration']})"
    kept = " Only the largest connected piece is kept." if description["keeps_largest"] else ""
    if description["trained_here"]:
        return (
            f"{network}, trained on the standard-dose images of training patients, applied unchanged to all others: a "
            "drop from the standard dose is what the image has lost for it." + kept
        )
    return (
        f"{network}, trained elsewhere, applied unchanged. Whether it has seen the test patients is unknown: what it "
        "reaches at the standard dose may be too good." + kept
    )


def _contours(experiment: Experiment, test: list[OverlapRow], usable: Collection[str]) -> tuple[Picture, ...]:
    """Figure 5: the test studies with the most tumor, one per patient."""
    dice = {(row.patient, row.session, row.dose, row.image): row for row in test if row.region == TUMOR}
    pictures = []
    for study, prepared in most_tumor(experiment, {(row.patient, row.session) for row in test}):
        figure = contour_gallery(_contour_study(experiment, study, prepared, dice, usable))
        alt = "Outlines of the tumor, drawn and segmented, on low-dose images above and restored ones below"
        caption = f"{study.name}: as drawn, and as segmented in each image. Dice is that of the whole tumor."
        pictures.append(Picture(to_png(figure), alt, caption))
    return tuple(pictures)


def _contour_study(
    experiment: Experiment, study: Study, prepared: PreparedStudy, dice: Dice, usable: Collection[str]
) -> ContourStudy:
    regions = experiment.settings.cohort.regions
    tumor = prepared.tumor(regions)
    k = tumor_slice(tumor, prepared.head.shape[2])
    standard = np.asarray(prepared.standard_dose[:, :, k])
    assert prepared.labels is not None  # noqa: S101 - it was evaluated against them
    drawn = renumbered(np.ascontiguousarray(prepared.labels[:, :, k : k + 1]), regions)[:, :, 0]

    def outlined(heading: str, image: np.ndarray, dose: float, name: str) -> Outlined:
        row = dice.get((study.patient, study.session, dose, name))
        words = "" if row is None else f"Dice {row.dice:.2f}"
        files = segmentation_files(experiment, study, None if name == STANDARD else dose, ())
        return Outlined(heading, np.asarray(image), _labels(files[name], k), words)

    columns = []
    for dose in gallery_doses([dose for dose in experiment.settings.doses if segmented(study, dose) in usable]):
        low_dose = low_doses_at(experiment, study, dose).at(prepared, dose, [k]).image[:, :, 0]
        restored = in_transverse_order(read_volume(restored_file(experiment, study, dose), own=True)).array[:, :, k]
        heading = dose_heading(dose)
        columns.append((outlined(heading, low_dose, dose, LOW), outlined(heading, restored, dose, RESTORED)))
    shown = np.zeros(standard.shape, dtype=bool) if tumor is None else tumor[:, :, k]
    return ContourStudy(
        title_lines=[study.name, "transverse slice with the most tumor, close up"],
        regions=list(regions),
        first=(Outlined("", standard, drawn, ""), outlined("", standard, 1.0, STANDARD)),
        columns=columns,
        tumor=shown,
        spacing_mm=prepared.spacing_mm[:2],
        second_peak=-1 + 2 / experiment.settings.preparation.full_scale,
    )


def _labels(path: Path, k: int) -> np.ndarray:
    labels = in_transverse_order(read_volume(path, labels=True, own=True)).array[:, :, k]
    return labels.astype(np.uint8)
