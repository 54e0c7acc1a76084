# SPDX-License-Identifier: Apache-2.0
"""How many half-waves the ratio of the bias fields needs: on generated heads, and on real pairs.

    python benchmarks/half_waves_of_the_bias_field.py --seed 502 --patients 10 [--pairs COHORT --leave-out sub-X sub-Y]

Generated heads: SD over the head of the log of the factor found over the true one, in per cent, as in
`bias_field_ratio_on_phantom.py`, for both families of shading. Pairs: held-out residual of `calibration_on_pairs.py`,
in per cent of tissue; `--leave-out` names the test patients, on which nothing may be chosen.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import bias_field_ratio_on_phantom as on_phantom
import numpy as np
from calibration_on_pairs import measure, studies

from lessgad.phantom import scanner
from lessgad.phantom.coils import surface_coil_sensitivity
from lessgad.preparation import bias_field_ratio

FAMILIES = {"coils": surface_coil_sensitivity, "cosines": scanner.coil_sensitivity}
DOSES = (0.1, 1.0)
#: Orders, spread of brighter blocks, spread that is expected of a coefficient.
SETTINGS = (
    ((3,), 0.7, 0.03),
    ((2, 4), 0.65, 0.03),
    ((2, 4, 5), 0.65, 0.03),
    ((2, 4, 6), 0.6, 0.03),
    ((2, 4, 6), 0.65, 0.01),
)


def spread_on_phantom(family: str, dose: float, spread: float, seed: int, n_patients: int) -> float:
    """SD of the error over the head, mean over patients, in per cent."""
    with (
        patch.object(scanner, "coil_sensitivity", FAMILIES[family]),
        patch.object(on_phantom, "SPREADS_OF_BRIGHTER", (spread,)),
    ):
        rows = [row for number in range(1, n_patients + 1) for _, row in on_phantom.errors(number, seed, dose)]
    return float(np.mean(rows, axis=0)[1])


def held_out(cohort: Path, left_out: list[str]) -> float:
    """Held-out residual of `smooth`, mean over pairs, in per cent of tissue."""
    found = [
        measure(*images, [1, 4], [])["smooth held out residual"]
        for name, *images in studies(cohort)
        if name.split("_")[0] not in left_out
    ]
    return float(np.mean(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=502)
    parser.add_argument("--patients", type=int, default=10)
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--leave-out", nargs="+", default=[])
    given = parser.parse_args()
    columns = [f"{family}, {100 * dose:g} %" for family in FAMILIES for dose in DOSES]
    print("| half-waves; spread of brighter blocks; coefficients | " + " | ".join(columns) + " | pairs |")
    print("|---" * (len(columns) + 2) + "|")
    for orders, spread, coefficient in SETTINGS:
        changes = {"ORDERS": orders, "SPREAD_OF_BRIGHTER": spread, "USUAL_COEFFICIENT": coefficient}
        with ExitStack() as stack:
            for name, value in changes.items():
                stack.enter_context(patch.object(bias_field_ratio, name, value))
            cells = [
                f"{spread_on_phantom(family, dose, spread, given.seed, given.patients):.2f}"
                for family in FAMILIES
                for dose in DOSES
            ]
            cells.append(f"{held_out(given.pairs, given.leave_out):.2f}" if given.pairs else "–")
        print(f"| {orders}; {spread:g}; {coefficient:g} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
