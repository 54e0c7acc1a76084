# SPDX-License-Identifier: Apache-2.0
"""How a patient is scanned: a row of the paper's Table 2 and a place within its ranges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lessgad.dose.relaxivity import AGENTS, Agent
from lessgad.dose.signal_equation import Sequence
from lessgad.phantom.shapes import Number

COVERAGE_MM = 62.0  # of the slab, so that the largest tumor fits
FEWEST_SLICES = 24
FINEST_IN_PLANE_MM = 0.6  # the anatomy is built at 1 mm: finer pixels would show nothing more
SLICES_MM = (1.4, 3.0)  # thinner ones likewise; small tumors vanish between thicker ones
# Gadoxetate is for the liver (product information of Primovist); gadobutrol takes its share.
AGENTS_FOR_THE_HEAD: tuple[Agent, ...] = tuple("gadobutrol" if agent == "gadoxetate" else agent for agent in AGENTS)


@dataclass(frozen=True)
class Spread:
    """Median and range of a parameter."""

    median: Number
    smallest: Number
    largest: Number

    def at(self, quantile: float) -> float:
        """Give the value at a quantile, 0–1, linear from the smallest over the median to the largest."""
        return float(np.interp(quantile, [0, 0.5, 1], [self.smallest, self.median, self.largest]))


@dataclass(frozen=True)
class TableRow:
    """A row of Table 2 (T1), with the share of patients that are scanned so.

    The shares are a guess, for the paper gives none; one of 203 studies was a spin echo at 1 T. Flip angles are typical
    ones, for the paper does not give them either.

    Attributes:
        scanning_sequence: DICOM's codes.
        field_strength_t: Field strength in tesla.
        share: Share of the patients.
        echo_time_ms: TE.
        repetition_time_ms: TR.
        in_plane_mm: Pixel spacing.
        slice_mm: Slice spacing.
    """

    scanning_sequence: tuple[str, ...]
    field_strength_t: float
    share: float
    echo_time_ms: Spread
    repetition_time_ms: Spread
    in_plane_mm: Spread
    slice_mm: Spread


SPIN_ECHO, GRADIENT_ECHO, INVERSION = ("SE",), ("GR",), ("GR", "IR")
# The TR of gradient echoes at 1.5 T runs to 2200 ms: from 1690 on they are inversion-prepared, here a row of their own.
TABLE_2: tuple[TableRow, ...] = (
    TableRow(SPIN_ECHO, 1.5, 0.28, Spread(10, 6, 24), Spread(550, 371, 699), Spread(0.37, 0.32, 0.86), Spread(3, 1, 6)),
    TableRow(
        GRADIENT_ECHO, 1.5, 0.22, Spread(4.6, 2.4, 5.6), Spread(25, 8.6, 40), Spread(0.59, 0.39, 1), Spread(1.4, 1, 6)
    ),
    TableRow(SPIN_ECHO, 3.0, 0.16, Spread(9, 7, 16), Spread(750, 400, 958), Spread(0.35, 0.27, 0.66), Spread(1, 1, 3)),
    TableRow(
        INVERSION, 1.5, 0.1, Spread(3, 2.4, 4), Spread(1900, 1690, 2200), Spread(0.59, 0.39, 1), Spread(1.4, 1, 3)
    ),
    TableRow(
        GRADIENT_ECHO,
        3.0,
        0.16,
        Spread(3.7, 2.2, 4.7),
        Spread(20, 8.1, 25),
        Spread(0.63, 0.33, 0.94),
        Spread(2, 0.6, 3),
    ),
    TableRow(
        GRADIENT_ECHO,
        1.0,
        0.07,
        Spread(6.9, 6.7, 6.9),
        Spread(26, 23, 30),
        Spread(0.47, 0.35, 0.9),
        Spread(1.4, 1.2, 3),
    ),
    TableRow(
        SPIN_ECHO, 1.0, 0.01, Spread(20, 20, 20), Spread(547, 547, 547), Spread(0.45, 0.45, 0.45), Spread(3, 3, 3)
    ),
)


@dataclass(frozen=True)
class ScanProtocol:
    """Acquisition protocol of all scans of a patient.

    Attributes:
        row: Row of Table 2.
        sequence: Sequence with its parameters.
        is_3d: Whether the slab is excited as a whole.
        in_plane_mm: Pixel spacing of the T1.
        slice_mm: Slice spacing of the T1.
        slice_ce_mm: Slice spacing of the scans with contrast.
        agent: Contrast agent.
    """

    row: TableRow
    sequence: Sequence
    is_3d: bool
    in_plane_mm: float
    slice_mm: float
    slice_ce_mm: float
    agent: Agent

    @property
    def field_strength_t(self) -> float:
        """In tesla."""
        return self.row.field_strength_t


def draw_protocol(rng: np.random.Generator, quantile: float) -> ScanProtocol:
    """Draw a protocol; `quantile` picks the row of Table 2, in the order of `TABLE_2`.

    Args:
        rng: Random generator.
        quantile: Quantile of the distribution, 0–1.

    Returns:
        The protocol.
    """
    edges = np.cumsum([row.share for row in TABLE_2])
    row = TABLE_2[min(int(np.searchsorted(edges / edges[-1], quantile, side="right")), len(TABLE_2) - 1)]
    thickness = float(np.clip(row.slice_mm.at(rng.random()), *SLICES_MM))
    other = float(np.clip(row.slice_mm.at(rng.random()), *SLICES_MM)) if rng.random() < 0.3 else thickness
    in_plane = max(row.in_plane_mm.at(rng.random()), FINEST_IN_PLANE_MM)
    is_3d = row.scanning_sequence != SPIN_ECHO or thickness < 2
    sequence = _sequence(row, rng, is_3d=is_3d)
    agent = AGENTS_FOR_THE_HEAD[int(rng.integers(len(AGENTS_FOR_THE_HEAD)))]
    return ScanProtocol(row, sequence, is_3d, in_plane, thickness, other, agent)


def n_slices(slice_mm: float) -> int:
    """Slices of a slab that holds the tumor, at least 24."""
    return max(FEWEST_SLICES, math.ceil(COVERAGE_MM / slice_mm))


def _sequence(row: TableRow, rng: np.random.Generator, *, is_3d: bool) -> Sequence:
    """Parameters within the row's ranges; TE and TR go together, as longer TR leaves room for longer TE."""
    together = rng.random()
    te, tr = row.echo_time_ms.at(together), row.repetition_time_ms.at(together)
    te, tr = round(te, 1), round(tr, 1 if tr < 100 else 0)
    if row.scanning_sequence == SPIN_ECHO:
        return Sequence("spin_echo", tr, te, math.pi / 2, 0.0, *((24, 4.0) if is_3d else (1, 0.0)))
    if row.scanning_sequence == INVERSION:
        return Sequence("inversion_gradient_echo", tr, te, math.radians(15 if together < 0.5 else 9), 1100.0, 144, 6.9)
    return Sequence("gradient_echo", tr, te, math.radians(round(float(np.interp(tr, [8, 25, 40], [13, 29, 35])))))
