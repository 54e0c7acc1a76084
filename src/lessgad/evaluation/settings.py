# SPDX-License-Identifier: Apache-2.0
"""The settings of evaluation."""

from __future__ import annotations

from pydantic import Field

from lessgad.settings import Settings


class ProgressionSettings(Settings):
    """When a tumor counts as grown between two visits: when either threshold is reached.

    Attributes:
        diameter_mm: Growth of the largest transverse diameter. 2 mm is usual for vestibular schwannomas (Stangerup et
            al., Otology & Neurotology 2006).
        volume_percent: Growth of the volume, of that at the earlier visit. 20 % is progression by the REiNS criteria
            (Dombi et al., Neurology 2013).
    """

    diameter_mm: float = Field(default=2.0, gt=0)
    volume_percent: float = Field(default=20.0, gt=0)


class EvaluationSettings(Settings):
    """Statistics, and what counts as progression.

    Attributes:
        n_resamples: Number of resamples of the bootstrap and of the sign-flip test.
        seed: Seed of the bootstrap and of the sign-flip test.
        progression: Criteria for the progression of a tumor between two visits.
    """

    n_resamples: int = Field(default=10_000, ge=100)
    seed: int = Field(default=1, ge=0)
    progression: ProgressionSettings = ProgressionSettings()
