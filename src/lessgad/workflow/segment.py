# SPDX-License-Identifier: Apache-2.0
"""Stage segment: one network outlines the tumor in the standard dose and in every image of every dose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from lessgad.atomic_write import write_text
from lessgad.cohort.study import Study
from lessgad.dose_fraction import dose_label, percent
from lessgad.evaluation.overlap_csv import STANDARD, image_of_method
from lessgad.evaluation.result_rows import GAUSSIAN, RESTORED, SUBTRACT_AND_SCALE, UNRESTORED
from lessgad.experiment.fingerprint import fingerprint
from lessgad.preparation.prepared_study import PreparedStudy, read_prepared
from lessgad.segmentation.region_labels import dseg_tsv
from lessgad.segmentation.settings import SegmentationSettings
from lessgad.volume import Volume, in_order_of, in_transverse_order, read_volume, write_volume
from lessgad.workflow.experiment import Experiment
from lessgad.workflow.judged_images import Image, judged_images
from lessgad.workflow.low_doses import judged_doses, low_doses
from lessgad.workflow.prepare import prepared_files
from lessgad.workflow.restore import plan_restoration
from lessgad.workflow.segmentation_model import keeps_largest, load_segmenter, model_unit
from lessgad.workflow.study_images import external_hashes, study_images
from lessgad.workflow.unit import Advance, Unit, unit_state

VERSION = 1
METHODS = (UNRESTORED, SUBTRACT_AND_SCALE, "denoise", "denoise_and_scale", GAUSSIAN, RESTORED)
Segmentations = dict[tuple[float, str], Path]


def plan_segmentation(experiment: Experiment) -> list[Unit]:
    """Give one unit for the model and one for each study that is restored; none where no segmentation is asked for."""
    settings = experiment.settings.segmentation
    if settings is None:
        return []
    model = model_unit(experiment, settings)
    restorations = {unit.name: unit for unit in plan_restoration(experiment)}
    units = [model]
    for study in experiment.studies(experiment.settings.subsets):
        restoration = restorations.get(study.name)
        if restoration is None or unit_state(experiment.folder, restoration) == "failed":
            continue
        mark = fingerprint(
            VERSION,
            model=model.fingerprint,
            mirroring=settings.mirroring,
            restored=restoration.fingerprint,
            baselines=restorations["baselines"].fingerprint,
            external=external_hashes(experiment, study_images(experiment, study)),
        )
        work = partial(segment_study, experiment, settings, study, model.fingerprint)
        outputs = tuple(segmentation_files(experiment, study).values())
        units.append(Unit("segment", study.name, f"segmentation of {study.name}", mark, work, outputs, of_study=True))
    return units


def segmentation_files(experiment: Experiment, study: Study) -> Segmentations:
    """Say where each segmentation lies, by dose and image as in results/overlap.csv; 1 is the standard dose."""
    folder = experiment.folder.segmentations(study.patient, study.session)
    external = study_images(experiment, study).external
    labels = _labels([*METHODS, *external])
    files = {(1.0, STANDARD): folder / f"{study.name}_ce-gadolinium_desc-standard_dseg.nii.gz"}
    for dose in judged_doses(experiment, study):
        for method in (*METHODS, *external):
            judged = dose in external[method] if method in external else dose > 0 or method != SUBTRACT_AND_SCALE
            if judged:
                name = f"{study.name}_ce-gadolinium_desc-{dose_label(dose)}{labels[method]}_dseg.nii.gz"
                files[dose, image_of_method(method)] = folder / name
    return files


def segment_study(
    experiment: Experiment, settings: SegmentationSettings, study: Study, model: str, advance: Advance
) -> None:
    """Outline the regions in every image of a study; written on the grid of its T1."""
    from lessgad.segmentation.nnunet_largest import largest_piece

    segmenter, largest_alone = load_segmenter(experiment, settings, model), keeps_largest(experiment)
    prepared_at = prepared_files(experiment, study)
    prepared, grid = read_prepared(prepared_at), read_volume(prepared_at.pre_contrast)
    affine = in_transverse_order(grid).affine
    files = segmentation_files(experiment, study)
    meaning = dseg_tsv(experiment.settings.cohort.regions)
    write_text(next(iter(files.values())).with_name("dseg.tsv"), meaning)
    for number, (dose, image_name, image) in enumerate(_images(experiment, study, prepared, grid)):
        words = "at the standard dose" if image_name == STANDARD else f"at {percent(dose)}, {image_name}"
        advance(number / len(files), f"{study.name} {words}")
        labels = segmenter.segment(image, prepared.head, grid)
        labels = largest_piece(labels) if largest_alone else labels
        write_volume(files[dose, image_name], in_order_of(Volume(labels, affine), grid))


def _images(
    experiment: Experiment, study: Study, prepared: PreparedStudy, grid: Volume
) -> Iterator[tuple[float, str, Image]]:
    yield 1.0, STANDARD, prepared.standard_dose
    images, scans = study_images(experiment, study), low_doses(experiment, study)
    for dose in judged_doses(experiment, study):
        low_dose = scans.at(prepared, dose)
        for method, image in judged_images(images, prepared, low_dose.image, dose, low_dose.simulator, grid):
            yield dose, image_of_method(method), image


def _labels(methods: list[str]) -> dict[str, str]:
    """What file names say of a method: letters and digits alone, as BIDS asks; two that are alike get a number."""
    labels: dict[str, str] = {}
    for method in methods:
        plain = re.sub(r"[^A-Za-z0-9]", "", image_of_method(method))
        labels[method] = plain if plain and plain not in labels.values() else f"{plain}{len(labels)}"
    return labels
