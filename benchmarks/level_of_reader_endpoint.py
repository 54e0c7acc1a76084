# SPDX-License-Identifier: Apache-2.0
"""How often the readers' endpoint takes a dose for good enough that just is not, and how often one that is.

    python benchmarks/level_of_reader_endpoint.py [--tables 20000]

Each patient has an impression without contrast (SD 0.6 around step 1.8) and one at the standard dose (higher by 2.4,
SD 0.8; in some patients by nothing). A dose keeps a share of that gain, with a deviation of its own (SD 0.3). Readers
round to five steps, each with a fixed bias (from −0.3 to 0.3) and an error at each image. *Level*: the share is such
that the scores of exactly half of all patients keep 80 % of the gain. *Bound of the mean*: the same readings, judged
as a trial would, by Student's t on s(d) − s(0) − 0.8·(s(1) − s(0)), where the mean of that is 0. *As good as the
standard*: the dose's impression is that of the standard dose. *No gain*: contrast shows readers
nothing, and the endpoint must give no verdict. All in per cent; one standard error is 0.11 at 2.5 % and 20,000 tables.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import t

from lessgad.evaluation.answer_settings import WITH_READERS
from lessgad.evaluation.share_of_patients import patients_needed

LEVEL, N_PATIENTS, KEPT = 0.025, (10, 15, 20, 30, 40, 60), WITH_READERS.margins[0]


@dataclass(frozen=True)
class Case:
    """Readers and patients."""

    name: str
    n_readers: int
    error: float  # SD of one reader at one image, in steps
    without_gain: float = 0.0  # share of patients
    failing: float = 0.0  # share of patients in whom the dose shows nothing


CASES = (
    Case("one reader", 1, 0.5),
    Case("one careless reader", 1, 1.0),
    Case("two readers", 2, 0.5),
    Case("three readers", 3, 0.5),
    Case("two readers, a fifth without a gain", 2, 0.5, without_gain=0.2),
    Case("two readers, 5 % fail", 2, 0.5, failing=0.05),
)


def scores(case: Case, share: float, shape: tuple[int, int], rng: np.random.Generator, gain: float = 2.4):
    """Mean scores over readers: without contrast, at the dose, at the standard dose; tables × patients each."""
    tables, n = shape
    without = rng.normal(1.8, 0.6, shape)
    gains = rng.normal(gain, 0.8, shape) if gain else np.zeros(shape)
    gains[rng.random(shape) < case.without_gain] = 0
    at_dose = share * gains + 0.3 * rng.standard_normal(shape)
    if share == 1.0:
        at_dose = gains
    at_dose = np.where(rng.random(shape) < case.failing, 0, at_dose)
    bias = np.linspace(-0.3, 0.3, case.n_readers) if case.n_readers > 1 else np.zeros(1)

    def read(impression):
        seen = impression[..., None] + bias + case.error * rng.standard_normal((tables, n, case.n_readers))
        return np.clip(np.rint(seen), 1, 5).mean(axis=2)

    return read(without), read(without + at_dose), read(without + gains)


def kept(s0, sd, s1):
    """Whether each patient keeps four fifths of the gain, as the endpoint counts it."""
    return np.where(s1 > s0, sd - s0 >= KEPT * (s1 - s0) - 1e-12, sd >= s0)


def passes(s0, sd, s1):
    """Whether the readings show a gain, and more than half of all patients are shown to keep the margin."""
    n = s0.shape[1]
    needed = patients_needed(n, 0.5, LEVEL)
    gains = (s1 > s0).sum(axis=1) >= needed
    return gains, gains & (kept(s0, sd, s1).sum(axis=1) >= needed)


def mean_passes(s0, sd, s1):
    loss = sd - s0 - KEPT * (s1 - s0)
    n, sd_of = loss.shape[1], loss.std(axis=1, ddof=1)
    return loss.mean(axis=1) - t.ppf(1 - LEVEL, n - 1) * sd_of / np.sqrt(n) > 0


def shares_at_the_margin(case: Case) -> tuple[float, float]:
    """Shares of the gain at which half of all patients keep the margin, and at which the mean lies on it."""

    def excess(share):
        return kept(*scores(case, share, (4_000, 100), np.random.default_rng(5))).mean() - 0.5

    def mean(share):
        s0, sd, s1 = scores(case, share, (4_000, 100), np.random.default_rng(5))
        return (sd - s0 - KEPT * (s1 - s0)).mean()

    return brentq(excess, 0.2, 1.3, xtol=1e-3), brentq(mean, 0.2, 1.3, xtol=1e-3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=20_000)
    parser.add_argument("--cases", type=int, nargs="+", default=range(len(CASES)), help="numbers of cases, from 0")
    options = parser.parse_args()
    print("| readers and patients | figure |", *(f" {n} |" for n in N_PATIENTS))
    for number, case in enumerate(CASES):
        if number not in options.cases:
            continue
        rng = np.random.default_rng([11, number])
        share, mean_share = shares_at_the_margin(case)
        rows: dict[str, list[float]] = {}
        for n in N_PATIENTS:
            shape = (options.tables, n)
            at_margin = scores(case, share, shape, rng)
            at_mean = scores(case, mean_share, shape, rng)
            as_good, nine = scores(case, 1.0, shape, rng), scores(case, 0.9, shape, rng)
            nothing = scores(case, 1.0, shape, rng, gain=0.0)
            for name, found in (
                (f"level (share of the gain {share:.2f})", passes(*at_margin)[1]),
                (f"level, bound of the mean ({mean_share:.2f})", mean_passes(*at_mean)),
                ("gain shown", passes(*as_good)[0]),
                ("as good as the standard, shown", passes(*as_good)[1]),
                ("the same, bound of the mean", mean_passes(*as_good)),
                ("nine tenths of the gain, shown", passes(*nine)[1]),
                ("no gain, verdict given", passes(*nothing)[0]),
            ):
                rows.setdefault(name, []).append(100 * float(found.mean()))
        keep = kept(*scores(case, 1.0, (2_000, 100), rng)).mean()
        print(f"| {case.name} | keep it as good as the standard | {100 * keep:.0f} |")
        for name, found in rows.items():
            print(f"| {case.name} | {name} |", *(f" {value:.1f} |" for value in found), flush=True)


if __name__ == "__main__":
    main()
