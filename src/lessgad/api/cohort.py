# SPDX-License-Identifier: Apache-2.0
"""Read a cohort."""

from __future__ import annotations

from pathlib import Path

from lessgad.cohort.bids import read_cohort
from lessgad.cohort.study import Cohort


def load_cohort(folder: Path | str, *, derivative: str | None = None) -> Cohort:
    """Read a BIDS folder of T1 and T1ce pairs.

    Args:
        folder: The folder with the ``sub-…`` folders.
        derivative: The folder in ``derivatives/`` to take masks from; needed where several hold masks.

    Returns:
        The studies by patient and session, with the paths of their images, and the unusable ones with reasons.

    Raises:
        CohortError: The folder is missing, or no study has a pair.
    """
    return read_cohort(Path(folder), derivative)
