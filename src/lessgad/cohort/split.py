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
from lessgad.errors import CohortError
from lessgad.settings import Settings

Subset = Literal["train", "validation", "test"]
SUBSETS: tuple[Subset, ...] = get_args(Subset)


class SplitSettings(Settings):
    """Shares of the patients; the paper's were 64, 12 and 24 %.

    Attributes:
        train: Share that trains.
        validation: Share that chooses.
        test: Share that judges.
        seed: Of the draw.
    """

    train: float = Field(default=0.64, ge=0, le=1)
    validation: float = Field(default=0.12, ge=0, le=1)
    test: float = Field(default=0.24, ge=0, le=1)
    seed: int = Field(default=1, ge=0)

    @model_validator(mode="after")
    def _adds_up(self) -> SplitSettings:
        total = self.train + self.validation + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train + validation + test must be 1, not {total:g}")
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

    Raises:
        CohortError: No such file, missing columns, a row without a patient, an unknown subset, or one patient
            in two subsets.
    """
    subsets: dict[str, Subset] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, delimiter="\t")
            header, lines = list(rows.fieldnames or ()), list(rows)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        came = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
        raise CohortError("a split", came, path) from error
    if not {"participant_id", "subset"} <= set(header):
        raise CohortError("the columns participant_id and subset", ", ".join(header) or "none", path)
    for row in lines:
        patient, subset = (row["participant_id"] or "").strip().removeprefix("sub-"), (row["subset"] or "").strip()
        if not patient:
            raise CohortError("a patient in each row", f"none beside {subset!r}", path)
        if subset not in SUBSETS:
            raise CohortError("a subset train, validation or test", f"{subset!r} for sub-{patient}", path)
        if subsets.setdefault(patient, subset) != subset:
            raise CohortError("each patient in one subset", f"sub-{patient} in two", path)
    return subsets


def write_split(path: Path, subsets: Mapping[str, Subset]) -> None:
    """Write ``split.tsv``."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(["participant_id", "subset"])
        table.writerows([f"sub-{patient}", subset] for patient, subset in subsets.items())
