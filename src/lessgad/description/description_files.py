# SPDX-License-Identifier: Apache-2.0
"""Write Tables 1 and 2 and Figure 1 into a folder, in every format."""

from __future__ import annotations

from pathlib import Path

from lessgad.atomic_write import write_text
from lessgad.cohort.study import Cohort
from lessgad.description.cohort_description import CohortDescription
from lessgad.description.flow import PIPELINE, cohort_steps
from lessgad.description.flow_svg import flow_svg
from lessgad.description.table import FORMATS, SUFFIXES, rendered
from lessgad.errors import InputError


def check_outside(folder: Path, cohort: Cohort) -> None:
    """Raise InputError for a folder inside the cohort, which lessgad never changes.

    Args:
        folder: The folder to write into.
        cohort: The cohort.
    """
    if folder.resolve().is_relative_to(cohort.root.resolve()):
        raise InputError(
            "The folder for the tables lies inside the cohort", path=folder, remedy="Choose another folder with --out"
        )


def write_description(folder: Path, description: CohortDescription) -> list[Path]:
    """Write ``table1.*``, ``table2.*`` and ``figure1.svg``; files of these names are replaced.

    Args:
        folder: The folder to write into.
        description: The described cohort.

    Returns:
        The written files.

    Raises:
        StorageError: The disk is full or the folder cannot be written.
    """
    texts = {
        folder / f"{name}.{SUFFIXES[form]}": rendered(table, form)
        for name, table in (("table1", description.table1), ("table2", description.table2))
        for form in FORMATS
    }
    texts[folder / "figure1.svg"] = flow_svg([*cohort_steps(description), *PIPELINE])
    for path, text in texts.items():
        write_text(path, text)
    return list(texts)
