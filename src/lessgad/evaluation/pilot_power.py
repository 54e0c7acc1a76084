# SPDX-License-Identifier: Apache-2.0
"""How likely a further experiment finds a dose to be enough, from what the patients of a pilot show.

Each drawn patient is one of the pilot's with some spread added, so that endpoints of one patient stay together. The
probability that a patient keeps a margin is smoothed over the values of the pilot, and never 0 or 1: a pilot in which
all n patients keep it is compatible with a share of about 1 − 1/(2n).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from lessgad.evaluation.answer_settings import AnswerSettings, Endpoint
from lessgad.evaluation.share_of_patients import patients_needed

MIN_PILOT = 3
N_DRAWS = 2_000
BANDWIDTH = 1.06  # Silverman's rule: 1.06 · SD · n^(−1/5)

#: One value per patient of the pilot; NaN where it is undefined.
PilotValues = Float[np.ndarray, " patients"]


def keeping_probability(values: PilotValues, endpoint: Endpoint) -> PilotValues:
    """Estimate the probability that patients like those of the pilot keep a margin.

        p = P(x + h·s·z keeps the margin), z normal, h = 1.06·n^(−1/5);   then (1 − 1/n)·p + 1/(2n)

    Args:
        values: Values of the n patients; infinite ones count as they are, undefined ones never keep a margin.
        endpoint: Endpoint with its margin; counts of lesions get no spread.

    Returns:
        Probability of each patient of the pilot.
    """
    from scipy.special import ndtr

    n = len(values)
    finite = values[np.isfinite(values)]
    spread = float(finite.std(ddof=1)) if len(finite) > 1 and endpoint.kind.decimals else 0.0
    width = BANDWIDTH * n**-0.2 * spread
    kept = np.array([endpoint.kept_by(float(value)) for value in values], dtype=np.float64)
    if width > 0:
        low = -math.inf if endpoint.at_least is None else endpoint.at_least
        high = math.inf if endpoint.at_most is None else endpoint.at_most
        kept[np.isfinite(values)] = ndtr((high - finite) / width) - ndtr((low - finite) / width)
    return np.asarray((1 - 1 / n) * kept + 0.5 / n)


def power_curve(
    values: Mapping[Endpoint, Mapping[float, PilotValues]],
    dose: float,
    settings: AnswerSettings,
    n_patients: Sequence[int],
    seed: int,
    n_draws: int = N_DRAWS,
) -> Float[np.ndarray, " numbers"]:
    """Compute the probability that a dose and every higher one pass every endpoint.

    Args:
        values: Values of each endpoint at each dose, patients in one order.
        dose: The dose in question.
        settings: Level and least number of patients.
        n_patients: Numbers of patients that a further experiment may have, ascending.
        seed: Seed of the draws.
        n_draws: Experiments that are drawn.

    Returns:
        One probability per number of patients.
    """
    rng, largest = np.random.default_rng(seed), n_patients[-1]
    n_pilot = len(next(iter(next(iter(values.values())).values())))
    drawn = rng.integers(0, n_pilot, (n_draws, largest))
    passed = np.ones((n_draws, len(n_patients)), dtype=bool)
    places = np.array(n_patients) - 1
    for endpoint, by_dose in values.items():
        needed = [_needed(n, endpoint, settings) for n in n_patients]
        for of_dose in (at_dose for other, at_dose in by_dose.items() if other >= dose):
            keeps = rng.random(drawn.shape) < keeping_probability(of_dose, endpoint)[drawn]
            passed &= np.cumsum(keeps, axis=1)[:, places] >= needed
    return passed.mean(axis=0)


def enough_patients(n_patients: Sequence[int], power: Float[np.ndarray, " numbers"], wanted: float) -> int | None:
    """Find the number of patients from which on the power stays high enough.

    Args:
        n_patients: Numbers of patients, rising.
        power: Power at each number of patients, 0–1.
        wanted: The power to reach, 0–1.

    Returns:
        The number; None if it is not among those given.
    """
    reached = np.minimum.accumulate(power[::-1])[::-1] >= wanted
    return int(n_patients[int(np.argmax(reached))]) if reached.any() else None


def _needed(n: int, endpoint: Endpoint, settings: AnswerSettings) -> int:
    needed = patients_needed(n, endpoint.share, settings.level) if n >= settings.min_patients else None
    return n + 1 if needed is None else needed
