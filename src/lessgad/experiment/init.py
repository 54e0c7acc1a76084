# SPDX-License-Identifier: Apache-2.0
"""`lessgad init`: an experiment.yaml that is valid as it is, and says what each line means."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from lessgad.atomic_write import replacing, write_text
from lessgad.cohort.bids import label_names, read_cohort
from lessgad.cohort.split import assign, compare_with_cohort, read_split
from lessgad.errors import SettingsError
from lessgad.evaluation.endpoint_at_dose import fewest_patients
from lessgad.experiment.folder import ExperimentFolder
from lessgad.experiment.image_selection import image_selection
from lessgad.experiment.mask_labels import check_regions_are_drawn, labels_in_masks, not_tumor_words
from lessgad.experiment.settings import parse_settings
from lessgad.experiment.template import experiment_yaml
from lessgad.experiment.tumor_regions import labels_by_name, tumor_regions
from lessgad.segmentation.nnunet_environment import missing_package
from lessgad.segmentation.region_labels import check_regions
from lessgad.segmentation.settings import SegmentationSettings

NO_MASKS = (
    "the cohort has no tumor masks, so only the whole head will be evaluated. A dose answer needs masks in a folder of "
    "derivatives/"
)


def init_experiment(
    root: Path,
    cohort_root: Path,
    derivative: str | None,
    region_options: Sequence[str],
    split: Path | None,
    *,
    aligned: bool,
    quick: bool,
    paper: bool = False,
    pretrained: bool = False,
    select_options: Sequence[str] = (),
) -> str:
    """Write ``experiment.yaml`` for a cohort.

    Args:
        root: The experiment folder; may exist, but not with an experiment in it.
        cohort_root: The BIDS folder.
        derivative: Folder in ``derivatives/`` with the masks.
        region_options: ``name=1,2`` each; none takes every label of ``dseg.tsv`` that is a tumor by its name.
        split: A split to use.
        aligned: The pairs are aligned already.
        quick: A short training and few doses.
        paper: The published method instead of lessgad's defaults.
        pretrained: Train nothing; all patients are test patients.
        select_options: ``entity=value`` each: which of several images of one kind is meant.

    Returns:
        Messages: what was found and what to do next.

    Raises:
        SettingsError: There is an experiment or another split already, or a region option cannot be used.
        CohortError: The cohort or the split cannot be used.
    """
    folder = ExperimentFolder(root)
    if folder.settings.exists():
        raise SettingsError(
            "There is an experiment already", path=folder.settings, remedy="Edit this file, or choose another folder"
        )
    if paper and pretrained:
        raise SettingsError("--paper and --pretrained were both given", remedy="Give one of them")
    select = image_selection(select_options)
    cohort = read_cohort(cohort_root, derivative, select)
    names = label_names(cohort_root, derivative)
    regions = tumor_regions(region_options, names)
    masks = [study.mask for study in cohort.studies if study.mask is not None]
    found = labels_in_masks(masks, {value for values in regions.values() for value in values} if region_options else ())
    if region_options:
        check_regions_are_drawn(regions, found)
    counted = {value for values in regions.values() for value in values}
    left_out = labels_by_name({value: name for value, name in names.items() if value not in counted})
    n_masks = len(masks)
    segmentation = _segmentation(regions, n_masks, paper=paper)
    text = experiment_yaml(
        cohort=_path_from(root, cohort_root),
        derivative=derivative,
        select=select,
        regions=regions,
        left_out=left_out,
        not_tumor=found - counted - set(names) if region_options else (),
        aligned=aligned,
        quick=quick,
        paper=paper,
        pretrained=pretrained,
        segmentation=segmentation,
    )
    settings = parse_settings(text, folder.settings)
    given = read_split(split) if split is not None else {}
    subsets = assign({study.patient for study in cohort.studies}, settings.split, given)
    split_words = compare_with_cohort(given, cohort.everybody, split) if split is not None else ()
    subset = dict.fromkeys(cohort.patients, "test") if pretrained else subsets
    n_test = [subset[patient] for patient in cohort.patients].count("test")
    least = max(fewest_patients(endpoint, settings.answer) for endpoint in settings.answer.endpoints)
    if split is not None:
        _copy_split(split, folder.split)
    write_text(folder.settings, text)
    lines = [
        f"patients: {len(cohort.patients)}, studies with T1 and T1ce: {len(cohort.studies)}, with a mask: {n_masks}",
        *(f"left out: {study.name}: {study.reason}" for study in cohort.unusable),
        *split_words,
        *([] if n_masks else [NO_MASKS]),
        *([_no_regions(found, folder.settings)] if n_masks and not regions else []),
        *not_tumor_words(found, regions, names),
        *([_too_few(n_test, least, pretrained=pretrained)] if n_test < least else []),
        f"wrote {folder.settings}",
        f"next: lessgad run {root}",
    ]
    return "\n".join(lines)


def _no_regions(found: Collection[int], settings: Path) -> str:
    labels = f" ({', '.join(map(str, sorted(found)))})" if found else ""
    return (
        f"no label of the masks{labels} counts as tumor, so only the whole head will be evaluated. Name the labels of "
        f"the tumor under cohort: regions: in {settings}, such as enhancing: [4]; or give --region enhancing=4 to "
        "lessgad init, with another folder"
    )


def _too_few(n_test: int, least: int, *, pretrained: bool) -> str:
    patients = "1 test patient is" if n_test == 1 else f"{n_test} test patients are"
    advice = (
        "" if pretrained else "; with --pretrained every patient is a test patient, or change split in the settings"
    )
    return f"{patients} too few for a dose answer, which needs at least {least}{advice}"


def _segmentation(regions: Mapping[str, tuple[int, ...]], n_masks: int, *, paper: bool) -> SegmentationSettings | str:
    """Choose settings of the segmentation if it is asked for and possible.

    The quick network is trained for half an hour on one core, longer than a quick run takes: it must be asked for.

    Args:
        regions: Label values of each region.
        n_masks: Number of studies with a mask.
        paper: Whether the published method was chosen.

    Returns:
        The settings, or the reason why there is no segmentation.
    """
    if not n_masks:
        return "the cohort has no masks"
    try:
        check_regions(regions)
    except SettingsError as error:
        return error.problem
    if missing_package() is not None:
        return "needs pip install '.[segmentation]' in the checkout of lessgad"
    if not paper:
        return "takes half an hour on a CPU; {configuration: quick} or {configuration: 3d_fullres} asks for it"
    return SegmentationSettings(configuration="3d_fullres")


def _copy_split(split: Path, own: Path) -> None:
    read_split(split)
    if own.exists():
        if filecmp.cmp(split, own, shallow=False):
            return
        raise SettingsError("There is a split already", path=own, remedy="Remove it, or leave --split out")
    with replacing(own) as temporary:
        shutil.copyfile(split, temporary)


def _path_from(root: Path, cohort: Path) -> str:
    """Relative where both lie in one tree, so that the two can be moved together; else absolute."""
    relative = os.path.relpath(cohort.resolve(), root.resolve())
    return relative if Path(relative).parts.count("..") <= 3 else str(cohort.resolve())
