# SPDX-License-Identifier: Apache-2.0
"""What became of the lesions of a study: how many were lost, and how much of the enhancing tumor was missed."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

from lessgad.evaluation.endpoint_metrics import LOST_UNDER
from lessgad.evaluation.outcomes import STANDARD, Outcome
from lessgad.evaluation.results.lesions import LesionRow
from lessgad.evaluation.results.table import EXCHANGED, REPEAT

_Image = tuple[str, str, float, str]  # patient, session, dose, method


def lesions_lost(rows: Sequence[LesionRow]) -> Iterator[Outcome]:
    """Count the lesions of each image whose recovery is less than half of the repeat's.

    A lesion that the repeat does not show (undefined or no recovery) counts nowhere; a study without one that it shows
    is undefined. In the exchanged roles the first scan is compared with the second, which is what recovery is of there.

    Args:
        rows: Rows of lesions, those of the repeat among them.

    Yields:
        One value per image.
    """
    repeats = {
        (row.patient, row.session, row.lesion): row.recovery
        for row in rows
        if row.method == REPEAT and row.dose == STANDARD
    }
    for image, of_image in _by_image(rows).items():
        patient, session, _, method = image
        lost = []
        for row in of_image:
            repeat = 1.0 if method == EXCHANGED else repeats.get((patient, session, row.lesion), math.nan)
            if repeat > 0 and not math.isnan(row.recovery):
                lost.append(row.recovery < LOST_UNDER * repeat)
        yield Outcome(*image, "lesions_lost", "", float(sum(lost)) if lost else math.nan)


def missed_shares(rows: Sequence[LesionRow]) -> Iterator[Outcome]:
    """Compute the share of the enhancing tumor that each image misses.

    missed share = Σ missed_ml / Σ enhancing_ml, over the lesions of a study

    Args:
        rows: Rows of the lesion table.

    Yields:
        One value per image; NaN if no tumor enhances.
    """
    for image, of_image in _by_image(rows).items():
        enhancing = sum(row.enhancing_ml for row in of_image)
        share = sum(row.missed_ml for row in of_image) / enhancing if enhancing > 0 else math.nan
        yield Outcome(*image, "missed_share", "", share)


def _by_image(rows: Sequence[LesionRow]) -> dict[_Image, list[LesionRow]]:
    images: dict[_Image, list[LesionRow]] = defaultdict(list)
    for row in rows:
        images[row.patient, row.session, row.dose, row.method].append(row)
    return images
