# SPDX-License-Identifier: Apache-2.0
"""How often the answer takes a dose for good enough that just is not, and how often one that is.

    python benchmarks/level_of_answer.py [--tables 20000] [--figure docs/images/level_of_answer.png]

A table holds one value per patient; small values are good. *Level*: the margin is where exactly the endpoint's share of
all patients keeps it ("more than …", the test of the answer), or lies at the true mean ("bound of the mean", the test
that the answer used before); in per cent, nominal 2.5. *Power*: values are normal and the margin lies where Student's t
shows the mean in 80 %. One standard error is 0.11 at 20,000 tables.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.optimize import brentq
from scipy.stats import nct, t

from lessgad.evaluation.bound_of_mean import bound_of_mean
from lessgad.evaluation.share_of_patients import patients_needed

LEVEL, N_PATIENTS = 0.025, (8, 10, 12, 15, 20, 30, 40, 60)
SHARES = {"half": 0.5, "two in three": 2 / 3, "four in five": 0.8}
RANDOM = np.random.default_rng(7)
Draw = Callable[[tuple[int, ...]], np.ndarray]


def normal(shape: tuple[int, ...]) -> np.ndarray:
    return RANDOM.standard_normal(shape)


def exponential(shape: tuple[int, ...]) -> np.ndarray:
    return RANDOM.exponential(size=shape)


def log_normal(sigma: float) -> Draw:
    return lambda shape: np.exp(sigma * RANDOM.standard_normal(shape))


def zero_inflated(share: float) -> Draw:
    return lambda shape: (RANDOM.random(shape) > share) * RANDOM.exponential(size=shape)


def failing(share: float, by_sd: float) -> Draw:
    return lambda shape: RANDOM.standard_normal(shape) + by_sd * (RANDOM.random(shape) < share)


CASES: dict[str, Draw] = {
    "normal": normal,
    "exponential, skewness 2": exponential,
    "log-normal σ 1": log_normal(1.0),
    "log-normal σ 1.5": log_normal(1.5),
    "80 % zeros, else exponential": zero_inflated(0.8),
    "90 % zeros, else exponential": zero_inflated(0.9),
    "normal, 5 % fail by 8 SD": failing(0.05, 8.0),
    "normal, 5 % fail by 10 SD": failing(0.05, 10.0),
}


def levels(draw: Draw, n_tables: int) -> tuple[dict[int, float], dict[str, dict[int, float]]]:
    """False conclusions by the mean's bound, and by shares, per number of patients, in per cent."""
    many = draw((4_000_000,))
    mean = many.mean()
    margins = {name: np.quantile(many, share, method="inverted_cdf") for name, share in SHARES.items()}
    of_mean: dict[int, float] = {}
    of_shares: dict[str, dict[int, float]] = {name: {} for name in SHARES}
    for n in N_PATIENTS:
        values = draw((n_tables, n))
        of_mean[n] = 100 * float(np.mean(bound_of_mean(values, LEVEL, lower=False) <= mean))
        for name, share in SHARES.items():
            needed = patients_needed(n, share, LEVEL)
            # Among values that are alike, "below the margin" is what at most the share keeps.
            kept = (values < margins[name]).sum(axis=1)
            of_shares[name][n] = 0.0 if needed is None else 100 * float(np.mean(kept >= needed))
    return of_mean, of_shares


def powers(n_tables: int) -> dict[str, dict[int, float]]:
    """How often a better dose is shown to be so where values are normal, in per cent."""
    found: dict[str, dict[int, float]] = {"t": {}, "mean": {}, "half": {}}
    for n in N_PATIENTS:
        quantile, root = t.ppf(1 - LEVEL, n - 1), np.sqrt(n)
        distance = brentq(lambda d, q=quantile, r=root, n=n: nct.sf(q, n - 1, d * r) - 0.8, 0.05, 3.0)
        values = RANDOM.standard_normal((n_tables, n))
        student = values.mean(axis=1) + quantile * values.std(axis=1, ddof=1) / root
        found["t"][n] = 100 * float(np.mean(student <= distance))
        found["mean"][n] = 100 * float(np.mean(bound_of_mean(values, LEVEL, lower=False) <= distance))
        kept = (values <= distance).sum(axis=1)
        found["half"][n] = 100 * float(np.mean(kept >= (patients_needed(n, 0.5, LEVEL) or n + 1)))
    return found


def draw_figure(path: Path, level: dict[str, tuple[dict[int, float], dict[int, float]]], power: dict) -> None:
    """Levels of all cases at the left (before: dashed; now: solid), power on normal values at the right."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 3.6), dpi=130, layout="constrained")
    left, right = figure.subplots(1, 2)
    colors = [f"C{index}" for index in range(len(level))]
    for color, (name, (before, now)) in zip(colors, level.items(), strict=True):
        left.plot(list(before), list(before.values()), "--", color=color, linewidth=1)
        left.plot(list(now), list(now.values()), "-", color=color, linewidth=1.5, label=name)
    left.axhline(100 * LEVEL, color="0.4", linewidth=0.8)
    left.set(xlabel="patients", ylabel="false conclusions, %", title="margin at the truth (dashed: bound of the mean)")
    left.set_ylim(0, 30)
    left.legend(fontsize=6.5, frameon=False)
    for name, label, style in (("t", "Student's t", ":"), ("mean", "bound of the mean", "--"), ("half", "shares", "-")):
        right.plot(list(power[name]), list(power[name].values()), style, color="0.15", label=label)
    right.set(xlabel="patients", ylabel="power, %", title="normal values, t shows it in 80 %", ylim=(0, 100))
    right.legend(fontsize=7, frameon=False)
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=20_000)
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    heads = " | ".join(f"{n}" for n in N_PATIENTS)
    print(f"| false conclusions, % | test | {heads} | worst |\n|---|---|" + "---|" * (len(N_PATIENTS) + 1))
    figures: dict[str, tuple[dict[int, float], dict[int, float]]] = {}
    for case, draw in CASES.items():
        of_mean, of_shares = levels(draw, options.tables)
        worst = max(of_shares, key=lambda name: max(of_shares[name].values()))
        figures[case] = of_mean, of_shares[worst]
        rows = {"bound of the mean": of_mean, **{f"more than {name}": found for name, found in of_shares.items()}}
        for test, found in rows.items():
            cells = " | ".join(f"{value:.1f}" for value in found.values())
            print(f"| {case} | {test} | {cells} | {max(found.values()):.1f} |", flush=True)
    power = powers(options.tables)
    print(f"\n| power on normal values, % | {heads} |\n|---|" + "---|" * len(N_PATIENTS))
    for name, label in (("t", "Student's t"), ("mean", "bound of the mean"), ("half", "more than half")):
        print(f"| {label} | " + " | ".join(f"{value:.0f}" for value in power[name].values()) + " |")
    print("\n| power where a share of all patients keeps the margin, % |", heads, "|\n|---|" + "---|" * len(N_PATIENTS))
    from lessgad.evaluation.share_of_patients import power as power_of

    for name, share in SHARES.items():
        for true in (0.8, 0.9, 0.95, 0.99):
            if true > share:
                cells = " | ".join(f"{100 * power_of(n, true, share, LEVEL):.0f}" for n in N_PATIENTS)
                print(f"| {true:g} keep it, more than {name} | {cells} |")
    if options.figure is not None:
        draw_figure(options.figure, figures, power)


if __name__ == "__main__":
    main()
