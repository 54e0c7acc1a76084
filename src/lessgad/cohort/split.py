# SPDX-License-Identifier: Apache-2.0
"""Who trains, who validates, who tests: by patient, written once."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from pydantic import Field, model_validator

from lessgad.atomic_write import replacing
from lessgad.cohort.spelling import plain
from lessgad.cohort.tables import read_table
from lessgad.errors import CohortError
from lessgad.settings import Settings

Subset = Literal["train", "validation", "test"]
SUBSETS: tuple[Subset, ...] = get_args(Subset)
_MOST_NAMED = 10


class SplitSettings(Settings):
    """Shares of the patients; the paper's were 64, 12 and 24 %.

    Attributes:
        train: Share that trains.
        validation: Share that chooses.
        test: Share that judges.
        seed: Seed of the draw.
    """

    train: float = Field(default=0.64, ge=0, le=1)
    validation: float = Field(default=0.12, ge=0, le=1)
    test: float = Field(default=0.24, ge=0, le=1)
    seed: int = Field(default=1, ge=0)

    @model_validator(mode="after")
    def _adds_up(self) -> SplitSettings:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train, validation and test must add up to 1; they add up to {total:g}")
        return self


def assign(patients: Iterable[str], settings: SplitSettings, given: Mapping[str, Subset]) -> dict[str, Subset]:
    """Give each patient a subset; those in `given` keep theirs.

    New patients are drawn in a seeded order and each goes to the subset that is furthest below its share, so
    that a cohort that grows stays near the shares and nobody is ever moved.

    Args:
        patients: All patients of the cohort; order and repeats do not matter.
        settings: Shares and seed.
        given: Earlier assignment.

    Returns:
        Subset of each patient, those of `given` included.
    """
    subsets = dict(given)
    new = sorted(set(patients) - set(subsets))
    order = np.random.default_rng(settings.seed).permutation(len(new))
    shares: dict[Subset, float] = {name: getattr(settings, name) for name in SUBSETS}
    for patient in (new[i] for i in order):
        counts = {name: sum(subset == name for subset in subsets.values()) for name in SUBSETS}
        n_after = len(subsets) + 1
        subsets[patient] = max(SUBSETS, key=lambda name: (shares[name] * n_after - counts[name], shares[name]))
    return dict(sorted(subsets.items()))


def read_split(path: Path) -> dict[str, Subset]:
    """Read ``split.tsv``: participant_id and subset.

    Args:
        path: The file to read.

    Returns:
        Subset of each patient, by label without ``sub-``.

    Raises:
        CohortError: No such file, missing columns, a row without a patient, an unknown subset, or one patient
            in two subsets.
    """
    subsets: dict[str, Subset] = {}
    if not path.is_file():
        raise CohortError("There is no such file", path=path)
    for row in read_table(path, "a split", ("participant_id", "subset")):
        patient, subset = row["participant_id"].removeprefix("sub-"), row["subset"].lower()
        if not patient:
            raise CohortError(f"A row with the subset {subset!r} names no patient", path=path)
        if subset not in SUBSETS:
            raise CohortError(
                f"The subset of sub-{patient} is {subset!r}; it must be train, validation or test", path=path
            )
        if subsets.setdefault(patient, subset) != subset:
            raise CohortError(f"sub-{patient} is in two subsets", path=path)
    return subsets


def compare_with_cohort(given: Mapping[str, Subset], patients: Iterable[str], path: Path) -> tuple[str, ...]:
    """Compare the rows of a split with the patients of the cohort.

    Args:
        given: Subset of each patient, as read.
        patients: All of the cohort, those without a usable study too.
        path: Path of the split.

    Returns:
        Rows without a patient and patients without a row, in words.

    Raises:
        CohortError: No row names a patient of the cohort, a row names one up to leading zeros or case, or what no label
            can be (a date): such a patient would be drawn again, and could be used for training although the split
            keeps it for testing.
    """
    known = set(patients)
    there = sorted(known)
    strange = [patient for patient in given if patient not in known]
    missing = [patient for patient in there if patient not in given]
    if not given:
        return ()
    for row in strange:
        meant = sorted((patient for patient in there if plain(patient) == plain(row)), key=lambda one: one in given)
        if meant:
            raise CohortError(
                f"A row names sub-{row} where the cohort has sub-{meant[0]}",
                path=path,
                remedy="Write the labels as in the cohort; a spreadsheet keeps leading zeros in text columns only",
            )
        if not _is_label(row) and all(map(_is_label, there)):
            raise CohortError(
                f"A row names sub-{row}, which cannot be the label of a patient",
                path=path,
                remedy="Write letters and digits alone; a spreadsheet may have taken a label for a date or a number",
            )
    if len(strange) == len(given):
        raise CohortError(
            f"No row names a patient of the cohort: {_listed(strange)}", path=path, remedy="Is it another cohort's?"
        )
    said = []
    if strange:
        said.append(
            f"{path.name}: {_count(strange, 'row names', 'rows name')} no patient of the cohort: {_listed(strange)}"
        )
    if missing:
        words = _count(missing, "patient has", "patients have")
        said.append(f"{path.name}: {words} no row, and a subset by lot: {_listed(missing)}")
    return tuple(said)


def _is_label(patient: str) -> bool:
    return patient.isalnum() and patient.isascii()


def _count(patients: list[str], one: str, many: str) -> str:
    return f"{len(patients)} {one if len(patients) == 1 else many}"


def _listed(patients: list[str]) -> str:
    names = ", ".join(f"sub-{patient}" for patient in patients[:_MOST_NAMED])
    return names + (f" and {len(patients) - _MOST_NAMED} more" if len(patients) > _MOST_NAMED else "")


def write_split(path: Path, subsets: Mapping[str, Subset]) -> None:
    """Write ``split.tsv``.

    Args:
        path: The file to write.
        subsets: Subset of each patient.
    """
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(["participant_id", "subset"])
        table.writerows([f"sub-{patient}", subset] for patient, subset in subsets.items())
