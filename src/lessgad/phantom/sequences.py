# SPDX-License-Identifier: Apache-2.0
"""T1-weighted sequences: the signal of a tissue before and after contrast."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from lessgad.phantom.tissues import Relaxation

# Relaxivity of gadobutrol, s⁻¹ per mmol/l. r1: Shen et al., Invest Radiol 2015 (whole blood). r2: Rohrer et al.,
# Invest Radiol 2005 (plasma, 1.5 T), used at both fields.
RELAXIVITY_R1 = {1.5: 4.6, 3.0: 4.5}
RELAXIVITY_R2 = 6.1


@dataclass(frozen=True)
class Sequence:
    """How a scan is acquired.

    Attributes:
        kind: DICOM's ScanningSequence, ``SE`` (spin echo) or ``GR`` (spoiled gradient echo).
        field_strength_t: 1.5 or 3.
        repetition_time_ms: TR.
        echo_time_ms: TE.
        flip_angle_degrees: Of the excitation; typical, for the paper does not give it.
    """

    kind: str
    field_strength_t: float
    repetition_time_ms: float
    echo_time_ms: float
    flip_angle_degrees: float

    def signal(self, tissue: Relaxation) -> Float[np.ndarray, " tissue"]:
        """Signal of each tissue, as a share of what CSF's water would give fully relaxed, without noise or coil.

        Spin echo:      S = M0 · (1 − 2·e^(−(TR − TE/2)/T1) + e^(−TR/T1)) · e^(−TE/T2)
        Gradient echo:  S = M0 · sin α · (1 − E1)/(1 − cos α · E1) · e^(−TE/T2),  E1 = e^(−TR/T1)

        Susceptibility (T2*) is left out of the gradient echo: at these TE it matters beside air only.
        """
        tr, te = self.repetition_time_ms, self.echo_time_ms
        decay = tissue.water * np.exp(-te / tissue.t2_ms)
        relaxed = np.exp(-tr / tissue.t1_ms)
        if self.kind == "SE":
            return decay * (1 - 2 * np.exp(-(tr - te / 2) / tissue.t1_ms) + relaxed)
        flip = np.deg2rad(self.flip_angle_degrees)
        return decay * np.sin(flip) * (1 - relaxed) / (1 - np.cos(flip) * relaxed)


# The medians of the paper's Table 2 for the fields and sequences drawn here.
SEQUENCES = (
    Sequence("SE", 1.5, 550.0, 10.0, 90.0),
    Sequence("GR", 1.5, 25.0, 4.6, 30.0),
    Sequence("SE", 3.0, 750.0, 9.0, 90.0),
    Sequence("GR", 3.0, 20.0, 3.7, 25.0),
)


def with_contrast(tissue: Relaxation, field_strength_t: float, share: float = 1.0) -> Relaxation:
    """Relaxation times with `share` of the standard dose: 1/T1 = 1/T1₀ + r1·c and 1/T2 = 1/T2₀ + r2·c."""
    concentration = share * tissue.uptake_mm
    r1, r2 = RELAXIVITY_R1[field_strength_t] * 1e-3, RELAXIVITY_R2 * 1e-3
    return replace(
        tissue, t1_ms=1 / (1 / tissue.t1_ms + r1 * concentration), t2_ms=1 / (1 / tissue.t2_ms + r2 * concentration)
    )
