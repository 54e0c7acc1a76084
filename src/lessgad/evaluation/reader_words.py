# SPDX-License-Identifier: Apache-2.0
"""What the words of the answer say differently where readers measure an endpoint."""

from __future__ import annotations

from lessgad.dose_fraction import percent
from lessgad.evaluation.answer_settings import Endpoint
from lessgad.evaluation.dose_answer import DoseAnswer, shows_gain
from lessgad.evaluation.endpoint_at_dose import EndpointAtDose
from lessgad.evaluation.endpoint_metrics import HALF
from lessgad.evaluation.share_of_patients import least_patients, patients_needed

IMAGES_NEEDED = "the image restored without contrast (dose 0) and the hidden standard dose"


def readings_lack(answer: DoseAnswer, endpoint: Endpoint) -> str | None:
    """Say why the readings give no verdict on an endpoint.

    Args:
        answer: The dose answer.
        endpoint: The endpoint.

    Returns:
        The reason, without a full stop; None if readers do not measure it, or the readings show a gain from contrast.
    """
    without, settings = answer.cell(0.0, endpoint), answer.settings
    if not endpoint.kind.read or shows_gain(without, settings):
        return None
    if without is None or not without.n_patients:
        return f"no reader scored {IMAGES_NEEDED} of the same study for this question"
    n, n_gain = without.n_patients, without.n_patients - without.n_kept
    fewest = max(settings.min_patients, least_patients(HALF, settings.level))
    if n < fewest:
        return f"readers scored {IMAGES_NEEDED} of {n} patients, and at least {fewest} are needed"
    needed = patients_needed(n, HALF, settings.level)
    return (
        f"the readings do not show that contrast is a gain: its score is higher than without contrast in {n_gain} of "
        f"{n} patients, and {needed} are needed"
    )


def missing_words(cell: EndpointAtDose) -> str:
    """Count what has no value: ``2 studies without a value``, or patients without a reading.

    Args:
        cell: An endpoint at a dose.

    Returns:
        The words; empty if nothing is missing.
    """
    if not cell.n_missing:
        return ""
    one = cell.n_missing == 1
    if cell.endpoint.kind.read:
        return f"{cell.n_missing} {'patient' if one else 'patients'} without a reading"
    return f"{cell.n_missing} {'study' if one else 'studies'} without a value"


def read_at_words(cell: EndpointAtDose) -> str:
    """Say which dose was read in place of this one: ``read at 30 %``; empty if this one was.

    Args:
        cell: An endpoint at a dose.

    Returns:
        The words.
    """
    return "" if cell.read_at is None else f"read at {percent(cell.read_at)}"
