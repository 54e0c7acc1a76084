# SPDX-License-Identifier: Apache-2.0
"""The pictures of the report, from what the stages left on disk."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from lessgad.cohort.study import Study
from lessgad.dose.simulation import simulated_low_dose
from lessgad.dose.simulator import BACKGROUND
from lessgad.dose_fraction import percent
from lessgad.evaluation.results.similarity import SimilarityRow
from lessgad.evaluation.results.table import without_exchanged
from lessgad.evaluation.similarity import Area
from lessgad.experiment.calibration_loss import lost_in_words, lost_to_calibration
from lessgad.experiment.models import model_doses
from lessgad.experiment.opened import Experiment
from lessgad.experiment.scanned import low_doses_at
from lessgad.experiment.study_files import prepared_files, restored_file
from lessgad.experiment.unit_names import evaluated
from lessgad.preparation.prepared_study import read_prepared
from lessgad.report.calibration_figure import calibration_figure
from lessgad.report.content import Picture
from lessgad.report.dose_curves import dose_curves
from lessgad.report.enhancement_figures import enhancement_against_dose
from lessgad.report.operating_curve_figure import operating_curve_figure
from lessgad.report.preparation_sheet import preparation_images
from lessgad.report.slice_picture import tumor_slice
from lessgad.report.spread_words import means_in_words
from lessgad.report.style import to_png, to_svg
from lessgad.report.whole_image_sheet import SheetSlice, slice_errors, whole_image_sheet, worst_slice
from lessgad.scoring.study_scores import StudyScores
from lessgad.training.learning_curve import CURVE_FILE, read_learning_curve
from lessgad.volume import in_transverse_order, read_volume

MOST_PREPARATIONS = 40
MOST_SHEETS = 40
CALIBRATION_DOSE = 0.2


def curve_pictures(experiment: Experiment, rows: Sequence[SimilarityRow]) -> tuple[Picture, ...]:
    """Draw similarity against dose over the tumor's box, or over the head if no test study has a mask.

    Args:
        experiment: The opened experiment.
        rows: Rows of the similarity table.

    Returns:
        At most one picture.
    """
    evaluation = experiment.settings.evaluation
    area: Area = "tumor_box" if any(row.area == "tumor_box" and row.subset == "test" for row in rows) else "head"
    figure = dose_curves(rows, seed=evaluation.seed, n_resamples=evaluation.n_resamples, area=area)
    if figure is None:
        return ()
    place = "the tumor's box" if area == "tumor_box" else "the head"
    alt = f"PSNR, its gain over unrestored images, and SSIM in {place} by dose, one line per method"
    patients = [row.patient for row in rows if (row.subset, row.area) == ("test", area)]
    spread = means_in_words(patients, of="unrestored and restored images and for all gains")
    caption = f"Similarity to the standard dose in {place}, by dose ({spread})."
    return (Picture(b"", alt, caption, svg=to_svg(figure), table="similarity"),)


def enhancement_pictures(experiment: Experiment, scores: StudyScores) -> tuple[Picture, ...]:
    """Draw recovery and false enhancement against dose, and false against missed enhancement over the threshold.

    Args:
        experiment: The opened experiment.
        scores: Result rows of all studies.

    Returns:
        The pictures.
    """
    evaluation = experiment.settings.evaluation
    against_dose = enhancement_against_dose(
        without_exchanged(scores.enhancement), seed=evaluation.seed, n_resamples=evaluation.n_resamples, subset="test"
    )
    traded = operating_curve_figure(scores.false_against_missed, subset="test")
    pictures = []
    if against_dose is not None:
        alt = "Recovery, false and missed enhancement against the dose, one line per method"
        patients = [row.patient for row in scores.enhancement if row.subset == "test"]
        spread = means_in_words(patients, of="unrestored and restored images")
        caption = (
            f"Recovered, false and missed enhancement, by dose ({spread}). The gray line is full recovery. Axes in "
            "ml: logarithmic, linear below 0.1 ml."
        )
        pictures.append(Picture(b"", alt, caption, svg=to_svg(against_dose), table="enhancement"))
    if traded is not None:
        alt = "False against missed enhancement as the threshold moves, one line per method, one panel per dose"
        caption = (
            "False against missed enhancement of test patients at different thresholds of enhancement. The images of "
            "every method are first scaled to recovery 1. Axes: logarithmic, linear below 0.1 ml."
        )
        pictures.append(Picture(b"", alt, caption, svg=to_svg(traded), table="false_against_missed"))
    return tuple(pictures)


def whole_images(experiment: Experiment, usable: Collection[str]) -> tuple[Picture, ...]:
    """Draw a sheet of whole slices for each test study, restored from its lowest dose.

    Args:
        experiment: The opened experiment.
        usable: Keys of the units whose results can be used.

    Returns:
        One picture per study.
    """
    pictures = []
    for study in experiment.studies(["test"])[:MOST_SHEETS]:
        doses = sorted(dose for dose in experiment.settings.doses if dose > 0 and evaluated(study, dose) in usable)
        if doses:
            pictures.append(_sheet(experiment, study, doses[0]))
    return tuple(pictures)


def _sheet(experiment: Experiment, study: Study, dose: float) -> Picture:
    prepared = read_prepared(prepared_files(experiment, study))
    restored = in_transverse_order(read_volume(restored_file(experiment, study, dose), own=True)).array
    low_dose = low_doses_at(experiment, study, dose).at(prepared, dose).image
    head = prepared.head & (low_dose != BACKGROUND)  # where the low dose was scanned
    errors = slice_errors(restored, prepared.standard_dose, head, prepared.tissue_level)
    tumor = tumor_slice(prepared.tumor(experiment.settings.cohort.regions), prepared.head.shape[2])
    worst = worst_slice(errors, head)
    slices = []
    for k, words in ((tumor, "most tumor"), (worst, "worst")):
        whole = prepared.pre_contrast[:, :, k], restored[:, :, k], prepared.standard_dose[:, :, k]
        t1, after, standard = (np.asarray(image) for image in whole)
        label = f"slice {k + 1}, {words}: error {errors[k]:.3f} of tissue"
        slices.append(SheetSlice(label, (t1, low_dose[:, :, k], after, standard), head[:, :, k]))
    figure = whole_image_sheet(study.name, dose, tuple(slices), prepared.spacing_mm[:2], prepared.tissue_level)
    alt = "T1, low dose, restored, standard dose and their difference, at the tumor and in the worst slice"
    return Picture(
        to_png(figure),
        alt,
        f"{study.name} from {percent(dose)}: the slice with the most tumor and the slice with the largest error.",
    )


def learning_curves(experiment: Experiment) -> tuple[Picture, ...]:
    """Draw the learning curve of each trained model.

    Args:
        experiment: The opened experiment.

    Returns:
        One picture per model.
    """
    from lessgad.report.learning_curve import learning_curve

    pictures = []
    for name in model_doses(experiment.settings):
        path = experiment.folder.model(name) / CURVE_FILE
        if path.is_file():
            figure = learning_curve(read_learning_curve(path), [f"Model {name}"])
            alt = "Training loss and validation gain in PSNR against training samples"
            caption = f"Learning curve of the model {name}: loss on training patients, gain on validation patients."
            pictures.append(Picture(b"", alt, caption, svg=to_svg(figure)))
    return tuple(pictures)


def preparation_pictures(experiment: Experiment, studies: Sequence[Study]) -> tuple[Picture, ...]:
    """Draw the preparation sheet of each study, at most forty.

    Args:
        experiment: The opened experiment.
        studies: Studies of the cohort.

    Returns:
        One picture per study.
    """
    pictures = []
    for study in studies[:MOST_PREPARATIONS]:
        files = prepared_files(experiment, study)
        path = files.picture
        if path.is_file():
            lost = lost_in_words(lost_to_calibration(files.description))
            alt = f"Preparation of {study.name}: scans, histograms, difference and checkerboards"
            pictures.append(Picture(path.read_bytes(), alt, f"Preparation of {study.name}. {lost}".strip()))
    return tuple(pictures)


def calibration_picture(experiment: Experiment, studies: Sequence[Study]) -> Picture | None:
    """Draw Figure 2 for the first prepared study, with the low dose at 20 % as in the paper.

    Args:
        experiment: The opened experiment.
        studies: Studies of the cohort.

    Returns:
        The picture; None without a prepared study.
    """
    for study in studies:
        files = prepared_files(experiment, study)
        if files.description.is_file():
            return _calibration_picture(experiment, study)
    return None


def _calibration_picture(experiment: Experiment, study: Study) -> Picture:
    files = prepared_files(experiment, study)
    prepared = read_prepared(files)
    images = preparation_images(files, prepared, prepared.tumor(experiment.settings.cohort.regions))
    low_dose = prepared.normalization.undo(
        simulated_low_dose(prepared, CALIBRATION_DOSE, experiment.settings.simulation)
    )
    figure = calibration_figure(images, low_dose, CALIBRATION_DOSE)
    alt = "T1, T1ce, calibrated T1ce and a low-dose slice over their histograms, with the shift of the second peak"
    method = experiment.settings.preparation.calibration
    smooth = (
        " A smooth bias correction was applied first; the figure shows the global factor only."
        if method == "smooth"
        else ""
    )
    caption = f"{study.name}: calibration ({method}) and a simulated low dose.{smooth}"
    return Picture(to_png(figure), alt, caption)
