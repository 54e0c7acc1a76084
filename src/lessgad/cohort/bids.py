# SPDX-License-Identifier: Apache-2.0
"""Find the pairs, and their masks, in a BIDS folder; nothing in it is ever changed."""

from __future__ import annotations

import re
from pathlib import Path

from lessgad.cohort.repeats import first_scans, repeats_of
from lessgad.cohort.selection import Selection, entities, only, selected
from lessgad.cohort.study import Cohort, Study, UnusableStudy, study_name
from lessgad.cohort.tables import read_table
from lessgad.dose_fraction import dose_from_label, dose_label
from lessgad.errors import CohortError, DoseError
from lessgad.not_fetched import GET_IT, not_fetched

_IMAGES = (".nii.gz", ".nii")
_LAYOUT = "sub-P[/ses-S]/anat/sub-P[_ses-S]_T1w.nii.gz and …_ce-gadolinium_T1w.nii.gz"
_NOT_OF_THE_PAIR = {"desc", "space"}
_MEASURED_LOW_DOSE = re.compile(r"dose\d+(p\d+)?")


def read_cohort(root: Path, derivative: str | None = None, select: Selection | None = None) -> Cohort:
    """Read a BIDS folder.

    A study is a subject, or a session of one, with one ``T1w`` and one ``ce-<agent>_T1w``. Its mask is the
    ``dseg`` of a derivative, on the grid of the T1w or of the image that ``space-`` names. Scans at a lower dose
    (``acq-dose10_ce-<agent>_T1w``), further ones at the standard dose (``run-2``, ``acq-repeat``) and ``T2w`` are noted
    where they are, and never missed.

    Args:
        root: The folder with ``sub-…`` folders.
        derivative: The folder in ``derivatives/`` to take masks from; needed where several hold masks.
        select: Entities of the images that are meant, where a study has several of one kind.

    Returns:
        The studies with a pair, and the unusable ones with reasons.

    Raises:
        CohortError: The folder is missing or has no ``sub-…`` folders, no study has a pair, or `derivative`
            does not exist.
    """
    subjects = sorted(folder for folder in root.glob("sub-*") if folder.is_dir()) if root.is_dir() else []
    if not subjects:
        problem = "The folder has no sub-* folders" if root.is_dir() else "There is no such folder"
        raise CohortError(problem, path=root, remedy=f"Lay the images out as {_LAYOUT}")
    if derivative is not None and not (root / "derivatives" / derivative).is_dir():
        raise CohortError("There is no such derivative", path=root / "derivatives" / derivative)
    studies: list[Study] = []
    unusable: list[UnusableStudy] = []
    for subject in subjects:
        sessions = sorted(folder for folder in subject.glob("ses-*") if folder.is_dir())
        beside = [subject] if not sessions or (subject / "anat").is_dir() else []
        for folder in [*beside, *sessions]:
            patient, named = _utf8(subject.name.removeprefix("sub-"))
            session, also_named = _utf8(folder.name.removeprefix("ses-") if folder is not subject else "")
            if not (named and also_named):
                unusable.append(UnusableStudy(patient, session, "its folder has a name that is not UTF-8; rename it"))
                continue
            try:
                studies.append(_read_study(root, folder / "anat", patient, session, derivative, select or {}))
            except CohortError as error:
                unusable.append(UnusableStudy(patient, session, str(error)))
    if not studies:
        example = f"; {unusable[0].name}: {unusable[0].reason}" if unusable else ""
        raise CohortError(f"No study has both a T1w and a ce-gadolinium T1w{example}", path=root)
    return Cohort(root, tuple(studies), tuple(unusable))


def _utf8(label: str) -> tuple[str, bool]:
    """Give a label in characters that can be written, and whether it has no others."""
    shown = label.encode(errors="backslashreplace").decode()
    return shown, shown == label


def _read_study(root: Path, anat: Path, patient: str, session: str, derivative: str | None, select: Selection) -> Study:
    scans = [path for path in _images(anat, "T1w") if not _NOT_OF_THE_PAIR & set(entities(path))]
    images = [path for path in scans if _measured_dose(path) is None]
    pre_contrast = only([p for p in images if "ce" not in entities(p)], select, "pre-contrast T1w", anat)
    with_contrast = [path for path in images if "ce" in entities(path)]
    standard_dose = only(first_scans(with_contrast, select), select, "ce-gadolinium T1w", anat)
    mask = _find_mask(root, anat, derivative, select)
    for image in (pre_contrast, standard_dose, mask):
        if image is not None:
            _check_name(image, patient, session)
            _check_fetched(image)
    space = entities(mask).get("space") if mask is not None else None
    low_doses: dict[str, list[Path]] = {}
    for path in scans:
        label = _measured_dose(path)
        if label and "ce" in entities(path) and path.name.startswith(f"{study_name(patient, session)}_"):
            low_doses.setdefault(label, []).append(path)
    return Study(
        patient=patient,
        session=session,
        pre_contrast=pre_contrast,
        standard_dose=standard_dose,
        mask=mask,
        mask_space=space,
        low_doses={label: tuple(selected(found, select, but=["acq"])) for label, found in low_doses.items()},
        t2=tuple(selected(_t2(anat, patient, session), select)),
        repeats=repeats_of(standard_dose, with_contrast),
    )


