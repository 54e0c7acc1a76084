# SPDX-License-Identifier: Apache-2.0
"""How often the answer by readers is right, on scores drawn at random: five steps, two readers."""

import numpy as np
import pytest
from scipy.stats import binomtest

from lessgad.evaluation.answer_settings import AnswerSettings, Endpoint
from lessgad.evaluation.dose_answer import find_dose_answer
from lessgad.evaluation.reader_gain import ReaderScore, reader_gains

GAIN = Endpoint(metric="reader_gain", at_least=0.8)
N, N_TABLES, LEVEL = 12, 300, 0.025
PATIENTS = [f"P{p:02d}" for p in range(N)]


def drawn(random, share, gain=2.4):
    """Scores of every patient: dose → reader → patient."""
    without = random.normal(1.8, 0.6, N)
    gains = random.normal(gain, 0.8, N) if gain else np.zeros(N)
    impressions = {0.0: without, 0.3: without + share * gains, 1.0: without + gains}
    readers = np.array([[-0.3], [0.3]])
    return {
        dose: np.clip(np.rint(seen + readers + 0.5 * random.standard_normal((2, N))), 1, 5)
        for dose, seen in impressions.items()
    }


def answer(scores):
    read = [
        ReaderScore(PATIENTS[p], f"r{reader}", f"c{p}", GAIN.area, dose, float(of_dose[reader, p]))
        for dose, of_dose in scores.items()
        for reader in range(2)
        for p in range(N)
    ]
    settings = AnswerSettings(endpoints=(GAIN,))
    return find_dose_answer(reader_gains(read), settings, doses=(0.0, 0.3), patients=PATIENTS)


def keeps(scores):
    s = {dose: of_dose.mean(axis=0) for dose, of_dose in scores.items()}
    gain, kept = s[1.0] - s[0.0], s[0.3] - s[0.0]
    return np.where(gain > 0, kept >= 0.8 * gain - 1e-12, kept >= 0)


def share_that_half_of_all_patients_keep():
    """By bisection, on the same draws each time."""
    low, high = 0.4, 1.2
    for _ in range(12):
        middle, random = (low + high) / 2, np.random.default_rng(3)
        kept = np.mean([keeps(drawn(random, middle)) for _ in range(400)])
        low, high = (middle, high) if kept < 0.5 else (low, middle)
    return low


@pytest.mark.parametrize(("gain", "share", "statuses"), [(2.4, None, ("given",)), (0.0, 1.0, ("given", "no dose"))])
def test_wrong_conclusions_are_rare(gain, share, statuses):
    """Where half of all patients keep the margin no dose is given; where contrast shows nothing there is no verdict."""
    random = np.random.default_rng(8)
    at = share_that_half_of_all_patients_keep() if share is None else share
    wrong = sum(answer(drawn(random, at, gain)).status in statuses for _ in range(N_TABLES))
    assert binomtest(wrong, N_TABLES, LEVEL, alternative="greater").pvalue > 0.001


def test_a_dose_that_shows_what_the_standard_shows_is_found_more_often_than_not():
    random = np.random.default_rng(9)
    found = [answer(drawn(random, 1.0)) for _ in range(100)]
    assert sum(one.status == "given" for one in found) > 60
    assert sum(one.unusable == (GAIN,) for one in found) < 10
