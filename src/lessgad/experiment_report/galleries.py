# SPDX-License-Identifier: Apache-2.0
"""Figure 3: the studies with the most tumor, low dose above and restored below at several doses."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from lessgad.cohort.study import Study
from lessgad.dose_fraction import percent
from lessgad.evaluation.results.similarity import SimilarityRow
from lessgad.experiment.opened import Experiment
from lessgad.experiment.scanned import low_doses_at
from lessgad.experiment.study_files import prepared_files, restored_file
from lessgad.experiment.unit_names import evaluated
from lessgad.preparation.prepared_study import PreparedStudy, read_prepared
from lessgad.report.content import Picture
from lessgad.report.dose_gallery import DosePlane, GalleryStudy, Score, dose_gallery, gallery_doses
from lessgad.report.slice_picture import tumor_slice
from lessgad.report.style import to_png
from lessgad.volume import in_transverse_order, read_volume

N_GALLERIES = 2


def galleries(experiment: Experiment, rows: Sequence[SimilarityRow], usable: Collection[str]) -> tuple[Picture, ...]:
    """Draw Figure 3 for the test studies with the most tumor, one per patient.

    Args:
        experiment: The opened experiment.
        rows: Rows of the similarity table.
        usable: Keys of the units whose results can be used.

    Returns:
        One picture per study.
    """
    scores = {(row.patient, row.session, row.dose, row.method): row for row in rows if row.area == "tumor_box"}
    chosen = most_tumor(experiment, {(row.patient, row.session) for row in rows if row.subset == "test"})
    pictures = []
    for study, prepared in chosen:
        figure = dose_gallery(_gallery_study(experiment, study, prepared, scores, usable))
        alt = "T1 and T1ce at the left; at several doses, low-dose images above and restored images below"
        caption = (
            f"{study.name}: low dose above, restored below; whole slice and close-up, in which white is the "
            "brightest tumor. PSNR and SSIM are those of the tumor's box in the whole volume."
        )
        pictures.append(Picture(to_png(figure), alt, caption))
    return tuple(pictures)


def most_tumor(experiment: Experiment, judged: set[tuple[str, str]]) -> list[tuple[Study, PreparedStudy]]:
    """Choose the study with the largest tumor of each test patient.

    Args:
        experiment: The opened experiment.
        judged: Patient and session of each judged study.

    Returns:
        Study and prepared images, largest tumor first.
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
        restored = in_transverse_order(read_volume(restored_file(experiment, study, dose), own=True)).array[:, :, k]
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
