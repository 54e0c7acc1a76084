# SPDX-License-Identifier: Apache-2.0
"""How well the ratio of the bias fields is found where shading is that of surface coils, not made of cosines.

The phantom shades its scans by products of cosines, and `smooth` fits the ratio of two scans by cosines too. Here each
scan is also shaded by eight surface coils (`lessgad phantom --shading surface-coils`), which each scan loads
differently. Errors as in `bias_field_ratio_on_phantom.py`, for both families.

    python benchmarks/surface_coil_shading.py [--seed 77] [--patients 3] [--dose 1.0]
"""

from __future__ import annotations

import argparse
from unittest.mock import patch

import bias_field_ratio_on_phantom as ratio
import numpy as np

from lessgad.phantom import scanner
from lessgad.phantom.coils import surface_coil_sensitivity
from lessgad.preparation.bias_field_ratio import SPREAD_OF_BRIGHTER


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--patients", type=int, default=3)
    parser.add_argument("--dose", type=float, default=1.0, choices=ratio.DOSES)
    options = parser.parse_args()
    print(f"| shading, {options.patients} patients, dose {options.dose:g} | mean | SD | P95 | lowest | highest, % |")
    print("|---|---|---|---|---|---|")
    for name, family in (("cosines", scanner.coil_sensitivity), ("surface coils, 1/r", surface_coil_sensitivity)):
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
