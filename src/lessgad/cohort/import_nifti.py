# SPDX-License-Identifier: Apache-2.0
"""Plain NIfTI files as a BIDS cohort: links or copies, never anything that is there already."""

from __future__ import annotations

import filecmp
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from lessgad.atomic_write import replacing, saying_why, write_text
from lessgad.cohort.import_plan import DERIVATIVE, ImportPlan
from lessgad.errors import CohortError

BIDS_VERSION = "1.10.0"


def check_targets(plan: ImportPlan, cohort: Path) -> None:
    """Raise CohortError where the cohort has another file in a place that the import needs.

    Args:
        plan: What to import.
        cohort: The cohort folder.

    Raises:
        CohortError: It has; nothing was written.
    """
    for study in plan.studies:
        for target, source in study.targets(cohort).items():
            if (target.exists() or target.is_symlink()) and not _is_there(target, source):
                raise CohortError(
                    f"Another file is in the place of {source}",
                    path=target,
                    remedy="Remove it, or import into another folder",
                )


def write_import(plan: ImportPlan, cohort: Path, labels: Mapping[int, str], *, copy: bool) -> tuple[int, int]:
    """Write the cohort; a second time nothing changes, and new studies are added.

    Args:
        plan: What comes from where.
        cohort: The BIDS folder.
        labels: What the labels of the masks mean; none where no one says.
        copy: Copy files; else they are linked.

    Returns:
        Number of files that were written, and of those that were there.

    Raises:
        CohortError: The cohort has another file in one of the places; nothing is written then.
        StorageError: The disk is full or the folder cannot be written.
    """
    check_targets(plan, cohort)
    table, rows = cohort / "derivatives" / DERIVATIVE / "dseg.tsv", "index\tname\n"
    rows += "".join(f"{value}\t{name}\n" for value, name in sorted(labels.items()))
    if labels and table.exists() and table.read_text(encoding="utf-8") != rows:
        raise CohortError("The cohort already gives its labels another meaning", path=table, remedy="Leave --label out")
    _write_once(cohort / "dataset_description.json", _description("imported by lessgad", "raw"))
    if any("mask" in study.files for study in plan.studies):
        masks = cohort / "derivatives" / DERIVATIVE
        _write_once(masks / "dataset_description.json", _description("masks, imported by lessgad", "derivative"))
        if labels:
            _write_once(table, rows)
    n_written = n_there = 0
    for study in plan.studies:
        for target, source in study.targets(cohort).items():
            if _is_there(target, source):
                n_there += 1
                continue
            _put(target, source, copy=copy)
            n_written += 1
    return n_written, n_there


def _put(target: Path, source: Path, *, copy: bool) -> None:
    with saying_why(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if not copy:
            target.symlink_to(os.path.abspath(source))  # noqa: PTH100 - links in the source stay links
            return
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)


def _is_there(target: Path, source: Path) -> bool:
    """Whether the target is a link to the source, or holds its bytes."""
    if not target.exists() or not source.exists():
        return False
    return target.samefile(source) or filecmp.cmp(target, source, shallow=False)


def _write_once(path: Path, text: str) -> None:
    if not path.exists():
        write_text(path, text)


def _description(name: str, kind: str) -> str:
    content = {"Name": name, "BIDSVersion": BIDS_VERSION, "DatasetType": kind}
    if kind == "derivative":
        content |= {"GeneratedBy": [{"Name": "lessgad import-nifti"}]}  # type: ignore[dict-item]
    return json.dumps(content, indent=2) + "\n"
