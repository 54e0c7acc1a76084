# SPDX-License-Identifier: Apache-2.0
"""The power that a pilot predicts: that of the exact test where the share is known, and never certainty."""

import numpy as np
import pytest

from lessgad.evaluation.answer_settings import AnswerSettings, Endpoint
from lessgad.evaluation.pilot_power import enough_patients, keeping_probability, power_curve
from lessgad.evaluation.share_of_patients import power

FALSE = Endpoint(metric="false_ml", at_most=0.5)
RECOVERY = Endpoint(metric="recovery", at_least=0.9)
LOST = Endpoint(metric="lesions_lost", at_most=0)
SETTINGS = AnswerSettings(endpoints=(RECOVERY, FALSE))
NUMBERS = list(range(10, 101, 5))


def test_the_power_of_one_endpoint_is_that_of_the_exact_test():
    """No spread: 18 of 20 patients keep the margin, so a patient keeps it with probability 0.95 · 0.9 + 0.025."""
    values = np.where(np.arange(20) < 18, 0.0, 3.0)
    found = power_curve({LOST: {0.3: values}}, 0.3, SETTINGS, NUMBERS, seed=1, n_draws=20_000)
    share = 0.95 * 0.9 + 0.025
    exact = [power(n, share, LOST.share, SETTINGS.level) for n in NUMBERS]
    np.testing.assert_allclose(found, exact, atol=0.012)


def test_a_spread_wider_than_the_distance_to_the_margin_makes_patients_uncertain():
    near, far = np.linspace(0.9, 1.0, 20), np.linspace(1.9, 2.0, 20)
    assert keeping_probability(far, RECOVERY).min() == pytest.approx(1 - 0.5 / 20)
    assert keeping_probability(near, RECOVERY)[0] == pytest.approx(0.5, abs=1e-9)
    assert np.all(np.diff(keeping_probability(near, RECOVERY)) > 0)


@pytest.mark.parametrize(("value", "kept"), [(np.inf, True), (-np.inf, False), (np.nan, False)])
def test_values_that_are_not_finite(value, kept):
    values = np.array([1.0, 1.1, 1.2, value])
    assert keeping_probability(values, RECOVERY)[-1] == pytest.approx(0.75 * kept + 0.125)


def test_more_endpoints_and_higher_doses_that_must_pass_never_raise_the_power():
    rng = np.random.default_rng(0)
    values = {
        RECOVERY: {dose: rng.normal(0.98, 0.06, 15) for dose in (0.5, 0.3)},
        FALSE: {dose: rng.exponential(0.3, 15) for dose in (0.5, 0.3)},
    }
    both = power_curve(values, 0.3, SETTINGS, NUMBERS, seed=2, n_draws=4000)
    for endpoint, of_endpoint in values.items():
        alone = power_curve({endpoint: of_endpoint}, 0.3, SETTINGS, NUMBERS, seed=2, n_draws=4000)
        assert np.all(both <= alone + 0.03)
    higher = power_curve(values, 0.5, SETTINGS, NUMBERS, seed=2, n_draws=4000)
    assert np.all(both <= higher + 0.03)
    assert both[-1] > both[0]


def test_a_pilot_in_which_all_keep_it_promises_no_certainty_with_few():
    values = {LOST: {0.3: np.zeros(5)}}
    curve = power_curve(values, 0.3, SETTINGS, [16, 17, 200], seed=3)
    assert curve[0] == 0.0  # too few to show four in five
    assert 0.1 < curve[1] < 0.35  # 0.9 ** 17
    assert curve[2] > 0.95


def test_the_number_is_that_from_which_the_power_stays():
    power_at = np.array([0.1, 0.85, 0.7, 0.82, 0.9])
    assert enough_patients([10, 20, 30, 40, 50], power_at, 0.8) == 40
    assert enough_patients([10, 20, 30, 40, 50], power_at, 0.95) is None
