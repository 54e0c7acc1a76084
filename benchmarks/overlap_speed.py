# SPDX-License-Identifier: Apache-2.0
"""How long Dice, HD95 and ASD of one study take, on the box around both masks and with MONAI on the whole grid.

    python benchmarks/overlap_speed.py

A made-up study of 512×512×100 voxels of 0.4×0.4×1 mm with three regions: an intrameatal part, an extrameatal one of
15 mm, and their union; the prediction is shifted by two pixels.
"""

from __future__ import annotations

import time

import numpy as np

from lessgad.evaluation.overlap import overlap, surface_distances_mm

SHAPE, SPACING_MM = (512, 512, 100), (0.4, 0.4, 1.0)


def regions(shift: int) -> list[np.ndarray]:
    """The two parts and their union."""
    x, y, z = ((np.arange(n) - n / 2) * mm for n, mm in zip(SHAPE, SPACING_MM, strict=True))
    x = x[:, None, None] - 30 + shift * SPACING_MM[0]
    y, z = y[None, :, None], z[None, None, :]
    extrameatal = x**2 + y**2 + z**2 < 7.5**2
    intrameatal = (np.abs(x - 10) < 5) & (y**2 + z**2 < 2.5**2) & ~extrameatal
    return [intrameatal, extrameatal, intrameatal | extrameatal]


def main() -> None:
    pairs = list(zip(regions(2), regions(0), strict=True))
    overlap(*pairs[0], SPACING_MM)  # the first call imports MONAI
    begin = time.perf_counter()
    cropped = [overlap(*pair, SPACING_MM) for pair in pairs]
    middle = time.perf_counter()
    whole = [surface_distances_mm(*pair, SPACING_MM) for pair in pairs]
    end = time.perf_counter()
    for one, (hd95_mm, asd_mm) in zip(cropped, whole, strict=True):
        np.testing.assert_allclose((one.hd95_mm, one.asd_mm), (hd95_mm, asd_mm), rtol=1e-5)
    print(f"on the box {middle - begin:.2f} s, on the whole grid {end - middle:.2f} s: ", end="")
    print(f"{(end - middle) / (middle - begin):.0f} times, the same values")


if __name__ == "__main__":
    main()
