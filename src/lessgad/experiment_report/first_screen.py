# SPDX-License-Identifier: Apache-2.0
"""What the report says first: what was asked, what was found, whether to believe it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from lessgad.cohort.study import Study
from lessgad.dose.simulation_record import SimulationRecord
from lessgad.dose_fraction import percent
from lessgad.evaluation.dose_answer import DoseAnswer
from lessgad.evaluation.patient_level import patient_means
from lessgad.evaluation.results.table import RESTORED
from lessgad.experiment.opened import Experiment
from lessgad.experiment.scanned import low_doses_at
from lessgad.experiment.study_cautions import StudyCaution
from lessgad.experiment.study_files import prepared_files, restored_file
from lessgad.experiment.unit_names import evaluated
from lessgad.experiment_report.checks import checks, missing_evidence
from lessgad.experiment_report.endpoint_curves import endpoint_curves
from lessgad.experiment_report.repeat_scans import repeat_scans
from lessgad.preparation.prepared_study import read_prepared
from lessgad.report.answer_section import AnswerSection
from lessgad.report.content import FailedStudy, FirstScreen, Picture
from lessgad.report.endpoint_figure import endpoint_figure, has_bounds, has_control
from lessgad.report.found_in_short import evidence_in_short, found_in_short, how_judged
from lessgad.report.median_and_worst import PatientPlane, median_and_worst, median_and_worst_figure
from lessgad.report.reading_section import ReadingSection
from lessgad.report.slice_picture import tumor_slice
from lessgad.report.style import to_png, to_svg
from lessgad.scoring.study_scores import StudyScores
from lessgad.volume import in_transverse_order, read_volume


def first_screen(
    experiment: Experiment,
    scores: StudyScores,
    answer: DoseAnswer,
    section: AnswerSection,
    records: Sequence[SimulationRecord],
    cautions: Sequence[StudyCaution],
    failures: Sequence[FailedStudy],
    usable: Collection[str],
    readings: ReadingSection | None = None,
) -> FirstScreen:
    """Compose the first screen of the report.

    Args:
        experiment: The opened experiment.
        scores: Scores of all studies.
        answer: The dose answer.
        section: Section that states it in words.
        records: Simulation record of each study.
        cautions: Cautions of prepared studies.
        failures: Studies that failed, with reasons.
        usable: Units that can be used.
        readings: The reader study; None if there is none.

    Returns:
        Its content.
    """
    curves = endpoint_curves(answer)
    figure = endpoint_figure(curves)
    bounds = (
        f"The line below a mark ends at the lower confidence bound ({percent(1 - answer.settings.level)}) of the share "
        "of all patients. It must end above the dashed line, the share that is needed."
        if has_bounds(curves)
        else "The dashed line is the share that is needed. There are too few patients for a confidence bound."
    )
    exempt = (
        " Without contrast nothing is falsely enhanced, so 0 % meets the endpoints of false enhancement and artifacts."
        if any(not endpoint.kind.needs_contrast for endpoint in answer.settings.endpoints) and has_control(curves)
        else ""
    )
    doses = [dose for dose in sorted(answer.doses) if dose > 0]
    dose = answer.lowest_dose or (doses[0] if doses else None)
    return FirstScreen(
        asked=_asked(experiment, answer),
        found=found_in_short(answer, section.headline),
        judged=how_judged(answer),
        evidence=evidence_in_short(answer),
        style=section.style,
        checks=checks(
            experiment,
            scores,
            answer,
            records,
            cautions,
            failures,
            repeat_scans(experiment, scores, usable),
            readings,
        ),
        missing_evidence=missing_evidence(experiment, answer, readings),
        figure=None
        if figure is None
        else Picture(
            b"",
            "For each endpoint, the share of patients who meet it at each dose from no contrast to the standard dose, "
            "and the share that is needed",
            f"Share of the {answer.n_test_patients} test patients who meet each endpoint, by dose. {bounds}{exempt}",
            svg=to_svg(figure),
        ),
        images=() if dose is None or answer.settings.method != RESTORED else _images(experiment, scores, dose, usable),
    )


def _asked(experiment: Experiment, answer: DoseAnswer) -> str:
    doses = [percent(dose) for dose in sorted(answer.doses)]
    came = "" if experiment.settings.low_dose == "measured" else "simulated "
    tested = ", ".join(doses) or "no dose"
    n, method = answer.n_test_patients, answer.settings.method
    who = "A network" if method == RESTORED else f"The method “{method}”"
    return (
        f"What is the lowest sufficient dose of contrast agent? {who} restored {came}low-dose scans ({tested}) "
        f"of {n} test {'patient' if n == 1 else 'patients'} to images like those at the standard dose. The restored "
        "images were compared with the patients’ standard-dose scans."
    )


def _images(experiment: Experiment, scores: StudyScores, dose: float, usable: Collection[str]) -> tuple[Picture, ...]:
    """Show the median and the worst test patient, by SSIM in the tumor's box (of the head, without masks)."""
    area = "tumor_box" if any(row.area == "tumor_box" and row.subset == "test" for row in scores.similarity) else "head"
    rows = [
        row
        for row in scores.similarity
        if (row.subset, row.area, row.method, row.dose) == ("test", area, RESTORED, dose)
    ]
    values = patient_means(np.array([row.ssim for row in rows]), [row.patient for row in rows])
    if not values:
        return ()
    worst_of = {row.patient: row for row in sorted(rows, key=lambda row: -row.ssim)}  # the lowest one stays
    studies = {(study.patient, study.session): study for study in experiment.studies(["test"])}
    middle, worst = median_and_worst(values)
    planes = []
    for patient, words in (
        ((middle, "median patient"), (worst, "worst patient")) if middle != worst else ((worst, "only patient"),)
    ):
        study = studies[patient, worst_of[patient].session]
        if evaluated(study, dose) in usable:
            label = f"{words}, SSIM {values[patient]:.3f}: {study.name}"
            planes.append(_plane(experiment, study, dose, label))
    what, which = (
        ("the tumor’s box", "slice with the most tumor") if area == "tumor_box" else ("the head", "middle slice")
    )
    worst_study = "; the worst study of each" if len(rows) > len(values) else ""
    caption = (
        f"The median and the worst of {len(values)} test patients by SSIM (structural similarity to the standard dose) "
        f"in {what}, at {percent(dose)} of the dose{worst_study}, in the {which}."
    )
    return tuple(
        Picture(
            to_png(median_and_worst_figure([plane], dose)),
            f"Low-dose, restored and standard-dose slice of one patient ({plane.label})",
            caption,
            table="similarity",
        )
        for plane in planes
    )


def _plane(experiment: Experiment, study: Study, dose: float, label: str) -> PatientPlane:
    prepared = read_prepared(prepared_files(experiment, study))
    tumor = prepared.tumor(experiment.settings.cohort.regions)
    k = tumor_slice(tumor, prepared.head.shape[2])
    low = low_doses_at(experiment, study, dose).at(prepared, dose, [k]).image[:, :, 0]
    restored = in_transverse_order(read_volume(restored_file(experiment, study, dose), own=True)).array[:, :, k]
    standard = np.asarray(prepared.standard_dose[:, :, k])
    shown = np.zeros(standard.shape, dtype=bool) if tumor is None else tumor[:, :, k]
    return PatientPlane(
        label, (low, np.asarray(restored), standard), shown, prepared.spacing_mm[:2], prepared.tissue_level
    )
