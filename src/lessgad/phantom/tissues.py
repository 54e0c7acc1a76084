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
    GRAY = 8
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
    LABYRINTH = 19


@dataclass(frozen=True, eq=False)
class Relaxation:
    """One value per `Tissue`.

    Attributes:
        t1_ms: Longitudinal relaxation time before contrast, ms.
        t2_ms: Transverse relaxation time before contrast, ms.
        water: Visible proton density, 1 for CSF.
        uptake_mm: Concentration of the agent some 5 minutes after 0.1 mmol/kg, mmol/l of tissue.
        t1_spread: Relative standard deviation of `t1_ms` between people, or between tumors.
        uptake_spread: Relative standard deviation of `uptake_mm` between people, or between tumors.
    """

    t1_ms: Float[np.ndarray, " tissue"]
    t2_ms: Float[np.ndarray, " tissue"]
    water: Float[np.ndarray, " tissue"]
    uptake_mm: Float[np.ndarray, " tissue"]
    t1_spread: Float[np.ndarray, " tissue"]
    uptake_spread: Float[np.ndarray, " tissue"]


# Sources, by the key at the end of each row. E marks an estimate, reasoned below.
#
#   A  Parker, MRM 2006; Heye, NeuroImage 2016: arterial blood holds 0.45 and 0.51 mmol/l after 5 minutes
#   B  Bottomley, Med Phys 1984: T1 goes with frequency to the power 0.42 (muscle), 0.17 (fat); T2 hardly with the field
#   C  CSF of the subarachnoid space at 3 T, PMC10696635: T1 4309 ± 147 ms, T2 1886 ± 68 ms
#   G  Gold, AJR 2004: muscle, marrow and fat of the knee at 1.5 and 3 T
#   H  Bernal, NeuroImage 2021 (simulated after stroke patients): plasma 1.2 % of gray and 0.6 % of white matter,
#      leak 3.9 and 2.8e-4 per minute
#   K  J Neuroimaging 2022, PMID 35037337: sporadic schwannomas, Ktrans 0.17 per minute, ve 0.40
#   L  Patz, JMRI 2007: cortex of the lens 1413 ± 177 ms at 1.5 T; MRM 2019, PMC6519255: nucleus 1037 and 29 ms at 7 T
#   M  Goodall, Br J Radiol 2020: muscle/blood partition 0.17-0.27, not reached before 19 minutes
#   N  Laryngoscope 2021: enhanced schwannoma/pons 1.47 ± 0.27 (stable) and 1.78 ± 0.17 (growing)
#   O  Oros-Peusquens, Front Neurol 2019: water of gray 83.7 % and white matter 69.1 % of CSF's
#   P  Pai, Magn Reson Imaging 2008: T2 at 3 T, muscle 34 ± 7 ms, fat and marrow 41-160 ms
#   Q  Qin, MRM 2011, two papers: jugular blood at 3 T, T1 1852 ± 104 ms, T2 62 ± 6 ms
#   R  Rooney, MRM 2007: T1 = 1.16 (γB0)^0.376 (gray), 0.71 (γB0)^0.382 (white), 3.35 (γB0)^0.340 ms (blood), B0 in Hz;
#      CSF constant
#   S  Stanisz, MRM 2005: T2 at 1.5 and 3 T, gray 95 and 99 ms, white 72 and 69 ms
#   T  Chi-Fishman, ISMRM 2006, 2503: tongue at 3 T, T1 1307 ± 218 ms
#   V  Muir, Radiology 2013: vitreous at 3 T, R1 0.213 per second
#   W  Wansapura, JMRI 1999, and Wright, MAGMA 2008: at 3 T gray 1331 and 1607 ms, white 832 and 838 ms
#   X  Radiol Oncol 2026, doi 10.2478/raon-2026-0025: healthy parotid, T1 628 ms, T2 81 ± 6 ms (taken as of 3 T)
#   Y  Pasztor, J Comput Assist Tomogr 1987: cadaver pituitary at 2.1 T and 24 °C, T1 830 ± 200 ms, T2 76 ± 12 ms
#   Z  de Bazelaire, Radiology 2004: at 3 T muscle 898 ± 33 ms, fat 382 ± 13 and 68 ± 4 ms, L4 marrow 586 ± 73 and 49 ms
#
# How the rows came from them:
#
#   Where one field was measured only, T1 is carried to the others as (B0)^0.2 to 0.4, less the fattier the tissue (B).
#   Gray is R's law plus 9 %, midway between it and what R (1188 ms at 1.5 T) and W measured; white R's law less 4 %.
#   Muscle lies between Z and G (about 860-1130 ms at 1.5 T, 900-1420 ms at 3 T). The skull's marrow lies between fat,
#   which it is in most adults, and L4's. Blood's T2 at 1 and 1.5 T: between 100 and 250 ms. Fat is as dense in protons
#   as water, less its cells. Bone: water in pores only, that between the crystals (T2 0.4 ms) has decayed; T1
#   140-400 ms. Artery: flow void, 0-0.3 of its water. Vitreous' T2: between 150 ms at 7 T (L) and CSF's.
#   Skin: T1 600-900 ms, T2 15-35 ms (collagen). Dura: like it, darker. Mucosa: between muscle and tumor, T2 bright.
#   Pituitary: Y at body temperature. Tumor: in T1-weighted scans as bright as the brainstem (36 %) or slightly darker
#   (64 %; RoFo 1993, 158:362), so T1 1000-1500 ms at 1.5 T; T2 80-130 ms. Cyst: most are brighter than CSF
#   (Tali, AJNR 1993), so T1 1500-4000 ms. Labyrinth: as CSF; enhances over hours (Song, Front Neurol 2021).
#   Water of tissues that nobody measured: 0.65-0.90, from their share of water.
#
#   Uptake of vein: A. Brain: between H with A, 0.013 and 0.007, and half of that, for water leaves the vessels too
#   slowly to be relaxed in full. Muscle: M, half to three quarters reached. Tumor: K with A gives 0.41-0.50, N as spin
#   echo 0.20-0.37, so 0.33. Pituitary: no barrier, Ktrans 0.9 per minute (Zhai, Oncol Lett 2019), so 0.4-0.8.
#   Mucosa 0.3-0.5, dura 0.2-0.4, gland 0.15-0.30, skin 0.05-0.20: extracellular share of 20-60 % of plasma's 0.83.
#   Fat and marrow: their little water. Cyst: what leaks in from its wall, 0-0.1.
#
#   Spreads: the standard deviations above over their means, else 3-5 % (fluids, brain), 10 % (soft tissue), 15-20 %
#   (mucosa swells and shrinks; cysts differ); uptake 15 % (blood, M), 30 % (N and what depends on vessels).
# fmt: off
#                    T1 at            T2 at
#                    1    1.5     3   1   1.5     3  water  uptake  spreads of T1, uptake
_TABLE: dict[Tissue, tuple[float, ...]] = {
    Tissue.AIR:       (1000, 1000, 1000,   10,   10,   10, 0.00, 0.000, 0.000, 0.00),
    Tissue.SKIN:      ( 710,  800,  980,   25,   25,   25, 0.65, 0.100, 0.100, 0.30),  # E
    Tissue.FAT:       ( 320,  343,  382,   68,   68,   68, 0.90, 0.010, 0.035, 0.30),  # Z B; water, uptake E
    Tissue.MUSCLE:    ( 845, 1000, 1300,   35,   35,   35, 0.79, 0.060, 0.080, 0.16),  # Z G T B P M; water E
    Tissue.BONE:      ( 180,  200,  250,    3,    3,    2, 0.06, 0.000, 0.100, 0.00),  # E
    Tissue.MARROW:    ( 415,  450,  485,   58,   58,   58, 0.62, 0.020, 0.120, 0.30),  # Z B P; water, uptake E
    Tissue.DURA:      ( 710,  800,  980,   25,   25,   25, 0.50, 0.300, 0.100, 0.30),  # E
    Tissue.CSF:       (4300, 4300, 4300, 2000, 2000, 1900, 1.00, 0.000, 0.035, 0.00),  # R C; T2 below 3 T E
    Tissue.GRAY:      ( 935, 1090, 1410,   95,   95,   99, 0.84, 0.010, 0.050, 0.20),  # R W S B O H
    Tissue.WHITE:     ( 560,  655,  850,   72,   72,   69, 0.69, 0.006, 0.030, 0.20),  # R W S B O H
    Tissue.VEIN:      (1315, 1510, 1880,  200,  150,   62, 0.83, 0.480, 0.056, 0.15),  # R Q A; T2 below 3 T, water E
    Tissue.ARTERY:    (1315, 1510, 1880,  250,  240,  140, 0.15, 0.480, 0.056, 0.15),  # R A; T2, water E
    Tissue.MUCOSA:    ( 950, 1100, 1400,   90,   90,   85, 0.88, 0.400, 0.150, 0.30),  # E
    Tissue.VITREOUS:  (4700, 4700, 4700,  500,  500,  400, 1.00, 0.000, 0.030, 0.00),  # V; T2 E
    Tissue.LENS:      (1050, 1150, 1300,   40,   40,   38, 0.65, 0.000, 0.125, 0.00),  # L; water E
    Tissue.PITUITARY: ( 760,  860, 1060,   76,   76,   76, 0.83, 0.550, 0.120, 0.30),  # Y B; water, uptake E
    Tissue.GLAND:     ( 480,  530,  628,   81,   81,   81, 0.85, 0.200, 0.100, 0.25),  # X B; water, uptake E
    Tissue.TUMOR:     (1030, 1200, 1500,  105,  105,  100, 0.88, 0.330, 0.100, 0.30),  # E; uptake K N A
    Tissue.CYST:      (2500, 2500, 2500,  400,  400,  380, 0.97, 0.030, 0.200, 0.50),  # E
    Tissue.LABYRINTH: (4300, 4300, 4300, 2000, 2000, 1900, 1.00, 0.000, 0.035, 0.00),  # as CSF
}
# fmt: on

FIELD_STRENGTHS_T = (1.0, 1.5, 3.0)


def relaxation(field_strength_t: float) -> Relaxation:
    """Give relaxation, water and uptake of every tissue at 1, 1.5 or 3 T, and their spread between people.

    Sources: published measurements, scaling laws and estimates, told apart for each tissue above the table.

    Args:
        field_strength_t: Field strength, in tesla.

    Returns:
        The values by tissue.

    Raises:
        KeyError: Another field strength.
    """
    column = {field: index for index, field in enumerate(FIELD_STRENGTHS_T)}[field_strength_t]
    table = np.array([_TABLE[tissue] for tissue in Tissue], dtype=np.float64)
    return Relaxation(table[:, column], table[:, 3 + column], *table.T[6:])
