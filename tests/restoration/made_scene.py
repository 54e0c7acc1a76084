# SPDX-License-Identifier: Apache-2.0
"""A scene of which truth and noise are known, and balls to put into it."""

from dataclasses import dataclass, field

import numpy as np

from lessgad.dose.dose_curve import DoseCurve
from lessgad.dose.noise import add_noise
from lessgad.dose.relaxivity import Relaxivity
from lessgad.dose.signal_equation import Sequence
from lessgad.dose.simulator import BACKGROUND, LowDoseSimulator
from lessgad.restoration.discrepancy import Discrepancy, find_discrepancy

SIGMA = 0.02
DELTA = 0.03
SHAPE = (44, 44, 30)
SPACING = (1.0, 1.0, 1.0)
CURVE = DoseCurve(Sequence("spin_echo", 550.0, 10.0), Relaxivity(4.6, 5.3), 1300.0, 80.0)


def ball(diameter_mm: float, spacing: tuple[float, ...] = SPACING) -> np.ndarray:
    axes = (((np.arange(n) - n // 2) * mm) ** 2 for n, mm in zip(SHAPE, spacing, strict=True))
    return sum(np.ix_(*axes)) <= (diameter_mm / 2) ** 2


def whole_ball(diameter_mm: float) -> np.ndarray:
    """The share of each voxel that lies in the ball, so that its volume is right."""
    axes = ((np.arange(8 * n) / 8 + 1 / 16 - 0.5 - n // 2) ** 2 for n in SHAPE)
    fine = sum(np.ix_(*axes)) <= (diameter_mm / 2) ** 2
    x, y, z = SHAPE
    return fine.reshape(x, 8, y, 8, z, 8).mean(axis=(1, 3, 5))


@dataclass
class Scene:
    """Tissue that enhances a little everywhere; independent noise on T1 and low dose."""

    dose: float = 0.2
    curve: DoseCurve | None = None
    seed: int = 1
    sigma: float = SIGMA
    sigma_pre_contrast: float = SIGMA
    tissue: float = -0.4
    enhancement: float = 0.1
    in_truth: np.ndarray | float = 0.0
    in_restored: np.ndarray | float = 0.0
    head: np.ndarray = field(default_factory=lambda: np.ones(SHAPE, bool))
    spacing: tuple[float, float, float] = SPACING

    def images(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self.seed, round(1e6 * self.dose)])
        t1 = np.full(SHAPE, self.tissue)
        plain = t1 + self.enhancement
        simulator = LowDoseSimulator(self.curve, self.sigma)
        low = simulator.scan(t1, plain + self.in_truth, self.dose, rng)
        seen = add_noise(t1 - BACKGROUND, self.sigma_pre_contrast, rng) + BACKGROUND
        return seen.astype(np.float32), low.astype(np.float32), (plain + self.in_restored).astype(np.float32)

    def check(self, restored: np.ndarray | None = None, **changes) -> Discrepancy:
        pre, low, truth = self.images()
        given = {
            "dose": self.dose,
            "simulator": LowDoseSimulator(self.curve, self.sigma),
            "head": self.head,
            "spacing_mm": self.spacing,
            "sigma_pre_contrast": self.sigma_pre_contrast,
            "least_error": DELTA,
        }
        return find_discrepancy(pre, low, truth if restored is None else restored, **{**given, **changes})
