# SPDX-License-Identifier: Apache-2.0
"""What intervals that were calibrated on n patients cover of a cohort of others.

Patients' errors are normal with an SD of their own, log-normal over patients, so that the share covered of a patient
varies with the SD that `SD_OF_A_PATIENT` says. The factor is that of lessgad. Printed: the middle 95 % of the mean
coverage over the cohort, and what the formula of `coverage_range` gives.

    python benchmarks/coverage_by_calibration_patients.py [--draws 2000] [--judged 12]
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from lessgad.restoration.conformal_intervals import LEVEL, covering_factor
from lessgad.restoration.coverage_range import SD_OF_A_PATIENT, coverage_range

PATIENTS = (1, 2, 3, 4, 6, 10, 15, 20, 30)
N_VOXELS = 400  # scores of a patient: evenly spaced quantiles of the absolute error


def covered(factor: float, spread: np.ndarray) -> np.ndarray:
    """Share of a patient's voxels whose error is below a factor."""
    return 2 * norm.cdf(factor / spread) - 1


def spread_of_patients(rng: np.random.Generator) -> float:
    """SD of the logarithm of a patient's error at which coverage varies as it does."""
    deviates = rng.standard_normal(20_000)

    def off(log_sd: float) -> float:
        spread = np.exp(log_sd * deviates)
        factor = brentq(lambda q: covered(q, spread).mean() - LEVEL, 0.1, 50)
        return float(covered(factor, spread).std()) - SD_OF_A_PATIENT

    return float(brentq(off, 0.01, 3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--judged", type=int, default=12)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    log_sd = spread_of_patients(rng)
    quantiles = norm.ppf(0.5 + (np.arange(N_VOXELS) + 0.5) / (2 * N_VOXELS))
    print(f"SD of log error over patients {log_sd:.2f}; cohorts of {options.judged}, {options.draws} draws")
    print("| calibration patients | mean | simulated 95 % | formula 95 % |\n|---|---|---|---|")
    for n in PATIENTS:
        means = []
        for _ in range(options.draws):
            factor = covering_factor([one * quantiles for one in np.exp(log_sd * rng.standard_normal(n))])
            means.append(covered(factor, np.exp(log_sd * rng.standard_normal(options.judged))).mean())
        low, high = np.quantile(means, (0.025, 0.975))
        formula = coverage_range(LEVEL, n, options.judged)
        print(f"| {n} | {np.mean(means):.3f} | {low:.2f}–{high:.2f} | {formula[0]:.2f}–{formula[1]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
