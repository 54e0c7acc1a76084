# SPDX-License-Identifier: Apache-2.0
"""What the head is made of: relaxation times, water and uptake of contrast of each tissue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from jaxtyping import Float


class Tissue(IntEnum):
    """Labels of the anatomy; the numbers index the rows of `Relaxation`."""

    AIR = 0
    SKIN = 1
    FAT = 2
    MUSCLE = 3
    BONE = 4
    MARROW = 5
    DURA = 6
    CSF = 7
    GREY = 8
    WHITE = 9
    VEIN = 10
    ARTERY = 11
    MUCOSA = 12
    VITREOUS = 13
    LENS = 14
    PITUITARY = 15
    GLAND = 16
    TUMOR = 17
    CYST = 18


@dataclass(frozen=True, eq=False)
class Relaxation:
    """One value per `Tissue`.

    Attributes:
        t1_ms: Longitudinal relaxation time before contrast, ms.
        t2_ms: Transverse relaxation time before contrast, ms.
        water: Visible proton density, 1 for CSF.
        uptake_mm: Concentration of the agent after the standard dose, mmol/l.
    """

    t1_ms: Float[np.ndarray, " tissue"]
    t2_ms: Float[np.ndarray, " tissue"]
    water: Float[np.ndarray, " tissue"]
    uptake_mm: Float[np.ndarray, " tissue"]


# Grey, white: at 1.5 T Rooney 2007 (T1) and Stanisz 2005 (T2), at 3 T Wansapura 1999. CSF: Rooney 2007, hardly moves
# with the field. Muscle, venous blood: Stanisz 2005. Fat, marrow: de Bazelaire 2004. Water: Tofts 2003 (brain), about
# 0.8 of CSF elsewhere.
# Skin, dura, mucosa, pituitary, gland, tumour, cyst: no single source. Set between muscle and grey matter (cellular
# tissue with much extracellular water), the tumour a little longer than grey matter, as it looks on T1-weighted scans.
# Bone and arteries: hardly any signal (T2 of bone below 1 ms; flow void, which stands in for fast blood).
# Uptake: blood about 0.8 mmol/l some minutes after 0.1 mmol/kg; brain 1-2 % of that (its blood volume, seen through
# slow exchange of water), the rest by extracellular share. The tumour's is drawn for each patient (schwannoma.py); here
# the middle of the range.
#              T1 1.5 T, T2 1.5 T, T1 3 T, T2 3 T, water, uptake
_TABLE: dict[Tissue, tuple[float, float, float, float, float, float]] = {
    Tissue.AIR: (1000, 10, 1000, 10, 0.0, 0.0),
    Tissue.SKIN: (600, 35, 750, 33, 0.70, 0.12),
    Tissue.FAT: (343, 58, 382, 68, 0.72, 0.01),
    Tissue.MUSCLE: (1008, 44, 1412, 50, 0.80, 0.07),
    Tissue.BONE: (900, 5, 1000, 5, 0.10, 0.0),
    Tissue.MARROW: (480, 49, 520, 49, 0.62, 0.03),
    Tissue.DURA: (900, 40, 1100, 38, 0.55, 0.35),
    Tissue.CSF: (4070, 2000, 4200, 1800, 1.0, 0.0),
    Tissue.GREY: (1188, 95, 1331, 110, 0.83, 0.012),
    Tissue.WHITE: (656, 72, 832, 80, 0.71, 0.006),
    Tissue.VEIN: (1441, 150, 1932, 100, 0.75, 0.80),
    Tissue.ARTERY: (1441, 150, 1932, 100, 0.40, 0.80),
    Tissue.MUCOSA: (1000, 80, 1250, 75, 0.85, 0.35),
    Tissue.VITREOUS: (3800, 1500, 4000, 1300, 1.0, 0.0),
    Tissue.LENS: (1000, 30, 1250, 28, 0.70, 0.0),
    Tissue.PITUITARY: (950, 90, 1150, 85, 0.85, 0.40),
    Tissue.GLAND: (650, 60, 800, 55, 0.78, 0.12),
    Tissue.TUMOR: (1250, 95, 1500, 90, 0.90, 0.33),
    Tissue.CYST: (2400, 500, 2700, 450, 0.97, 0.04),
}

FIELD_STRENGTHS_T = (1.5, 3.0)


def relaxation(field_strength_t: float) -> Relaxation:
    """Return relaxation, water and uptake of every tissue at 1.5 or 3 T.

    Sources: Rooney et al., MRM 2007; Stanisz et al., MRM 2005; Wansapura et al., JMRI 1999; de Bazelaire et al.,
    Radiology 2004; Tofts, Quantitative MRI of the Brain, 2003.

    Raises:
        KeyError: Another field strength.
    """
    column = {1.5: 0, 3.0: 2}[field_strength_t]
    table = np.array([_TABLE[tissue] for tissue in Tissue], dtype=np.float64)
    return Relaxation(table[:, column], table[:, column + 1], table[:, 4], table[:, 5])
