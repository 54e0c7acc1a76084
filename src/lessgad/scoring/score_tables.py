# SPDX-License-Identifier: Apache-2.0
"""The tables that what is measured of each study goes to, and how they are put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lessgad.cohort.visits import Visits
from lessgad.evaluation.growth import growth_rows
from lessgad.evaluation.results.artifacts import read_artifacts, write_artifacts
from lessgad.evaluation.results.discrepancy import read_discrepancy, write_discrepancy
from lessgad.evaluation.results.enhancement import read_enhancement, write_enhancement
from lessgad.evaluation.results.growth import write_growth
from lessgad.evaluation.results.intervals import read_intervals_table, write_intervals_table
from lessgad.evaluation.results.lesions import read_lesions, write_lesions
from lessgad.evaluation.results.operating_points import read_operating_points, write_operating_points
from lessgad.evaluation.results.overlap import read_overlap, write_overlap
from lessgad.evaluation.results.similarity import read_similarity, write_similarity
from lessgad.evaluation.results.thresholds import read_thresholds, write_thresholds
from lessgad.evaluation.results.tumor_size import read_tumor_size, write_tumor_size
from lessgad.evaluation.settings import ProgressionSettings
from lessgad.scoring.study_scores import StudyScores

#: The tables of results/, each with what writes and what reads it.
TABLES: dict[str, tuple[Callable[[Path, Iterable[Any]], None], Callable[[Path], list[Any]]]] = {
    "similarity": (write_similarity, read_similarity),
    "thresholds": (write_thresholds, read_thresholds),
    "enhancement": (write_enhancement, read_enhancement),
    "artifacts": (write_artifacts, read_artifacts),
    "lesions": (write_lesions, read_lesions),
    "false_against_missed": (write_operating_points, read_operating_points),
    "intervals": (write_intervals_table, read_intervals_table),
    "consistency": (write_discrepancy, read_discrepancy),
    "overlap": (write_overlap, read_overlap),
    "tumor_size": (write_tumor_size, read_tumor_size),
}
STANDARD_PART = "standard"
#: The tables of the standard dose of a study and its repeat, and those of each lower dose.
OF_STANDARD = ("thresholds", "similarity", "enhancement", "artifacts", "lesions", "overlap", "tumor_size")
OF_DOSE = tuple(name for name in TABLES if name != "thresholds")
GROWTH = "growth"  # of pairs of studies, so it is made when all are gathered


def table_file(folder: Path, name: str) -> Path:
    """Give the file of one table in a folder.

    Args:
        folder: Folder of the tables.
        name: Name of the table.

    Returns:
        The file.
    """
    return folder / f"{name}.csv"


def tables_in(folder: Path) -> tuple[str, ...]:
    """Name the tables in a folder of one study.

    Args:
        folder: Folder of the tables.

    Returns:
        The names.
    """
    return OF_STANDARD if folder.name == STANDARD_PART else OF_DOSE


def write_scores(folder: Path, scores: StudyScores) -> None:
    """Write the rows of one study at one dose, or of its standard dose.

    Args:
        folder: Folder to write the tables into.
        scores: Result rows of all studies.
    """
    for name in tables_in(folder):
        TABLES[name][0](table_file(folder, name), getattr(scores, name))


def gather_scores(
    folders: Sequence[Path],
    targets: Mapping[str, Path],
    progression: ProgressionSettings,
    visits: Mapping[str, Visits] | None = None,
) -> StudyScores:
    """Combine the rows of many folders into the tables of ``results/``.

    Args:
        folders: Folders as `write_scores` wrote them.
        targets: File for each table, including growth.
        progression: What counts as growth between two visits.
        visits: The sessions of each patient in their order; by their labels where a patient is not named.

    Returns:
        The rows of all studies.
    """
    gathered = StudyScores()
    for name, (write, read) in TABLES.items():
        rows = [row for folder in folders if name in tables_in(folder) for row in read(table_file(folder, name))]
        write(targets[name], rows)
        getattr(gathered, name).extend(rows)
    gathered.growth.extend(growth_rows(gathered.overlap, gathered.tumor_size, progression, visits))
    write_growth(targets[GROWTH], gathered.growth)
    return gathered
