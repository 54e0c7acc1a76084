# SPDX-License-Identifier: Apache-2.0
"""The endpoints of an answer as the figure of the first screen draws them."""

from __future__ import annotations

from lessgad.evaluation.dose_answer import DoseAnswer
from lessgad.evaluation.endpoint_words import endpoint_words
from lessgad.report.endpoint_figure import EndpointCurve, EndpointPoint


def endpoint_curves(answer: DoseAnswer) -> tuple[EndpointCurve, ...]:
    """Collect each endpoint at the doses where it was measured, including the controls at 0 and 1.

    Args:
        answer: The dose answer.

    Returns:
        One curve per endpoint.
    """
    return tuple(
        EndpointCurve(
            endpoint_words(endpoint),
            endpoint.share,
            tuple(
                EndpointPoint(cell.dose, cell.share_kept, cell.bound, cell.n_patients, cell.passed)
                for cell in sorted(answer.cells, key=lambda cell: cell.dose)
                if cell.endpoint == endpoint and cell.read_at is None
            ),
        )
        for endpoint in answer.settings.endpoints
    )
