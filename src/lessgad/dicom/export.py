# SPDX-License-Identifier: Apache-2.0
"""Walk an export of any layout and gather its series."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from lessgad.dicom.read_instance import is_dicom, read_instance
from lessgad.dicom.series import Instance, Series
from lessgad.errors import DicomError

_DIRECTORY = "1.2.840.10008.1.3.10"  # Media Storage Directory: a DICOMDIR lists files that are found anyway
_VARYING = ("repetition_time_ms", "echo_time_ms", "inversion_time_ms", "image_type", "transfer_syntax_uid")


@dataclass(frozen=True, eq=False)
class Export:
    """Contents of a folder of DICOM files.

    Attributes:
        series: Every series, by study and time.
        unreadable: Damaged DICOM files, with reasons.
        n_other: Files that are not DICOM.
    """

    series: tuple[Series, ...]
    unreadable: tuple[DicomError, ...]
    n_other: int


def read_export(source: Path, on_progress: Callable[[int, int], None] | None = None) -> Export:
    """Read the headers of all DICOM files in a folder, regardless of file names.

    Args:
        source: The folder, or one file.
        on_progress: Called with the number of files read and of all.

    Returns:
        The series, and the files that could not be read.

    Raises:
        DicomError: The folder is missing or empty, or holds no DICOM file.
    """
    paths = _files(source)
    instances: list[Instance] = []
    unreadable: list[DicomError] = []
    n_other = 0
    for done, path in enumerate(paths, start=1):
        if not is_dicom(path):
            n_other += 1
        else:
            try:
                instances.append(read_instance(path))
            except DicomError as error:
                if path.name.upper() != "DICOMDIR":
                    unreadable.append(error)
        if on_progress is not None:
            on_progress(done, len(paths))
    if not instances and not unreadable:
        raise DicomError(f"None of the {n_other} file(s) is DICOM", path=source, remedy="Give the folder of an export")
    return Export(gather(instances), tuple(unreadable), n_other)


def gather(instances: Iterable[Instance]) -> tuple[Series, ...]:
    """Gather instances into series, in the order of time within each study.

    Args:
        instances: The instances, in any order.

    Returns:
        The series.
    """
    groups: dict[tuple[str, str], dict[str, Instance]] = {}
    for instance in instances:
        header = instance.header
        if header.sop_class_uid == _DIRECTORY:
            continue
        group = groups.setdefault((header.study_uid, header.series_uid), {})
        uid = instance.frames[0].sop_instance_uid
        if uid not in group or group[uid].damage:  # the same file twice is one file
            group[uid] = instance
    found = [_series(list(group.values())) for group in groups.values()]
    return tuple(sorted(found, key=lambda series: (series.header.study_uid, *series.order)))


def _series(instances: list[Instance]) -> Series:
    instances.sort(key=lambda instance: (instance.started, instance.frames[0].sop_instance_uid))
    first = instances[0].header
    started = min((one.started for one in instances if one.started), default="")
    frames = tuple(frame for one in instances for frame in one.frames)
    return Series(first, frames, started, _damage(instances), instances[0].frames[0].path.parent)


def _damage(instances: list[Instance]) -> str:
    damaged = [one for one in instances if one.damage]
    if damaged:
        return f"{damaged[0].damage} among its {len(instances)} file(s)"
    if len({one.header.patient.identity for one in instances}) > 1:
        return "images of two patients under one series UID"
    first = instances[0].header
    for one in instances[1:]:
        for name in _VARYING:
            if getattr(one.header, name) != getattr(first, name):
                return f"images that differ in {name.replace('_', ' ').removesuffix(' ms').removesuffix(' uid')}"
    return ""


def _files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise DicomError("There is no such folder", path=source)
    paths = sorted(
        Path(folder) / name for folder, _, names in os.walk(source) for name in names if not name.startswith("._")
    )
    if not paths:
        raise DicomError("The folder is empty", path=source, remedy="Give the folder of an export")
    return [path for path in paths if path.is_file()]
