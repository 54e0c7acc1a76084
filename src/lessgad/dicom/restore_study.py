# SPDX-License-Identifier: Apache-2.0
"""Restore the low-dose scan of a DICOM study, and file the result beside the original as derived series."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import lessgad
from lessgad.atomic_write import saying_why
from lessgad.cohort.acquisition import Acquisition, acquisition_beside
from lessgad.dicom.burnt_in import NOT_FOR_DIAGNOSIS
from lessgad.dicom.candidate import Candidate
from lessgad.dicom.derived_series import DerivedImage, write_derived_series
from lessgad.dicom.export import read_export
from lessgad.dicom.geometry import SliceGrid
from lessgad.dicom.import_rules import ImportRules, Role, SeriesDecision
from lessgad.dicom.nifti_conversion import convert
from lessgad.dicom.roles import assign_roles
from lessgad.dicom.series import Series, SeriesHeader
from lessgad.dicom.sidecar import sidecar
from lessgad.dose_fraction import percent
from lessgad.errors import DicomError, DoseError, ModelError, SeriesError
from lessgad.preparation.scan_checks import check_scan
from lessgad.restoration.conformal_intervals import OF_SCANNED_LOW_DOSES
from lessgad.volume import Volume

if TYPE_CHECKING:
    from lessgad.preparation.settings import NoiseFloor
    from lessgad.restoration.restorer import Restoration, Restorer

_SAME_DOSE = 0.005


@dataclass(frozen=True, eq=False)
class StudyScans:
    """The scans of one study that a restoration needs.

    Attributes:
        low_dose: The scan to restore.
        dose: Dose as a fraction of the standard dose, 0–1.
        pre_contrast: T1, if there is one.
        t2: T2, if there is one.
    """

    low_dose: Candidate
    dose: float
    pre_contrast: Candidate | None
    t2: Candidate | None


def find_scans(
    folder: Path, rules: ImportRules, dose: float | None = None, named: Mapping[int, Role] | None = None
) -> StudyScans:
    """Find the low dose, the T1 and the T2 of the one study in a folder.

    Args:
        folder: DICOM files of one study.
        rules: Rules by which series get their role.
        dose: Fraction of the standard dose of the low dose; None takes what tags and words say.
        named: Roles that are given by series number.

    Returns:
        The scans and the dose.

    Raises:
        DicomError: The folder holds several patients or studies, or no such scan (says what was found).
        DoseError: `dose` is not that of the scan, or is not known.
    """
    if dose is not None and not 0 < dose < 1:
        raise DoseError(f"The dose is {dose:g}; for a DICOM study it must lie between 0 and 1")
    study = _only_study(read_export(folder).series, folder)
    decisions = tuple(
        SeriesDecision(role=role, number=number, dose=(dose or 0.5) if role == "low_dose" else None)
        for number, role in (named or {}).items()
    )
    found = assign_roles(study, rules.model_copy(update={"series": (*decisions, *rules.series)}))
    low = [one for one in found if one.role == "low_dose"]
    if named and "low_dose" in named.values() and dose is None:
        raise DoseError("--series names the low-dose scan without its dose", remedy="Give it with --dose")
    low = [one for one in low if dose is not None and abs((one.dose or 0) - dose) <= _SAME_DOSE] or low
    if len(low) != 1:
        words = "; ".join(f"series {one.series.header.number}: {_words(one)}" for one in found) or "no series"
        remedy = "Name it: --series low_dose=NUMBER --dose DOSE, and --series pre_contrast=NUMBER"
        raise DicomError(f"Not exactly one low-dose scan is recognized: {words}", path=folder, remedy=remedy)
    known = low[0].dose or 0.0
    if dose is not None and abs(known - dose) > _SAME_DOSE:
        words = f"--dose is {dose:g}, and the header of the scan says {percent(known)}"
        raise DoseError(words, remedy="Insist with --series low_dose=NUMBER")
    by_role = {one.role: one for one in found}
    return StudyScans(low[0], known if dose is None else dose, by_role.get("pre_contrast"), by_role.get("t2"))


def has_low_dose(folder: Path, rules: ImportRules) -> bool:
    """Say whether a study holds a low-dose scan; several patients or studies raise DicomError.

    Args:
        folder: The DICOM folder of the study.
        rules: Rules by which series get their role.

    Returns:
        True if it does.
    """
    study = _only_study(read_export(folder).series, folder)
    return any(one.role == "low_dose" or (one.irregular and one.is_t1) for one in assign_roles(study, rules))


def restore_study(
    scans: StudyScans, out: Path, restorer: Restorer, *, burn_in: bool = True, noise_floor: NoiseFloor | None = None
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Restore a study and write the result, the half-width of its interval and its discrepancy as derived series.

    Args:
        scans: Scans of one study.
        out: A folder that does not exist or is empty; it appears whole, or not at all.
        restorer: The model.
        burn_in: Whether "NOT FOR DIAGNOSIS" is written into the pixels.
        noise_floor: Treatment of scans whose air is not near zero; None takes the settings of the model.

    Returns:
        The folders of the series, and cautions.

    Raises:
        DicomError: `out` is not empty.
        SeriesError: A series cannot be read.
        StudyError: A scan cannot be of a head.
        ModelError: The model needs a T1 and there is none.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DicomError("The folder for the result is not empty", path=out, remedy="Choose a new or empty one")
    if restorer.needs_pre_contrast and scans.pre_contrast is None:
        raise DicomError(
            "This model needs a T1 before contrast, and none is recognized",
            path=scans.low_dose.series.folder,
            remedy="Name it: --series pre_contrast=NUMBER",
        )
    floor = noise_floor or restorer.description.preparation.noise_floor
    low, low_header = _read(scans.low_dose, "low dose", floor)
    t1 = _read(scans.pre_contrast, "T1", floor)[0] if scans.pre_contrast is not None else None
    t2 = _read(scans.t2, "T2", floor)[0] if scans.t2 is not None and restorer.takes_t2 else None
    restoration, unchecked = _restored(restorer, low, scans.dose, t1, t2, low_header)
    cautions = (*restoration.cautions, *unchecked)
    sources = [one.grid for one in (scans.pre_contrast, scans.t2 if t2 is not None else None) if one is not None]
    others = tuple(grid for grid in sources if grid is not None)
    with saying_why(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".tmp-{out.name}-", dir=out.parent) as temporary:
            whole = Path(temporary) / out.name
            for image, volume in _images(restoration, scans.dose, cautions, burn_in=burn_in):
                write_derived_series(whole / image.name, volume.array, _grid(scans.low_dose), others, image)
            if out.exists():
                out.rmdir()
            shutil.move(whole, out)
    return tuple(sorted(out.iterdir(), reverse=True)), cautions


def acquisition(header: SeriesHeader) -> Acquisition:
    """Give the parameters of a series for the restorer, the same as from the sidecar that an import writes."""
    with tempfile.TemporaryDirectory(prefix="lessgad-dicom-") as temporary:
        (Path(temporary) / "scan.json").write_text(json.dumps(sidecar(header, {}, 1.0)), encoding="utf-8")
        found = acquisition_beside(Path(temporary) / "scan.nii.gz")
    return found or Acquisition()


def _only_study(series: tuple[Series, ...], folder: Path) -> list[Series]:
    patients = {one.header.patient.identity for one in series}
    studies = {one.header.study_uid for one in series}
    if len(patients) > 1 or len(studies) > 1:
        came = f"{len(patients)} patients" if len(patients) > 1 else f"{len(studies)} studies"
        raise DicomError(
            f"The folder holds {came}; it must hold the series of one study",
            path=folder,
            remedy="Put each study into a folder of its own",
        )
    return sorted(series, key=lambda one: one.order)


def _words(candidate: Candidate) -> str:
    return f"{candidate.suffix} ({candidate.reason})" if candidate.role else candidate.reason


def _grid(candidate: Candidate) -> SliceGrid:
    if candidate.grid is None:
        raise SeriesError(candidate.reason)
    return candidate.grid


def _read(candidate: Candidate, name: str, noise_floor: NoiseFloor) -> tuple[Volume, SeriesHeader]:
    """Read a scan, and refuse one that cannot be of a head."""
    volume = convert(_grid(candidate), candidate.series.header.transfer_syntax_uid)[0]
    check_scan(volume, name, noise_floor=noise_floor)  # a series says how it lies in space, or is not read at all
    return volume, candidate.series.header


def _restored(
    restorer: Restorer, low: Volume, dose: float, t1: Volume | None, t2: Volume | None, header: SeriesHeader
) -> tuple[Restoration, tuple[str, ...]]:
    """Restore, with a map of discrepancy if the scan has an equation; otherwise a caution gives the reason."""
    restore = partial(restorer.restore_in_full, low, dose, t1, t2, acquisition=acquisition(header))
    try:
        return restore(check=True), ()
    except ModelError as error:
        return restore(), (f"the image was not checked against the scan. {error.problem}",)


def _images(
    restoration: Restoration, dose: float, cautions: tuple[str, ...], *, burn_in: bool
) -> list[tuple[DerivedImage, Volume]]:
    version, share = f"lessgad {lessgad.__version__}", percent(dose)
    lines = (NOT_FOR_DIAGNOSIS, f"restored from {share}") if burn_in else ()
    derivation = (
        f"{NOT_FOR_DIAGNOSIS}. Standard-dose image estimated by {version} from a scan at {share} of the dose of "
        "contrast agent. Research software, not a medical device."
    )
    restored = DerivedImage(
        "restored", 1, f"{NOT_FOR_DIAGNOSIS} {version} from {share}", derivation, (NOT_FOR_DIAGNOSIS, *cautions), lines
    )
    images = [(restored, restoration.image)]
    if restoration.half_width is not None:
        words = cautions if restoration.of_scans else (*cautions, OF_SCANNED_LOW_DOSES)
        half = replace(
            restored,
            name="halfwidth",
            number=2,
            description=f"{NOT_FOR_DIAGNOSIS} {version} half-width 90 %",
            derivation=f"{derivation} Half-width of the 90 % interval of each voxel, in the unit of the image.",
            comments=(NOT_FOR_DIAGNOSIS, *words),
            burnt_in=(NOT_FOR_DIAGNOSIS, "half-width 90 %") if burn_in else (),
        )
        images.append((half, restoration.half_width))
    if (found := restoration.discrepancy) is not None:
        discrepancy = replace(
            restored,
            name="discrepancy",
            number=3,
            description=f"{NOT_FOR_DIAGNOSIS} {version} discrepancy",
            derivation=f"{derivation} Where the image disagrees with the measured low dose: too bright +, too dark -.",
            comments=(NOT_FOR_DIAGNOSIS, found.words, *cautions),
            burnt_in=(NOT_FOR_DIAGNOSIS, "discrepancy") if burn_in else (),
        )
        images.append((discrepancy, found.error))
    return images
