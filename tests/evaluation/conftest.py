# SPDX-License-Identifier: Apache-2.0
"""A small study with a tumor that enhances, for the tests of enhancement."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from lessgad.evaluation.enhancement_reference import EnhancementReference, enhancement_reference


@dataclass
class MadeStudy:
    """Tissue at −0.5, a tumor that enhances by 0.4, a head that ends two voxels from the border; no noise."""

    shape: tuple[int, int, int] = (28, 26, 20)
    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    tumor_box: tuple[slice, slice, slice] = (slice(10, 16), slice(10, 15), slice(8, 12))
    gain: float = 0.4
    sigma: float = 0.0
    seed: int = 0
    pre_contrast: np.ndarray = field(init=False)
    standard_dose: np.ndarray = field(init=False)
    tumor: np.ndarray = field(init=False)
    head: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.seed)
        self.tumor, self.head = np.zeros(self.shape, bool), np.zeros(self.shape, bool)
        self.tumor[self.tumor_box], self.head[2:-2, 2:-2, 2:-2] = True, True
        tissue = np.where(self.head, -0.5, -1.0)
        self.pre_contrast = (tissue + self.sigma * random.standard_normal(self.shape)).astype(np.float32)
        enhanced = tissue + self.gain * self.tumor
        self.standard_dose = (enhanced + self.sigma * random.standard_normal(self.shape)).astype(np.float32)

    def reference(self, *, sigmas: tuple[float, float] | None = None) -> EnhancementReference:
        """Measure this study; its noise is known unless said otherwise."""
        return enhancement_reference(
            self.pre_contrast,
            self.standard_dose,
            self.tumor,
            self.head,
            self.spacing_mm,
            (self.sigma, self.sigma) if sigmas is None else sigmas,
        )


@pytest.fixture(scope="session")
def made_study() -> Callable[..., MadeStudy]:
    """Make a study; its fields can be set."""
    return MadeStudy