def _measured_dose(path: Path) -> str | None:
    """Label of the dose of a scan at a lower one; empty for a dose above 1, None for an image of the pair."""
    label = entities(path).get("acq", "")
    if _MEASURED_LOW_DOSE.fullmatch(label) is None:
        return None
    try:
        return dose_label(dose_from_label(label))
    except DoseError:
        return ""


def _t2(anat: Path, patient: str, session: str) -> tuple[Path, ...]:
    own = (path for path in _images(anat, "T2w") if path.name.startswith(f"{study_name(patient, session)}_"))
    return tuple(path for path in own if not _NOT_OF_THE_PAIR & set(entities(path)))


def _check_name(image: Path, patient: str, session: str) -> None:
    """Refuse scans of another person in this folder, which would be taken for this patient's."""
    name = study_name(patient, session)
    if not image.name.startswith(f"{name}_"):
        raise CohortError(
            f"{image.name} lies among the images of {name}, and its name does not begin with {name}_",
            remedy="Move or rename it",
        )


def _check_fetched(image: Path) -> None:
    """Refuse links and pointers, which have a name and a size but no voxels."""
    if (why := not_fetched(image)) is not None:
        raise CohortError(f"{image.name} cannot be read: it is {why}", remedy=GET_IT)


def _find_mask(root: Path, anat: Path, derivative: str | None, select: Selection) -> Path | None:
    place = anat.relative_to(root)
    derivatives = root / "derivatives"
    folders = [derivatives / derivative] if derivative is not None else sorted(derivatives.glob("*"))
    found = [mask for folder in folders for mask in _images(folder / place, "dseg")]
    masks = selected(found, select)
    if found and len(masks) != 1:
        names = ", ".join(str(mask.relative_to(derivatives)) for mask in masks or found)
        if not masks:
            raise CohortError(
                f"None of the masks belongs to the selected images: {names}", remedy="Correct select in experiment.yaml"
            )
        raise CohortError(
            f"The study has several masks: {names}", remedy="Say in experiment.yaml which derivative holds the masks"
        )
    return masks[0] if masks else None


def _images(folder: Path, suffix: str) -> list[Path]:
    found = sorted(path for path in folder.glob(f"*_{suffix}.nii*") if path.name.endswith(_IMAGES))
    return [path for path in found if not path.name.startswith(".")]


def label_names(root: Path, derivative: str | None = None) -> dict[int, str]:
    """Read what labels mean from the ``dseg.tsv`` of the derivatives; empty where there is none.

    Args:
        root: The top folder.
        derivative: Folder in ``derivatives/``; None looks into all.

    Returns:
        Name of each label; empty without a ``dseg.tsv``.

    Raises:
        CohortError: A ``dseg.tsv`` without the columns index and name, or with two names of one label.
    """
    names: dict[int, str] = {}
    derivatives = root / "derivatives"
    folders = [derivatives / derivative] if derivative is not None else sorted(derivatives.glob("*"))
    tables = [folder / "dseg.tsv" for folder in folders]
    for table in (table for table in tables if table.is_file() or table.is_symlink()):
        if (why := not_fetched(table)) is not None:
            raise CohortError(f"The table of labels cannot be read: it is {why}", path=table, remedy=GET_IT)
        own: dict[int, str] = {}
        for row in read_table(table, "a table of labels", ("index", "name")):
            try:
                index = _whole(row["index"])
            except ValueError as error:
                raise CohortError(
                    f"The column index holds {row['index']!r}, which is not a whole number", path=table
                ) from error
            if not row["name"]:
                raise CohortError(f"Label {row['index']} has no name", path=table)
            if own.setdefault(index, row["name"]) != row["name"]:
                raise CohortError(f"Label {index} has two names, {own[index]} and {row['name']}", path=table)
        names.update(own)
    return names


def _whole(words: str) -> int:
    """Give a whole number, also as a spreadsheet writes it: 1.0 or 1,0."""
    number = float(words.replace(",", "."))
    if number != round(number):
        raise ValueError
    return round(number)
