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
from lessgad.experiment.models import model_doses
from lessgad.experiment.opened import Experiment
from lessgad.experiment.scanned import low_doses_at
from lessgad.experiment.study_files import prepared_files, restored_file
from lessgad.experiment.unit_names import evaluated
from lessgad.preparation.prepared_study import PreparedStudy, read_prepared
from lessgad.report.calibration_figure import calibration_figure
from lessgad.report.content import Picture
from lessgad.report.dose_curves import dose_curves
from lessgad.report.dose_gallery import DosePlane, GalleryStudy, Score, dose_gallery, gallery_doses
from lessgad.report.enhancement_figures import enhancement_against_dose
from lessgad.report.operating_curve_figure import operating_curve_figure
from lessgad.report.preparation_sheet import preparation_images
from lessgad.report.slice_picture import tumor_slice
from lessgad.report.style import to_png, to_svg
from lessgad.report.whole_image_sheet import SheetSlice, slice_errors, whole_image_sheet, worst_slice
from lessgad.scoring.study_scores import StudyScores
from lessgad.training.learning_curve import read_learning_curve
from lessgad.volume import in_transverse_order, read_volume

N_GALLERIES = 2
MOST_PREPARATIONS = 40
MOST_SHEETS = 40
CALIBRATION_DOSE = 0.2


def curve_pictures(experiment: Experiment, rows: Sequence[SimilarityRow]) -> tuple[Picture, ...]:
    """Similarity against dose over the tumor's box; over the head where no test study has a mask.

    Args:
        experiment: The opened experiment.
        rows: Rows of the similarity table.
    """
    evaluation = experiment.settings.evaluation
    area: Area = "tumor_box" if any(row.area == "tumor_box" and row.subset == "test" for row in rows) else "head"
    figure = dose_curves(rows, seed=evaluation.seed, n_resamples=evaluation.n_resamples, area=area)
    if figure is None:
        return ()
    place = "the tumor's box" if area == "tumor_box" else "the head"
    alt = f"PSNR, its gain over unrestored, and SSIM in {place} against the dose, one line per method"
    caption = f"Similarity to the standard dose in {place}, test patients, against the dose; means over patients."
    return (Picture(b"", alt, caption, svg=to_svg(figure), table="similarity"),)


def enhancement_pictures(experiment: Experiment, scores: StudyScores) -> tuple[Picture, ...]:
    """Recovery and false enhancement against dose, and what a threshold trades between false and missed ones.

    Args:
        experiment: The opened experiment.
        scores: Result rows of all studies.
    """
    evaluation = experiment.settings.evaluation
    against_dose = enhancement_against_dose(
        without_exchanged(scores.enhancement), seed=evaluation.seed, n_resamples=evaluation.n_resamples, subset="test"
    )
    traded = operating_curve_figure(scores.false_against_missed, subset="test")
    pictures = []
    if against_dose is not None:
        alt = "Recovery, false and missed enhancement against the dose, one line per method"
        caption = "Enhancement that came back, was invented, was missed; test patients, means over patients."
        pictures.append(Picture(b"", alt, caption, svg=to_svg(against_dose), table="enhancement"))
    if traded is not None:
        alt = "False against missed enhancement as the threshold moves, one line per method, one panel per dose"
        caption = (
            "False against missed enhancement, every method scaled to recovery 1, as the threshold moves; the marked "
            "point is the study’s own threshold. Nearer to the lower left is better."
        )
        pictures.append(Picture(b"", alt, caption, svg=to_svg(traded), table="false_against_missed"))
    return tuple(pictures)


def galleries(experiment: Experiment, rows: Sequence[SimilarityRow], usable: Collection[str]) -> tuple[Picture, ...]:
    """Figure 3: the test studies with the most tumor, one per patient.

    Args:
        experiment: The opened experiment.
        rows: Rows of the similarity table.
        usable: Keys of the units whose results can be used.
    """
    scores = {(row.patient, row.session, row.dose, row.method): row for row in rows if row.area == "tumor_box"}
    chosen = most_tumor(experiment, {(row.patient, row.session) for row in rows if row.subset == "test"})
    pictures = []
    for study, prepared in chosen:
        figure = dose_gallery(_gallery_study(experiment, study, prepared, scores, usable))
        alt = "T1 and T1ce at the left; low-dose images above and restored ones below at several doses"
        caption = (
            f"{study.name}: low dose above, restored below; whole slice and close-up. "
            "PSNR and SSIM are those of the tumor's box in the whole volume."
        )
        pictures.append(Picture(to_png(figure), alt, caption))
    return tuple(pictures)


