# SPDX-License-Identifier: Apache-2.0
"""What a vestibular schwannoma is like: size, uptake, cysts, growth, with the frequencies of the paper's cohort."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lessgad.phantom.tissues import Tissue, relaxation

# Kanzaki class → (studies of 203 in the paper, range of the largest extrameatal diameter in mm that is drawn)
KANZAKI_CLASSES: dict[str, tuple[int, float, float]] = {
    "intrameatal only": (89, 0.0, 0.0),
    "small": (35, 5.0, 10.0),
    "medium": (53, 11.0, 20.0),
    "moderately large": (17, 21.0, 30.0),
    "large": (9, 31.0, 36.0),
}
UPTAKE_MM = (0.18, 0.50)


@dataclass(frozen=True)
class Schwannoma:
    """Properties of a tumor.

    Attributes:
        side: 1 right, −1 left.
        diameter_mm: Largest extrameatal diameter in a transverse plane, in the patient's mm; 0 for none.
        filling: Share of the canal that is filled, from the porus where there is an extrameatal part, 0–1.
        uptake_mm: Mean concentration of the agent in it after 0.1 mmol/kg, mmol/l.
        cystic: Share of the extrameatal part that is cysts, 0 for solid tumors.
        seed: Seed of its surface and texture; the same for all sessions of a patient.
    """

    side: int
    diameter_mm: float
    filling: float
    uptake_mm: float
    cystic: float
    seed: int

    def grown(self, years: float, rate_mm_per_year: float) -> Schwannoma:
        """Grow the tumor: wider in the cistern if it has reached it, and fuller in the canal.

        Args:
            years: Time since the first session, in years.
            rate_mm_per_year: Growth of the diameter, in mm per year.

        Returns:
            The grown tumor.
        """
        wider = self.diameter_mm + years * rate_mm_per_year if self.diameter_mm > 0 else 0.0
        return replace(self, diameter_mm=wider, filling=min(self.filling + 0.1 + 0.1 * years, 1.0))


def draw_schwannoma(rng: np.random.Generator, quantile: float) -> Schwannoma:
    """Draw a tumor; `quantile` picks the size class with the frequencies of the paper, smallest first.

    Args:
        rng: Random generator.
        quantile: Quantile of the distribution, 0–1.

    Returns:
        The tumor.
    """
    counts = np.array([count for count, _, _ in KANZAKI_CLASSES.values()])
    chosen = int(np.searchsorted(np.cumsum(counts) / counts.sum(), quantile, side="right"))
    _, smallest, largest = list(KANZAKI_CLASSES.values())[min(chosen, len(counts) - 1)]
    diameter = float(rng.uniform(smallest, largest))
    filling = rng.uniform(0.5, 0.8) if diameter == 0 else rng.uniform(0.5, 1.0)
    cystic = float(rng.uniform(0.1, 0.3)) if diameter > 14 and rng.random() < 0.35 else 0.0
    side = 1 if rng.random() < 0.5 else -1
    return Schwannoma(side, diameter, float(filling), _uptake_mm(rng), cystic, int(rng.integers(2**31)))


def _uptake_mm(rng: np.random.Generator) -> float:
    """Draw the uptake of a tumor around the table's value, within what published enhancement allows."""
    table = relaxation(1.5)
    drawn = table.uptake_mm[Tissue.TUMOR] * np.exp(table.uptake_spread[Tissue.TUMOR] * rng.standard_normal())
    return float(np.clip(drawn, *UPTAKE_MM))
