# SPDX-License-Identifier: Apache-2.0
"""The settings of evaluation."""

from __future__ import annotations

from pydantic import Field

from lessgad.settings import Settings


class EvaluationSettings(Settings):
    """Statistics.

    Attributes:
        n_resamples: Of bootstrap and sign-flip test.
        seed: Of both.
    """

    n_resamples: int = Field(default=10_000, ge=100)
    seed: int = Field(default=1, ge=0)
