# SPDX-License-Identifier: Apache-2.0
"""A head as the scanner meets it: what each voxel is made of, and what radio waves reach it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from lessgad.dose.relaxivity import Agent, relaxivity
from lessgad.dose.signal_equation import Sequence
from lessgad.phantom.anatomy import Head
from lessgad.phantom.growth import Growth
from lessgad.phantom.shapes import axes_mm, smooth_noise
from lessgad.phantom.tissues import Relaxation, Tissue

# T2' of magnetic inhomogeneity within a voxel, an estimate; it adds to T2 in gradient echoes: 1/T2* = 1/T2 + 1/T2'.
INHOMOGENEITY_T2_MS = {1.0: 200.0, 1.5: 150.0, 3.0: 75.0}
# Brighter in the middle of the head the higher the field (SD over volunteers at 3 T about 10 %, Stollberger 1996).
B1_DOME = {1.0: 0.02, 1.5: 0.05, 3.0: 0.13}
B1_LEVELS = np.linspace(0.6, 1.4, 9)
# Relaxivity differs between media: gadobutrol's r1 at 3 T is 3.5 in whole blood and 5.0 in plasma (Szomolanyi 2019).
RELAXIVITY_SPREAD = 0.12
PARTIAL_VOLUME_SD_MM = 0.5


@dataclass(frozen=True, eq=False)
class Subject:
    """A patient at one session, ready to be scanned at any dose.

    Attributes:
        head: The head with the tumor in it, on the template's grid.
        growth: Region of the tumor, and its uneven uptake.
        tissue: Relaxation and uptake of this patient's tissues.
        r1_per_s_mm: Longitudinal relaxivity in each tissue, s⁻¹ per mmol/l.
        r2_per_s_mm: Transverse relaxivity in each tissue.
        sequence: Sequence of all scans.
        inhomogeneity_t2_ms: T2'; infinite for spin echoes.
        b1: Flip angle that arrives over the one that is set, on the template's grid.
        texture: Factor of the equilibrium magnetization, about 1.
    """

    head: Head
    growth: Growth
    tissue: Relaxation
    r1_per_s_mm: Float[np.ndarray, " tissue"]
    r2_per_s_mm: Float[np.ndarray, " tissue"]
    sequence: Sequence
    inhomogeneity_t2_ms: float
    b1: Float[np.ndarray, "x y z"]
    texture: Float[np.ndarray, "x y z"]

    def signal(self, dose: float) -> Float[np.ndarray, "x y z"]:
        """Compute the noise-free signal at a dose on the grid of the template.

        Args:
            dose: Dose as a fraction of the standard dose, 0–1.

        Returns:
            The signed signal; fully relaxed water of CSF is 1.
        """
        from scipy.ndimage import gaussian_filter

        rows = np.arange(len(self.tissue.t1_ms))
        table = np.stack([self._tissue_signal(rows, dose, np.full(len(rows), b1)) for b1 in B1_LEVELS])
        step = B1_LEVELS[1] - B1_LEVELS[0]
        position = np.clip((self.b1 - B1_LEVELS[0]) / step, 0, len(B1_LEVELS) - 1.001).astype(np.float32)
        lower = position.astype(np.int8)
        weight = position - lower
        table = table.astype(np.float32)

        def of(tissue: int | Int[np.ndarray, "x y z"]) -> Float[np.ndarray, "x y z"]:
            where = np.broadcast_to(np.asarray(tissue), lower.shape)
            return (1 - weight) * table[lower, where] + weight * table[lower + 1, where]

        signal = of(self.head.labels) * (1 - self.head.gray - self.head.white)
        signal += of(int(Tissue.GRAY)) * self.head.gray + of(int(Tissue.WHITE)) * self.head.white
        box = self.growth.box
        solid = self.head.labels[box] == Tissue.TUMOR
        n = int(solid.sum())
        signal[box][solid] = self._tissue_signal(
            np.full(n, int(Tissue.TUMOR)), dose, self.b1[box][solid], self.growth.texture[solid]
        )
        smooth: Float[np.ndarray, "x y z"] = gaussian_filter(signal * self.texture, PARTIAL_VOLUME_SD_MM, truncate=3.0)
        return smooth

    def _tissue_signal(
        self,
        rows: Int[np.ndarray, " n"],
        dose: float,
        b1: Float[np.ndarray, " n"],
        uptake_factor: float | Float[np.ndarray, " n"] = 1.0,
    ) -> Float[np.ndarray, " n"]:
        concentration = dose * self.tissue.uptake_mm[rows] * uptake_factor
        rate1 = 1 / self.tissue.t1_ms[rows] + 1e-3 * self.r1_per_s_mm[rows] * concentration
        rate2 = 1 / self.tissue.t2_ms[rows] + 1e-3 * self.r2_per_s_mm[rows] * concentration
        t2_ms = 1 / (rate2 + 1 / self.inhomogeneity_t2_ms)
        return self.tissue.water[rows] * self.sequence.signal(1 / rate1, t2_ms, b1)


def draw_subject(
    head: Head,
    growth: Growth,
    tissue: Relaxation,
    sequence: Sequence,
    agent: Agent,
    field_strength_t: float,
    rng: np.random.Generator,
) -> Subject:
    """Draw the properties that no scan shows directly: relaxivity of each tissue, B1 and texture.

    Args:
        head: The head with the tumor in it.
        growth: The tumor.
        tissue: Relaxation and uptake of this patient's tissues.
        sequence: Sequence of all scans.
        agent: Contrast agent.
        field_strength_t: 1, 1.5 or 3.
        rng: Random generator of the patient, not of the session, so that a patient's tissues stay as they are.

    Returns:
        The subject.
    """
    n = len(tissue.t1_ms)
    known = relaxivity(agent, field_strength_t)
    factors = np.exp(RELAXIVITY_SPREAD * rng.standard_normal((2, n)))
    shape = head.labels.shape
    x, y, z = axes_mm()
    radius_square = (x / 75) ** 2 + ((y + 15) / 95) ** 2 + ((z + 20) / 80) ** 2
    dome = B1_DOME[field_strength_t] * (0.5 - np.minimum(radius_square, 1.5))
    b1 = rng.normal(1, 0.04) + dome + 0.02 * smooth_noise(rng, shape, 60)
    texture = 1 + 0.035 * smooth_noise(rng, shape, 4)
    gradient_echo = "gradient" in sequence.kind
    return Subject(
        head=head,
        growth=growth,
        tissue=tissue,
        r1_per_s_mm=known.r1_per_s_mm * factors[0],
        r2_per_s_mm=known.r2_per_s_mm * factors[1],
        sequence=sequence,
        inhomogeneity_t2_ms=INHOMOGENEITY_T2_MS[field_strength_t] if gradient_echo else np.inf,
        b1=np.clip(b1, B1_LEVELS[0], B1_LEVELS[-1]).astype(np.float32),
        texture=texture.astype(np.float32),
    )