def whole_images(experiment: Experiment, usable: Collection[str]) -> tuple[Picture, ...]:
    """One sheet for each test study, restored from its lowest dose: the slice with most tumor and the worst slice.

    Args:
        experiment: The opened experiment.
        usable: Keys of the units whose results can be used.
    """
    pictures = []
    for study in experiment.studies(["test"])[:MOST_SHEETS]:
        doses = sorted(dose for dose in experiment.settings.doses if dose > 0 and evaluated(study, dose) in usable)
        if doses:
            pictures.append(_sheet(experiment, study, doses[0]))
    return tuple(pictures)


def _sheet(experiment: Experiment, study: Study, dose: float) -> Picture:
    prepared = read_prepared(prepared_files(experiment, study))
    restored = in_transverse_order(read_volume(restored_file(experiment, study, dose))).array
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
        to_png(figure), alt, f"{study.name} from {percent(dose)}: whole slices at the tumor and at the worst."
    )


def learning_curves(experiment: Experiment) -> tuple[Picture, ...]:
    """One learning curve for each model that is trained."""
    from lessgad.report.learning_curve import learning_curve
    from lessgad.training.trainer import CURVE_FILE

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
    """The sheet of each prepared study, for a person to check; the first forty of a large cohort.

    Args:
        experiment: The opened experiment.
        studies: Studies of the cohort.
    """
    pictures = []
    for study in studies[:MOST_PREPARATIONS]:
        path = prepared_files(experiment, study).picture
        if path.is_file():
            alt = f"Preparation of {study.name}: scans, histograms, difference and checkerboards"
            pictures.append(Picture(path.read_bytes(), alt, f"Preparation of {study.name}."))
    return tuple(pictures)


def calibration_picture(experiment: Experiment, studies: Sequence[Study]) -> Picture | None:
    """Figure 2, of the first study that was prepared; the low dose at 20 % as in the paper.

    Args:
        experiment: The opened experiment.
        studies: Studies of the cohort.
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
        " The factor that varies through the head comes before the one in the figure." if method == "smooth" else ""
    )
    caption = f"{study.name}: calibration ({method}) and a simulated low dose.{smooth}"
    return Picture(to_png(figure), alt, caption)


def most_tumor(experiment: Experiment, judged: set[tuple[str, str]]) -> list[tuple[Study, PreparedStudy]]:
    """Choose the studies to show: the largest tumor of each test patient, the largest of these first.

    Args:
        experiment: The opened experiment.
        judged: Patient and session of each judged study.
    """
    regions = experiment.settings.cohort.regions
    best: dict[str, tuple[int, Study, PreparedStudy]] = {}
    for study in experiment.studies(["test"]):
        if (study.patient, study.session) in judged:
            prepared = read_prepared(prepared_files(experiment, study))
            tumor = prepared.tumor(regions)
            size = 0 if tumor is None else int(tumor.sum(axis=(0, 1)).max())
            if study.patient not in best or size > best[study.patient][0]:
                best[study.patient] = size, study, prepared
    ordered = sorted(best.values(), key=lambda entry: (-entry[0], entry[1].name))
    return [(study, prepared) for _, study, prepared in ordered[:N_GALLERIES]]


def _gallery_study(
    experiment: Experiment,
    study: Study,
    prepared: PreparedStudy,
    scores: dict[tuple[str, str, float, str], SimilarityRow],
    usable: Collection[str],
) -> GalleryStudy:
    tumor = prepared.tumor(experiment.settings.cohort.regions)
    k = tumor_slice(tumor, prepared.head.shape[2])
    pre_contrast, standard_dose = prepared.pre_contrast[:, :, k], prepared.standard_dose[:, :, k]
    planes = []
    judged = [dose for dose in experiment.settings.doses if evaluated(study, dose) in usable]
    for dose in gallery_doses(judged):
        restored = in_transverse_order(read_volume(restored_file(experiment, study, dose))).array[:, :, k]
        before, after = (scores.get((study.patient, study.session, dose, m)) for m in ("unrestored", "restored"))
        low_dose = low_doses_at(experiment, study, dose).at(prepared, dose, [k]).image[:, :, 0]
        planes.append(DosePlane(dose, low_dose, np.asarray(restored), _score(before), _score(after)))
    return GalleryStudy(
        title_lines=[study.name, f"transverse slice with the most tumor; doses {_doses(planes)}"],
        pre_contrast=np.asarray(pre_contrast),
        standard_dose=np.asarray(standard_dose),
        planes=planes,
        tumor=np.zeros(pre_contrast.shape, dtype=bool) if tumor is None else tumor[:, :, k],
        spacing_mm=prepared.spacing_mm[:2],
        second_peak=-1 + 2 / experiment.settings.preparation.full_scale,
    )


def _score(row: SimilarityRow | None) -> Score | None:
    return None if row is None else Score(row.psnr_db, row.ssim)


def _doses(planes: Sequence[DosePlane]) -> str:
    return ", ".join(percent(plane.dose) for plane in planes)
