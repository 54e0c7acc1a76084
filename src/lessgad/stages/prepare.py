# SPDX-License-Identifier: Apache-2.0
"""Stage prepare: turn the two scans of each study into two comparable images, and draw a picture of each step."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lessgad.cohort.acquisition import Acquisition, Sidecars, read_acquisition
from lessgad.cohort.contrast_tags import contrast_cautions
from lessgad.cohort.study import Study
from lessgad.dose.field_strength import field_cautions
from lessgad.dose.relaxivity import agent_cautions, agent_used
from lessgad.dose.simulation import SimulationSettings
from lessgad.dose.source_pair import ScanNoise, denoised_source_pair, scan_noise
from lessgad.engine.unit import Doing, Unit
from lessgad.errors import CohortError
from lessgad.experiment.opened import Experiment
from lessgad.experiment.study_files import prepared_files
from lessgad.preparation.lost_to_calibration import loss_cautions, lost_in
from lessgad.preparation.mask import carried_mask, check_inside_head, check_labels, read_mask
from lessgad.preparation.noise_correlation import WHITE
from lessgad.preparation.pair_checks import check_two_files, check_two_scans, darker_after_contrast
from lessgad.preparation.prepared_study import PreparedFiles, PreparedStudy, Regions, write_prepared
from lessgad.preparation.ratio_modes import mode_cautions
from lessgad.preparation.scan_checks import OrientationUnknown, check_scan
from lessgad.preparation.settings import PreparationSettings
from lessgad.preparation.unlike_pair import check_alike
from lessgad.report.preparation_sheet import write_sheet
from lessgad.volume import Volume, in_transverse_order, read_volume

if TYPE_CHECKING:
    from lessgad.preparation.pair import PreparedPair

VERSION = 14


@dataclass(frozen=True)
class PreparationTask:
    """Data that a worker needs to prepare one study.

    Attributes:
        study: The study, with its files.
        files: Files for the results.
        acquisitions: Acquisition parameters of the T1 and of the T1ce; the error where a sidecar cannot be read.
        settings: Settings of the preparation.
        simulation: Settings of the low-dose simulation.
        regions: Label values of each region.
        known_labels: Labels that a dseg.tsv or `not_tumor` names; others, outside the regions, are an error.
        orientation_unknown: Treatment of images whose header does not give their orientation.
        n_threads: Number of threads of the registration.
    """

    study: Study
    files: PreparedFiles
    acquisitions: tuple[Acquisition, Acquisition] | CohortError
    settings: PreparationSettings
    simulation: SimulationSettings
    regions: Regions
    known_labels: tuple[int, ...]
    orientation_unknown: OrientationUnknown
    n_threads: int


def units(experiment: Experiment, n_threads: int = 1) -> list[Unit]:
    """Make one unit for each study of the cohort, in any subset.

    Args:
        experiment: The opened experiment.
        n_threads: Number of threads of the registration.

    Returns:
        The units.
    """
    settings = experiment.settings
    of_all = {
        "settings": settings.preparation.model_dump(mode="json"),
        "regions": settings.cohort.regions,
        "known_labels": tuple(sorted({*experiment.label_names, *settings.cohort.not_tumor})),
        "orientation_unknown": settings.cohort.orientation_unknown,
        "denoised": settings.simulation.adds_noise,
        "noise_required": settings.simulation.noise == "matched",
    }
    return [_unit(experiment, study, n_threads, of_all) for study in experiment.cohort.studies]


def _unit(experiment: Experiment, study: Study, n_threads: int, of_all: dict[str, Any]) -> Unit:
    settings, root = experiment.settings, experiment.cohort.root
    task = PreparationTask(
        study=study,
        files=prepared_files(experiment, study),
        acquisitions=_acquisitions(study, experiment.sidecars),
        settings=settings.preparation,
        simulation=settings.simulation,
        regions=settings.cohort.regions,
        known_labels=of_all["known_labels"],
        orientation_unknown=settings.cohort.orientation_unknown,
        n_threads=n_threads,
    )
    found = task.acquisitions
    hashes = {
        path: experiment.hashes.of(path) for path in (study.pre_contrast, study.standard_dose, study.mask) if path
    }
    ingredients = {
        **of_all,
        "pre_contrast": hashes[study.pre_contrast],
        "standard_dose": hashes[study.standard_dose],
        "mask": hashes[study.mask] if study.mask else None,
        "mask_space": study.mask_space,
        "acquisitions": str(found) if isinstance(found, CohortError) else [asdict(one) for one in found],
    }
    files = task.files
    outputs = [files.pre_contrast, files.standard_dose, files.head, files.description, files.picture]
    if settings.simulation.adds_noise:
        outputs += [files.clean_pre_contrast, files.clean_standard_dose]
    return Unit(
        "prepare",
        study.name,
        f"preparation of {study.name}",
        VERSION,
        ingredients,
        partial(prepare_study, task),
        outputs=tuple(outputs + [files.labels] * (study.mask is not None)),
        subject=study.name,
        sources=tuple(hashes.items()),
        stands_on=root,
    )


def _acquisitions(study: Study, sidecars: Sidecars) -> tuple[Acquisition, Acquisition] | CohortError:
    """Read the sidecars; what is wrong with one is this study's failure, not the cohort's."""
    try:
        return read_acquisition(study.pre_contrast, sidecars), read_acquisition(study.standard_dose, sidecars)
    except CohortError as error:
        return error


@dataclass(frozen=True, eq=False)
class Prepared:
    """A study that was prepared and not yet written.

    Attributes:
        pair: All its steps.
        study: Study as it is stored.
        grid: T1 as read.
        tumor: Mask of the tumor; None without one.
        description: Description for the record.
        cautions: Reasons to look at this study, in words.
    """

    pair: PreparedPair
    study: PreparedStudy
    grid: Volume
    tumor: np.ndarray | None
    description: dict[str, Any]
    cautions: tuple[str, ...]


def prepare_study(task: PreparationTask, _doing: Doing) -> None:
    """Prepare one study and write it.

    Args:
        task: What to prepare.
        _doing: Not used.

    Raises:
        StudyError: It cannot be registered or calibrated, or its mask does not fit.
        VolumeError: One of its files cannot be used.
        CohortError: One of its sidecars cannot be read.
    """
    done = prepared(task)
    write_sheet(task.files.picture, done.pair, done.study, done.tumor, done.cautions)
    write_prepared(task.files, done.study, done.grid, {**done.description, "cautions": done.cautions})


def prepared(task: PreparationTask) -> Prepared:
    """Prepare one study without writing it; the errors are those of `prepare_study`."""
    from lessgad.preparation.pair import prepare_pair

    if isinstance(task.acquisitions, CohortError):
        raise task.acquisitions
    check_alike(*task.acquisitions, task.settings)
    pre_contrast, standard_dose = (read_volume(path) for path in (task.study.pre_contrast, task.study.standard_dose))
    agent = task.acquisitions[1].contrast_agent
    cautions = [*contrast_cautions(*task.acquisitions), *field_cautions(task.acquisitions[1]), *agent_cautions(agent)]
    for scan, name in ((pre_contrast, "T1"), (standard_dose, "T1ce")):
        cautions += check_scan(scan, name, task.orientation_unknown, task.settings.noise_floor)
    check_two_files(pre_contrast, standard_dose)
    grid = in_transverse_order(pre_contrast)
    pair = prepare_pair(grid, in_transverse_order(standard_dose), task.settings, task.n_threads)
    check_two_scans(pair.pre_contrast, pair.calibrated, pair.head)
    cautions += mode_cautions(pair.pre_contrast, pair.calibrated, pair.head)
    carried, covered = None, pair.covered
    if task.study.mask is not None:
        mask = read_mask(task.study.mask, task.study.mask_space, pre_contrast, standard_dose, task.orientation_unknown)
        check_labels(mask, task.regions, task.known_labels, task.study.mask)
        carried = carried_mask(mask, pre_contrast, pair.transform, pair.covered & pair.filled, task.regions)
        covered = pair.covered & pair.filled if carried.covered_share < 1 else covered
        cautions += carried.cautions
    noise = scan_noise(pair, in_transverse_order(standard_dose), required=task.simulation.noise == "matched")
    clean = denoised_source_pair(pair, noise) if task.simulation.adds_noise else (None, None)
    study = PreparedStudy(
        patient=task.study.patient,
        session=task.study.session,
        pre_contrast=pair.normalized_pre_contrast,
        standard_dose=pair.normalized_standard_dose,
        labels=None if carried is None else carried.labels,
        head=pair.head,
        head_box=pair.head_box,
        spacing_mm=grid.spacing_mm,
        normalization=pair.normalization,
        tissue_level=pair.tissue_level,
        acquisition=task.acquisitions[1],
        sigma=noise.standard_dose.sigma if noise.standard_dose else None,
        sigma_pre_contrast=noise.pre_contrast.sigma if noise.pre_contrast else None,
        noise_correlation=noise.standard_dose.correlation if noise.standard_dose else WHITE,
        clean_pre_contrast=clean[0],
        clean_standard_dose=clean[1],
        covered=None if covered.all() else covered,
    )
    tumor = study.tumor(task.regions)
    if tumor is not None:
        check_inside_head(tumor, pair.head, task.study.mask)
        cautions += darker_after_contrast(study.pre_contrast, study.standard_dose, tumor)
    cautions += loss_cautions(lost := lost_in(pair, tumor, grid.spacing_mm))
    description = {
        **_description(pair, tumor, noise),
        "enhancement_lost_to_calibration": lost,
        "agent": {"named": agent, "relaxivity_of": agent_used(agent)},
        "tumor": None if carried is None else carried.description(),
    }
    return Prepared(pair, study, pre_contrast, tumor, description, tuple(cautions))


def _description(pair: PreparedPair, tumor: np.ndarray | None, noise: ScanNoise) -> dict[str, Any]:
    return {
        "transform_t1_to_t1ce_ras_mm": pair.transform.matrix.tolist(),
        "rotation_deg": pair.transform.rotation_deg,
        "translation_mm": pair.transform.translation_mm,
        "alignment": asdict(pair.alignment),
        "t1ce_to_t1_intensity": asdict(pair.to_pre_contrast),
        "t1ce_gain": None if pair.gain is None else pair.gain.to_dict(),
        "t1_peaks": asdict(pair.peaks),
        "noise": asdict(noise),
        "clipped_fraction_tumor": None if tumor is None else pair.clipped_fraction(tumor),
        "clipped_fraction_head": pair.clipped_fraction(pair.head),
    }
