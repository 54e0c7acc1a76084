# SPDX-License-Identifier: Apache-2.0
"""An endpoint, its margin and its values in words."""

from __future__ import annotations

import math

from lessgad.dose_fraction import percent
from lessgad.evaluation.answer_settings import Endpoint
from lessgad.evaluation.endpoint_metrics import FOUR_FIFTHS, HALF, TWO_THIRDS

_AREAS = {"tumor_box": "tumor’s box"}
_SHARES = {HALF: "half of all patients", TWO_THIRDS: "two in three patients", FOUR_FIFTHS: "four in five patients"}


def endpoint_words(endpoint: Endpoint) -> str:
    """Spell an endpoint with its margin: ``recovery ≥ 0.9``, ``false enhancement ≤ repeat scan + 0.5 ml``."""
    kind = endpoint.kind
    area = f" ({_AREAS.get(endpoint.area, endpoint.area).replace('_', ' ')})" if endpoint.area else ""
    if endpoint.metric == "lesions_lost":
        most = endpoint.margins[0]
        return "no lesion lost" if most < 1 else f"at most {most:g} {'lesion' if most == 1 else 'lesions'} lost"
    if endpoint.relative_to is None or kind.comparison == "ratio":
        of = " of the repeat scan" if endpoint.relative_to is not None else ""
        return f"{kind.name}{area} {_range(endpoint)}{kind.unit}{of}"
    (margin,) = endpoint.margins
    sign, by = ("≥" if kind.larger_is_better else "≤"), f" {'+' if margin > 0 else '−'} {abs(margin):g}{kind.unit}"
    return f"{kind.name}{area} {sign} repeat scan{by if margin else ''}"


def share_words(endpoint: Endpoint) -> str:
    """Spell the share of patients that must meet it: ``more than two in three patients``."""
    named = next((words for share, words in _SHARES.items() if math.isclose(share, endpoint.share, abs_tol=1e-3)), None)
    return f"more than {named or percent(endpoint.share) + ' of all patients'}"


def value_words(value: float | None, endpoint: Endpoint) -> str:
    """Write a value with enough digits to show on which side of the margin it lies.

    Args:
        value: The value; None where it is undefined.
        endpoint: The endpoint.

    Returns:
        The text.
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    decimals = endpoint.kind.decimals
    for margin in endpoint.margins:
        while decimals < 6 and round(value, decimals) == round(margin, decimals) and value != margin:
            decimals += 1
    differs = endpoint.relative_to is not None and endpoint.kind.comparison == "difference"
    return f"{value:{'+' if differs else ''}z.{decimals}f}".replace("-", "−")


def value_with_unit(value: float | None, endpoint: Endpoint) -> str:
    """Write a value with its unit.

    Args:
        value: The value; None where it is undefined.
        endpoint: The endpoint.

    Returns:
        The text.
    """
    return f"{value_words(value, endpoint)}{endpoint.kind.unit}"


def _range(endpoint: Endpoint) -> str:
    if endpoint.at_least is not None and endpoint.at_most is not None:
        return f"{endpoint.at_least:g}–{endpoint.at_most:g}"
    return f"≥ {endpoint.at_least:g}" if endpoint.at_least is not None else f"≤ {endpoint.at_most:g}"
