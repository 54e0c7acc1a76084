# SPDX-License-Identifier: Apache-2.0
"""Could another test than the share of patients be used? The signed-rank test's level, and power lost to whole numbers.

The hypothesis of a default endpoint is that at most half of all patients keep the margin. Among tests that hold the
level which it attains, for every distribution, the exact test of the share is uniformly most powerful (docs/answer.md).
Printed: false conclusions of Wilcoxon's signed-rank test, exact, with the
median at the margin, in per cent (nominal 2.5); and, for the exact test of the share, the level that it really has at
each number of patients and its power where Student's t has 80 % on normal values.

    python benchmarks/other_tests_of_the_median.py [--tables 20000]
"""

from __future__ import annotations

import argparse

import numpy as np
from level_of_answer import CASES, LEVEL, N_PATIENTS
from scipy.optimize import brentq
from scipy.stats import binom, nct, norm, t

from lessgad.evaluation.share_of_patients import patients_needed


def least_rank_sum(n: int) -> int:
    """The sum of ranks from which on the signed-rank test rejects at 2.5 %."""
    counts = np.ones(1)
    for rank in range(1, n + 1):
        counts = np.pad(counts, (0, rank)) + np.pad(counts, (rank, 0))
    tail = np.cumsum(counts[::-1])[::-1] / counts.sum()
    return int(np.argmax(tail <= LEVEL))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=20_000)
    options = parser.parse_args()
    print("| signed-rank test, false conclusions, % |", " | ".join(map(str, N_PATIENTS)), "|")
    print("|---|" + "---|" * len(N_PATIENTS))
    # Mirrored, the long tail is of patients who are far better than the margin.
    for (name, draw), sign in ((case, sign) for sign in (1, -1) for case in CASES.items()):
        median = np.quantile(sign * draw((1_000_000,)), 0.5)
        cells = []
        for n in N_PATIENTS:
            values = median - sign * draw((options.tables, n))  # above 0: keeps the margin
            ranks = np.abs(values).argsort(axis=1, kind="stable").argsort(axis=1) + 1
            cells.append(f"{100 * np.mean((ranks * (values > 0)).sum(axis=1) >= least_rank_sum(n)):.1f}")
        print(f"| {name}{', mirrored' if sign < 0 else ''} |", " | ".join(cells), "|", flush=True)
    print("\n| patients | needed | level, % | power on normal values, % |\n|---|---|---|---|")
    for n in range(10, 71):
        needed = patients_needed(n, 0.5, LEVEL)
        quantile, root = t.ppf(1 - LEVEL, n - 1), np.sqrt(n)
        distance = brentq(lambda d, q=quantile, r=root, n=n: nct.sf(q, n - 1, d * r) - 0.8, 0.05, 3.0)
        level, power = (100 * binom.sf(needed - 1, n, p) for p in (0.5, norm.cdf(distance)))
        print(f"| {n} | {needed} | {level:.2f} | {power:.0f} |")


if __name__ == "__main__":
    main()
