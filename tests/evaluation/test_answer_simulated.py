# SPDX-License-Identifier: Apache-2.0
"""How often the answer is right, on tables drawn at random."""

import math

import numpy as np
import pytest
from made_outcomes import DICE_LOSS, RECOVERY, SSIM

from lessgad.evaluation.answer_settings import AnswerSettings
from lessgad.evaluation.dose_answer import find_dose_answer
from lessgad.evaluation.outcomes import Outcome


def made_table(random, n_patients, means, sd):
    """Recovery, Dice loss and SSIM of one to four studies of each patient, at SIMULATED.

    Deviations are of patients and of studies, half the variance each, and skewed as an exponential to the bad side in
    recovery and Dice loss. `means` are the true ones, `sd` that of one study, both by endpoint.
    """
    made = []
    n_studies = random.integers(1, 5, n_patients)
    for endpoint, draw, sign in ((RECOVERY, exponential, -1), (DICE_LOSS, exponential, 1), (SSIM, normal, 1)):
        patient = draw(random, (n_patients, 1, 1))
        study = draw(random, (n_patients, 4, len(SIMULATED)))
        values = np.array(means[endpoint]) + sign * sd[endpoint] * np.sqrt(0.5) * (patient + study)
        made += [
            Outcome(f"P{p:02d}", str(s), dose, "restored", endpoint.metric, endpoint.area, float(values[p, s, d]))
            for p in range(n_patients)
            for s in range(n_studies[p])
            for d, dose in enumerate(SIMULATED)
        ]
    return made


def at_its_margin(endpoint, draw, sign):
    """Where the values of an endpoint lie when exactly its share of all patients keeps the margin."""
    random, n = np.random.default_rng(9), 200_000
    there = np.arange(4) < random.integers(1, 5, (n, 1))
    of_studies = np.where(there, draw(random, (n, 4)), 0).sum(axis=1) / there.sum(axis=1)
    deviations = sign * SD[endpoint] * np.sqrt(0.5) * (draw(random, n) + of_studies)
    share = 1 - endpoint.share if endpoint.kind.larger_is_better else endpoint.share
    return endpoint.margins[0] - float(np.quantile(deviations, share))


def exponential(random, shape):
    return random.exponential(size=shape) - 1


def normal(random, shape):
    return random.standard_normal(shape)


EQUAL = {RECOVERY: 1.0, DICE_LOSS: 0.0, SSIM: 0.97}
NONE = {RECOVERY: 0.0, DICE_LOSS: 0.4, SSIM: 0.6}
SD = {RECOVERY: 0.1, DICE_LOSS: 0.05, SSIM: 0.07}
SIMULATED = (0.0, 0.1, 0.3)


def true_means(at_tenth):
    """0 % worthless, 10 % as given, 30 % equal to the standard dose."""
    return {endpoint: [NONE[endpoint], at_tenth[endpoint], EQUAL[endpoint]] for endpoint in EQUAL}


@pytest.mark.slow
def test_a_dose_inferior_by_exactly_the_margin_is_accepted_once_in_forty_at_most():
    """1,000 tables of 8 to 60 patients. Two endpoints are equal to the standard, so that the third alone, each in turn,
    keeps the dose out; the higher dose is equal, so that the sequence gets there."""
    random = np.random.default_rng(1)
    asked = AnswerSettings(endpoints=tuple(EQUAL), min_patients=8)
    drawn = ((RECOVERY, exponential, -1), (DICE_LOSS, exponential, 1), (SSIM, normal, 1))
    at_margin = {endpoint: at_its_margin(endpoint, draw, sign) for endpoint, draw, sign in drawn}
    accepted = 0
    for table in range(1000):
        inferior = tuple(EQUAL)[table % 3]
        n = int(random.integers(8, 61))
        made = made_table(random, n, true_means(EQUAL | {inferior: at_margin[inferior]}), SD)
        answer = find_dose_answer(made, asked, doses=SIMULATED, patients=[f"P{p:02d}" for p in range(n)])
        accepted += answer.lowest_dose == 0.1
    assert 0.001 <= accepted / 1000 <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / 1000)


@pytest.mark.slow
def test_an_equal_dose_is_accepted_four_times_in_five_with_40_patients():
    """On all three endpoints, and the higher dose before it; the SD of one study is as large as the margin."""
    random = np.random.default_rng(2)
    asked = AnswerSettings(endpoints=tuple(EQUAL))
    means, patients = true_means(EQUAL), [f"P{p:02d}" for p in range(40)]
    answers = [
        find_dose_answer(made_table(random, 40, means, SD), asked, doses=SIMULATED, patients=patients)
        for _ in range(300)
    ]
    assert sum(answer.lowest_dose == 0.1 for answer in answers) / 300 >= 0.8
