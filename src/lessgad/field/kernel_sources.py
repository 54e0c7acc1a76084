# SPDX-License-Identifier: Apache-2.0
"""What a kernel field sees of each slice, stacked as channels."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from lessgad.field.gaussian_averages import N_AVERAGES
from lessgad.field.inputs import slices_around
from lessgad.field.measured_enhancement import LEAST_DOSE, MeasuredEnhancement

LEAST_NOISE = 1e-4
#: Noise of each average, noise of the T1, dose, detail noise (log), in-plane and slice spacing (log).
N_CONSTANTS = N_AVERAGES + 1 + 1 + (N_AVERAGES - 1) + 2
NOISE_CHANNEL = 2 - N_CONSTANTS  # noise of the average over 1 mm


def kernel_sources(evidence: MeasuredEnhancement, n_neighbors: int) -> Float[np.ndarray, "n c y x"]:
    """Stack the input channels of a kernel field for each chosen slice.

    Channels: T1 and scaled difference, each of the slice and its neighbors; the averages; what misalignment can do,
    scaled; noise of the T1; noise of each average and gain, as maps; and constants (`N_CONSTANTS`).

    Args:
        evidence: Measured enhancement of the scan.
        n_neighbors: Slices seen above and below.

    Returns:
        The channels of each slice, (n, c, y, x).
    """
    around = slices_around(evidence.numbers, n_neighbors, len(evidence.pre_contrast))
    n, height, width = evidence.gain.shape
    gain = evidence.gain[:, None]
    constants = np.broadcast_to(_constants(evidence)[None, :, None, None], (n, N_CONSTANTS, height, width))
    parts = (
        evidence.pre_contrast[around],
        gain * evidence.difference[around],
        np.moveaxis(evidence.averages, 0, 1),
        (evidence.gain * evidence.misalignment)[:, None],
        gain,
        constants,
    )
    return np.concatenate(parts, axis=1, dtype=np.float32)


def n_source_channels(n_neighbors: int) -> int:
    """Channels of `kernel_sources`."""
    return 2 * (2 * n_neighbors + 1) + N_AVERAGES + 2 + N_CONSTANTS


def _constants(evidence: MeasuredEnhancement) -> Float[np.ndarray, " c"]:
    facts, scale = evidence.facts, max(evidence.dose, LEAST_DOSE)
    detail = np.log10(np.maximum(np.asarray(evidence.detail) / scale, LEAST_NOISE))
    between, *in_plane = facts.spacing_mm
    return np.array(
        [
            *evidence.noise,
            facts.sigma_pre_contrast,
            evidence.dose,
            *detail,
            np.log(float(np.mean(in_plane))),
            np.log(between),
        ],
        np.float32,
    )
