# SPDX-License-Identifier: Apache-2.0
"""How well the ratio of the bias fields is found where shading is that of surface coils, not made of cosines.

The phantom shades its scans by products of cosines, and `smooth` fits the ratio of two scans by cosines too. Here each
scan is shaded by eight elements around the head instead, whose sensitivities fall as 1/r and are combined as root of
the sum of squares; each scan loads them differently. Errors as in `bias_field_ratio_on_phantom.py`, for both families.

    python benchmarks/surface_coil_shading.py [--seed 77] [--patients 3] [--dose 1.0]
"""

from __future__ import annotations

import argparse
from unittest.mock import patch

import bias_field_ratio_on_phantom as ratio
import numpy as np

from lessgad.phantom import scanner
from lessgad.preparation.bias_field_ratio import SPREAD_OF_BRIGHTER

N_ELEMENTS = 8
DISTANCE = 1.25  # of the elements from the middle, in half-widths of the field of view
LOADING = 0.15  # of the logarithm of an element's sensitivity, per unit of the phantom's own weights


def surface_coils(shape: tuple[int, int, int], weights: np.ndarray) -> np.ndarray:
    """Sensitivity around 1 of eight elements on a ring about the slices.

    Args:
        shape: Of the scan.
        weights: Nine normal deviates of the scan; eight of them load the elements.
    """
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n, dtype=np.float32) for n in shape), indexing="ij", sparse=True)
    squares = np.zeros(shape, np.float32)
    for element in range(N_ELEMENTS):
        angle = 2 * np.pi * element / N_ELEMENTS
        height = 0.5 * (-1) ** element
        distance2 = (x - DISTANCE * np.cos(angle)) ** 2 + (y - DISTANCE * np.sin(angle)) ** 2 + (z - height) ** 2
        squares += np.float32(np.exp(2 * LOADING * weights.flat[element])) / distance2
    field: np.ndarray = np.sqrt(squares)
    return (field / field.mean()).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--patients", type=int, default=3)
    parser.add_argument("--dose", type=float, default=1.0, choices=ratio.DOSES)
    options = parser.parse_args()
    print(f"| shading, {options.patients} patients, dose {options.dose:g} | mean | SD | P95 | lowest | highest, % |")
    print("|---|---|---|---|---|---|")
    for name, family in (("cosines", scanner.coil_sensitivity), ("surface coils, 1/r", surface_coils)):
        rows = []
        for number in range(1, options.patients + 1):
            with (
                patch.object(scanner, "coil_sensitivity", family),
                patch.object(ratio, "SPREADS_OF_BRIGHTER", (SPREAD_OF_BRIGHTER,)),
            ):
                rows += [figures for _, figures in ratio.errors(number, options.seed, options.dose)]
        print(f"| {name} |", " | ".join(f"{value:.2f}" for value in np.mean(rows, axis=0)), "|", flush=True)


if __name__ == "__main__":
    main()
