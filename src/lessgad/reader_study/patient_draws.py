# SPDX-License-Identifier: Apache-2.0
"""How sure a figure is: patients are drawn again and again, each with all their readings.

What is drawn is how often each patient counts. A statistic that weighs its subjects can be computed for all draws at
once, so every statistic here takes `multiplicity`: how often each subject counts, with draws as leading axes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from lessgad.evaluation.patient_level import MIN_PATIENTS_FOR_INTERVAL, expanded_tail

Multiplicity = Float[np.ndarray, "*draws subjects"]
MAX_UNDEFINED = 0.01  # share of draws

Interval = tuple[float, float] | None


def multiplicities(patients: Sequence[str], seed: int, n_draws: int) -> Float[np.ndarray, "draws subjects"]:
    """Draw patients with replacement.

    Args:
        patients: Patient of each subject; subjects of one patient are drawn together.
        seed: Seed of the draws; the same patients give the same draws for any statistic.
        n_draws: Number of draws.

    Returns:
        How often each subject counts in each draw, (draws, subjects).
    """
    names = sorted(set(patients))
    drawn = np.random.default_rng(seed).multinomial(len(names), [1 / len(names)] * len(names), size=n_draws)
    return np.asarray(drawn[:, [names.index(patient) for patient in patients]], dtype=np.float64)


def bootstrap_interval(
    statistic: Callable[[Multiplicity], Float[np.ndarray, "*draws"]], patients: Sequence[str], seed: int, n_draws: int
) -> Interval:
    """95 % confidence interval of a statistic by drawing patients: expanded percentiles.

    Args:
        statistic: Statistic for any number of draws at once.
        patients: Patient of each subject.
        seed: Seed of the draws.
        n_draws: Number of draws.

    Returns:
        Lower and upper bound. None under 10 patients; where more than 1 % of draws leave the statistic undefined;
        and where all draws agree, for then they know of no variance and an interval of no width would promise too
        much.

    Source: Hesterberg, The American Statistician 2015.
    """
    n_patients = len(set(patients))
    if n_patients < MIN_PATIENTS_FOR_INTERVAL:
        return None
    drawn = statistic(multiplicities(patients, seed, n_draws))
    defined = drawn[~np.isnan(drawn)]
    if len(defined) < (1 - MAX_UNDEFINED) * len(drawn) or np.ptp(defined) < 1e-12:
        return None
    tail = expanded_tail(n_patients)
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)
