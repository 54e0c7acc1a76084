# SPDX-License-Identifier: Apache-2.0
"""What the calibration `smooth` keeps of a ball's enhancement, by size and contrast, and what lessgad estimates of it.

A head-sized ellipsoid of 100 with noise of 2 on grid of 2 mm, a cosine of ±10 % for shading, and a ball that is
brighter by a share in the second scan. *Kept* is the mean enhancement of the ball after calibration over the true one;
*estimated* is 1 − `lost_enhancement`, which knows the ball's mask and not the truth.

    python benchmarks/enhancement_lost_to_calibration.py
"""

from __future__ import annotations

import numpy as np

from lessgad.preparation.bias_field_ratio import find_bias_field_ratio
from lessgad.preparation.lost_to_calibration import lost_enhancement

SHAPE, SPACING_MM = (100, 110, 60), (2.0, 2.0, 2.0)
DIAMETERS_MM = (20, 30, 50, 70)
CONTRASTS = (0.04, 0.06, 0.1, 0.2, 0.5)


def kept_and_estimated(diameter_mm: float, contrast: float) -> tuple[float, float | None]:
    rng = np.random.default_rng(1)
    x, y, z = np.meshgrid(*(2.0 * (np.arange(n) - n / 2) for n in SHAPE), indexing="ij", sparse=True)
    head = (x / 80) ** 2 + (y / 95) ** 2 + (z / 58) ** 2 < 1
    ball = ((x - 20) ** 2 + (y - 15) ** 2 + z**2 < (diameter_mm / 2) ** 2) & head
    clean = np.where(head, 100.0, 0.0)
    shading = np.exp(0.1 * np.cos(np.pi * x / 200) * np.ones(SHAPE))
    images = clean, clean * (1 + contrast * ball) / shading
    t1, t1ce = (np.maximum(one + 2 * rng.standard_normal(SHAPE), 0).astype(np.float32) for one in images)
    gain = find_bias_field_ratio(t1, t1ce, head, SPACING_MM)
    even = t1ce * gain.over(SHAPE)
    rest = head & ~ball
    calibrated = even * np.float32(np.median(t1[rest]) / np.median(even[rest]))
    kept = float((calibrated - t1)[ball].mean()) / (100 * contrast)
    lost = lost_enhancement(t1, calibrated, gain, ball, head, SPACING_MM)
    return kept, None if lost is None else 1 - lost


def main() -> None:
    print("| kept / estimated | " + " | ".join(f"+{100 * contrast:.0f} %" for contrast in CONTRASTS) + " |")
    print("|---|" + "---|" * len(CONTRASTS))
    for diameter in DIAMETERS_MM:
        cells = []
        for contrast in CONTRASTS:
            kept, estimated = kept_and_estimated(diameter, contrast)
            cells.append(f"{kept:.2f} / " + ("–" if estimated is None else f"{estimated:.2f}"))
        print(f"| {diameter} mm | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
