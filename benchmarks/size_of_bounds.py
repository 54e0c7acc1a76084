# SPDX-License-Identifier: Apache-2.0
"""How often one-sided bounds of a mean take a dose for good enough that is worse by exactly the margin.

    python benchmarks/size_of_bounds.py [--tables 20000] [--resampled 2000]

A table holds one value per patient: the mean of 1 to 4 studies that share a patient's effect (intraclass correlation
0.6), or of one. Its true mean lies at the margin. In per cent, at level 2.5 %, the worst over 8, 10, 12, 15, 20, 30, 40
and 60 patients and the distributions of a row; "by patients" is lessgad's bound at each of these numbers. One standard
error is 0.1 (0.35 of the resampling methods). The long tail is on the bad side, as where few patients do badly.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from scipy.stats import norm, t

from lessgad.evaluation.non_inferiority import bound_of_mean

LEVEL, N_RESAMPLES, N_PATIENTS = 0.025, 999, (8, 10, 12, 15, 20, 30, 40, 60)
RANDOM = np.random.default_rng(5)
Draw = Callable[[tuple[int, ...]], np.ndarray]  # of mean 0 and SD 1
Table = Callable[[int, int], np.ndarray]  # tables, patients → values


def single(draw: Draw) -> Table:
    """One study per patient."""
    return lambda tables, n: draw((tables, n))


def several(patient: Draw, study: Draw) -> Table:
    """One to four studies per patient."""

    def table(tables: int, n: int) -> np.ndarray:
        there = np.arange(4) < RANDOM.integers(1, 5, (tables, n))[..., None]
        of_study = (study((tables, n, 4)) * there).sum(axis=-1) / there.sum(axis=-1)
        return np.sqrt(0.6) * patient((tables, n)) + np.sqrt(0.4) * of_study

    return table


def normal(shape: tuple[int, ...]) -> np.ndarray:
    return RANDOM.standard_normal(shape)


def laplace(shape: tuple[int, ...]) -> np.ndarray:
    return RANDOM.laplace(size=shape) / np.sqrt(2)


def student3(shape: tuple[int, ...]) -> np.ndarray:
    return RANDOM.standard_t(3, shape) / np.sqrt(3)


def gamma(k: float) -> Draw:
    return lambda shape: -(RANDOM.gamma(k, size=shape) - k) / np.sqrt(k)


def beta(a: float, b: float) -> Draw:
    sd = np.sqrt(a * b / (a + b + 1)) / (a + b)
    return lambda shape: (RANDOM.beta(a, b, shape) - a / (a + b)) / sd


def log_normal(sigma: float) -> Draw:
    mean, sd = np.exp(sigma**2 / 2), np.sqrt((np.exp(sigma**2) - 1) * np.exp(sigma**2))
    return lambda shape: -(np.exp(sigma * RANDOM.standard_normal(shape)) - mean) / sd


def failing(share: float, by_sd: float) -> Draw:
    """Normal, but a share of them lies lower."""
    sd = np.sqrt(1 + share * (1 - share) * by_sd**2)
    return lambda shape: (normal(shape) - by_sd * ((RANDOM.random(shape) < share) - share)) / sd


def mostly_zero(share: float) -> Draw:
    """A share of them alike, the others exponential."""
    sd = np.sqrt(2 * (1 - share) - (1 - share) ** 2)
    return lambda shape: -((RANDOM.random(shape) > share) * RANDOM.exponential(size=shape) - (1 - share)) / sd


ROWS: dict[str, list[Table]] = {
    "symmetric: normal, Laplace, t(3)": [
        single(normal), several(normal, normal), single(laplace), several(student3, student3)
    ],
    "skewness to 1": [
        single(gamma(4)), several(gamma(4), normal), single(beta(18, 2)), several(beta(7.2, 0.8), normal),
        several(failing(0.1, 3), normal), several(failing(0.05, 5), normal),
    ],
    "skewness to 2": [
        single(gamma(1)), several(gamma(1), gamma(1)), single(gamma(2)), single(beta(7.2, 0.8)),
        single(log_normal(0.5)), single(failing(0.1, 5)), several(mostly_zero(0.5), mostly_zero(0.5)),
    ],
    "beta(4, 0.4), skewness 2.1": [single(beta(4, 0.4))],
    "half alike, skewness 2.7": [single(mostly_zero(0.5))],
    "log-normal σ 0.75, skewness 3.3": [single(log_normal(0.75))],
    "log-normal σ 1, skewness 6.2": [single(log_normal(1.0))],
    "1 in 20 worse by 8 SD": [single(failing(0.05, 8))],
    "4 in 5 alike, several studies": [several(mostly_zero(0.8), mostly_zero(0.8))],
    "4 in 5 alike, one study": [single(mostly_zero(0.8))],
}  # fmt: skip


def bounds(values: np.ndarray, resampled: int) -> dict[str, np.ndarray]:
    """Lower bounds of each table by the methods in question."""
    n = values.shape[1]
    mean, sd = values.mean(axis=1), values.std(axis=1, ddof=1)
    student = t.ppf(1 - LEVEL, n - 1) / np.sqrt(n)
    with np.errstate(invalid="ignore"):
        skewness = np.nan_to_num(((values - mean[:, None]) ** 3).mean(axis=1) / values.std(axis=1) ** 3)
    skewness *= np.sqrt(n * (n - 1)) / (n - 2)
    found = {"t": mean - student * sd, "Johnson": mean + sd * (skewness * (1 / (6 * n) + student**2 / 3) - student)}
    found |= _resampled(values[:resampled], skewness[:resampled])
    return found | {"this": bound_of_mean(values, LEVEL)}


def _resampled(values: np.ndarray, skewness: np.ndarray) -> dict[str, np.ndarray]:
    n = values.shape[1]
    centered = values - values.mean(axis=1, keepdims=True)
    counts = RANDOM.multinomial(n, np.full(n, 1 / n), N_RESAMPLES).astype(float)
    means = centered @ counts.T / n
    variances = np.maximum(centered**2 @ counts.T / n - means**2, 0) * n / (n - 1)
    none = variances <= 1e-12 * centered.var(axis=1, keepdims=True)
    ratios = np.where(none, np.where(means > 0, np.inf, np.where(means < 0, -np.inf, 0)), means)
    ratios = np.divide(ratios, np.sqrt(variances / n), out=ratios, where=~none)
    place = int(np.ceil((N_RESAMPLES + 1) * (1 - LEVEL))) - 1
    quantile = np.partition(ratios, place, axis=1)[:, place]
    with np.errstate(invalid="ignore"):
        width = np.nan_to_num(quantile * centered.std(axis=1, ddof=1) / np.sqrt(n), nan=0.0)
    share = np.clip((means < 0).mean(axis=1) + 0.5 * (means == 0).mean(axis=1), 1e-3, 1 - 1e-3)
    bias, slope = norm.ppf(share), skewness / (6 * np.sqrt(n))
    corrected = norm.cdf(bias + (bias + norm.ppf(LEVEL)) / (1 - slope * (bias + norm.ppf(LEVEL))))
    places = np.clip((np.nan_to_num(corrected) * (N_RESAMPLES + 1)).astype(int) - 1, 0, N_RESAMPLES - 1)
    bca = np.take_along_axis(np.sort(means, axis=1), places[:, None], axis=1)[:, 0]
    signs = RANDOM.choice([-1.0, 1.0], (N_RESAMPLES, n))
    beaten = (values @ signs.T >= values.sum(axis=1, keepdims=True) - 1e-12).sum(axis=1)
    mean = values.mean(axis=1)
    return {
        "BCa": mean + bca,
        "bootstrap-t": mean - width,
        "sign flips": np.where((beaten + 1) / (N_RESAMPLES + 1) <= LEVEL, 1.0, -1.0),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=20_000)
    parser.add_argument("--resampled", type=int, default=2_000)
    options = parser.parse_args()
    names = ("t", "Johnson", "BCa", "sign flips", "bootstrap-t", "this")
    print("| patients' means |", *(f"{name} |" for name in names), "by patients |")
    print("|---|" + "---|" * (len(names) + 1))
    for row, tables in ROWS.items():
        worst, by_patients = dict.fromkeys(names, 0.0), dict.fromkeys(N_PATIENTS, 0.0)
        for table in tables:
            for n in N_PATIENTS:
                sizes = {
                    name: 100 * np.mean(bound >= 0)
                    for name, bound in bounds(table(options.tables, n), options.resampled).items()
                }
                worst = {name: max(worst[name], sizes[name]) for name in names}
                by_patients[n] = max(by_patients[n], sizes["this"])
        each = ", ".join(f"{size:.1f}" for size in by_patients.values())
        print(f"| {row} |", *(f"{worst[name]:.1f} |" for name in names), f"{each} |", flush=True)


if __name__ == "__main__":
    main()
