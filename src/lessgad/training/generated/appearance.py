# SPDX-License-Identifier: Apache-2.0
"""How bright each material is before contrast, and how much it enhances: by physics, or drawn at random.

Random intensities after SynthSeg (Billot et al., Medical Image Analysis 2023): a network that has seen every contrast
does not depend on any.
"""

from __future__ import annotations

from collections.abc import Sequence as Several
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from lessgad.dose.relaxivity import AGENTS, relaxivity
from lessgad.dose.signal_equation import Sequence
from lessgad.dose.standard_dose import relative_standard_dose
from lessgad.phantom.subject import INHOMOGENEITY_T2_MS
from lessgad.phantom.tissues import FIELD_STRENGTHS_T, Tissue, relaxation
from lessgad.training.generated.lesions import Kind

PHYSICS_SHARE = 0.65
NOTHING_ENHANCES_SHARE = 0.06
MORE_SPREAD = 1.5  # than between people


@dataclass(frozen=True, eq=False)
class Appearance:
    """One value per material; white matter is about 1 before contrast.

    Attributes:
        pre_contrast: Signal of the T1.
        standard_dose: Signal of the T1ce.
    """

    pre_contrast: Float[np.ndarray, " m"]
    standard_dose: Float[np.ndarray, " m"]


def draw_appearance(kinds: Several[Kind], rng: np.random.Generator) -> Appearance:
    """Draw signals of all tissues and of the materials of lesions.

    Args:
        kinds: Kinds of lesion of the materials after the tissues.
        rng: Random generator of the scene.

    Returns:
        The signals.
    """
    before, after = _by_physics(kinds, rng) if rng.random() < PHYSICS_SHARE else _at_random(kinds, rng)
    if rng.random() < NOTHING_ENHANCES_SHARE:
        after = before.copy()
    return Appearance(before.astype(np.float32), after.astype(np.float32))


def draw_sequence(rng: np.random.Generator) -> Sequence:
    """Draw a T1-weighted sequence, from far beyond the ranges of the phantom's protocols."""
    kind = rng.random()
    if kind < 0.35:
        return Sequence("spin_echo", float(rng.uniform(300, 950)), float(rng.uniform(6, 25)))
    if kind < 0.65:
        flip = np.deg2rad(rng.uniform(10, 60))
        return Sequence("gradient_echo", float(rng.uniform(5, 250)), float(rng.uniform(1.5, 7)), float(flip))
    tr, flip = float(rng.uniform(1500, 2600)), float(np.deg2rad(rng.uniform(7, 15)))
    spacing, n = float(rng.uniform(5, 9)), int(rng.integers(100, 180))
    ti = float(rng.uniform(max(600, n * spacing / 2 + 50), 1150))
    return Sequence("inversion_gradient_echo", tr, float(rng.uniform(2, 5)), flip, ti, n, spacing)


def _by_physics(kinds: Several[Kind], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    field = float(rng.choice(FIELD_STRENGTHS_T))
    table, sequence = relaxation(field), draw_sequence(rng)
    extra = [_lesion_tissue(kind, rng) for kind in kinds]
    t1, t2, water, uptake = (
        np.concatenate([own, [row[i] for row in extra]])
        for i, own in enumerate((table.t1_ms, table.t2_ms, table.water, table.uptake_mm))
    )
    n, n_tissues = len(t1), len(table.t1_ms)
    spread = MORE_SPREAD * np.concatenate([table.t1_spread, np.full(n - n_tissues, 0.05)])
    taken_up = MORE_SPREAD * np.concatenate([table.uptake_spread, np.full(n - n_tissues, 0.1)])
    t1 = t1 * np.exp(spread * rng.standard_normal(n))
    t2 = np.minimum(t2 * np.exp(0.08 * rng.standard_normal(n)), t1)
    concentration = uptake * np.exp(taken_up * rng.standard_normal(n))
    if "gradient" in sequence.kind:
        water[Tissue.ARTERY] = water[Tissue.VEIN]
        t2 = 1 / (1 / t2 + 1 / INHOMOGENEITY_T2_MS[field])
    name = AGENTS[int(rng.integers(len(AGENTS)))]
    agent, concentration = relaxivity(name, field), concentration * relative_standard_dose(name)
    flip = rng.normal(1, 0.08)
    before, after = (
        water
        * np.abs(
            sequence.signal(1 / (1 / t1 + 1e-3 * agent.r1_per_s_mm * c), _shortened(t2, agent.r2_per_s_mm, c), flip)
        )
        for c in (0.0 * concentration, concentration)
    )
    unit = max(float(before[Tissue.WHITE]), 1e-3)
    return np.minimum(before / unit, 4), np.minimum(after / unit, 5)


def _shortened(t2_ms: np.ndarray, r2_per_s_mm: float, concentration_mm: np.ndarray) -> np.ndarray:
    return 1 / (1 / t2_ms + 1e-3 * r2_per_s_mm * concentration_mm)


def _lesion_tissue(kind: Kind, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """T1 and T2 in ms, water, uptake after 0.1 mmol/kg in mmol/l."""
    t1, water = float(rng.uniform(800, 1900)), float(rng.uniform(0.7, 0.95))
    if kind is Kind.ENHANCING:
        return t1, float(rng.uniform(60, 130)), water, float(np.exp(rng.uniform(np.log(0.06), np.log(0.7))))
    if kind is Kind.FAINT:
        return t1, float(rng.uniform(60, 130)), water, float(np.exp(rng.uniform(np.log(0.015), np.log(0.15))))
    if kind is Kind.DARK:
        return float(rng.uniform(1300, 3500)), float(rng.uniform(90, 400)), 0.9, float(rng.choice([0, 0, 0.03, 0.08]))
    if kind is Kind.BRIGHT:
        return float(rng.uniform(200, 500)), 70.0, 0.9, 0.0
    return 1000.0, 10.0, 0.02, 0.0


def _at_random(kinds: Several[Kind], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    n = len(Tissue) + len(kinds)
    before = rng.uniform(0.1, 1.6, n)
    before[Tissue.AIR] = rng.uniform(0, 0.05)
    before[Tissue.GRAY] = np.exp(rng.normal(0, 0.25))
    before[Tissue.WHITE] = 1.0
    enhances = rng.random(n) < 0.35
    rise = np.where(enhances, np.exp(rng.uniform(np.log(0.03), np.log(1.5), n)), 0.0)
    brain = [int(Tissue.GRAY), int(Tissue.WHITE)]
    rise[brain] = np.maximum(rng.normal(0.01, 0.015, 2), 0)
    rise[[int(Tissue.AIR), int(Tissue.CSF)]] = 0
    levels = {Kind.ENHANCING: (0.1, 1.6), Kind.FAINT: (0.02, 0.25)}
    for index, kind in enumerate(kinds, start=len(Tissue)):
        least, most = levels.get(kind, (0.0, 0.0))
        rise[index] = np.exp(rng.uniform(np.log(least), np.log(most))) if most else 0.0
        before[index] = {Kind.DARK: rng.uniform(0.15, 0.8), Kind.BRIGHT: rng.uniform(1.2, 2.2), Kind.VOID: 0.05}.get(
            kind, rng.uniform(0.5, 1.2)
        )
    return before, before + rise
