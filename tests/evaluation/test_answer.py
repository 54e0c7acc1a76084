# SPDX-License-Identifier: Apache-2.0
"""The answer on tables of which the truth is known, and what it does with few, equal, missing and infinite values."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.errors import InputError
from lessgad.evaluation.answer import Outcome, find_answer
from lessgad.evaluation.answer_settings import AnswerSettings, Endpoint
from lessgad.evaluation.answer_words import answer_words
from lessgad.evaluation.non_inferiority import bound_of_mean

RECOVERY = Endpoint(metric="recovery", at_least=0.9)
DICE_LOSS = Endpoint(metric="dice_loss", at_most=0.05)
SSIM = Endpoint(metric="ssim", at_least=0.9)
PSNR = Endpoint(metric="psnr_db", at_least=30.0)
FALSE = Endpoint(metric="false_ml", at_most=0.5)
DOSES = (0.0, 0.1, 0.3, 0.5)
NAN, INF = float("nan"), float("inf")


def outcomes(endpoint, by_dose):
    """`by_dose`: dose → value of each patient, or list of values of their studies."""
    return [
        Outcome(f"P{p:02d}", str(s), dose, "restored", endpoint.metric, endpoint.area, float(value))
        for dose, values in by_dose.items()
        for p, studies in enumerate(values)
        for s, value in enumerate(np.atleast_1d(studies))
    ]


def ask(made, *endpoints, doses=DOSES, n_patients=None, **options):
    patients = sorted({outcome.patient for outcome in made})
    named = [f"P{p:02d}" for p in range(n_patients)] if n_patients is not None else patients
    return find_answer(made, AnswerSettings(endpoints=endpoints, **options), doses=doses, patients=named)


def good(n=12, at_half=1.0, at_third=0.97, at_tenth=0.5, at_none=0.0):
    noise = np.linspace(-0.02, 0.02, n)
    levels = {0.0: at_none, 0.1: at_tenth, 0.3: at_third, 0.5: at_half}
    return {dose: level + noise for dose, level in levels.items()}


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
    accepted = 0
    for table in range(1000):
        inferior = tuple(EQUAL)[table % 3]
        n = int(random.integers(8, 61))
        made = made_table(random, n, true_means(EQUAL | {inferior: inferior.margin}), SD)
        answer = find_answer(made, asked, doses=SIMULATED, patients=[f"P{p:02d}" for p in range(n)])
        accepted += answer.lowest_dose == 0.1
    assert accepted / 1000 <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / 1000)


@pytest.mark.slow
def test_an_equal_dose_is_accepted_four_times_in_five_with_40_patients():
    """On all three endpoints, and the higher dose before it; the SD of one study is as large as the margin."""
    random = np.random.default_rng(2)
    asked = AnswerSettings(endpoints=tuple(EQUAL))
    means, patients = true_means(EQUAL), [f"P{p:02d}" for p in range(40)]
    answers = [
        find_answer(made_table(random, 40, means, SD), asked, doses=SIMULATED, patients=patients) for _ in range(300)
    ]
    assert sum(answer.lowest_dose == 0.1 for answer in answers) / 300 >= 0.8


def test_the_lowest_dose_that_holds_with_all_higher_ones():
    answer = ask(outcomes(RECOVERY, good()), RECOVERY)
    assert (answer.status, answer.lowest_dose, answer.stopped_at) == ("given", 0.3, 0.1)
    assert answer.doses == (0.5, 0.3, 0.1)
    words = answer_words(answer)
    assert words.startswith("30 % of the standard dose is the lowest that is shown to be enough.")
    assert "12 patients" in words
    assert "At 10 % that is not shown: enhancement recovery ≥ 0.9, where the mean is 0.50." in words


def test_a_lower_dose_does_not_make_up_for_a_higher_one_that_failed():
    answer = ask(outcomes(RECOVERY, good(at_third=0.5, at_tenth=0.97)), RECOVERY)
    assert (answer.lowest_dose, answer.stopped_at) == (0.5, 0.3)
    assert answer.cell(0.1, RECOVERY).passed
    answer = ask(outcomes(RECOVERY, good(at_half=0.5)), RECOVERY)
    assert (answer.status, answer.lowest_dose, answer.stopped_at) == ("no dose", None, 0.5)
    assert "No dose below the standard" in answer_words(answer)


def test_every_endpoint_must_hold():
    made = outcomes(RECOVERY, good(at_tenth=0.97)) + outcomes(SSIM, good(at_third=0.95, at_half=0.97, at_none=0.6))
    answer = ask(made, RECOVERY, SSIM)
    assert (answer.lowest_dose, answer.stopped_at) == (0.3, 0.1)
    assert [answer.cell(0.1, endpoint).passed for endpoint in (RECOVERY, SSIM)] == [True, False]


def test_a_cell_is_the_mean_and_bound_of_patient_means():
    values = [[1.0, 0.9, 0.8], [0.95], [0.97, 0.99], *([0.96 + 0.01 * p] for p in range(8))]
    answer = ask(outcomes(RECOVERY, good(11) | {0.5: values}), RECOVERY)
    cell, means = answer.cell(0.5, RECOVERY), np.array([np.mean(studies) for studies in values])
    assert (cell.n_patients, cell.n_studies, cell.n_missing) == (11, 14, 0)
    assert cell.mean == pytest.approx(means.mean())
    assert cell.bound == pytest.approx(float(bound_of_mean(means, 0.025)))
    assert answer.cell(0.3, RECOVERY).n_missing == 3  # studies that the other doses lack
    assert answer.cell(0.3, RECOVERY).bound is None


def test_too_few_patients():
    answer = ask(outcomes(RECOVERY, good(9)), RECOVERY)
    assert (answer.status, answer.lowest_dose, answer.reasons) == ("too few", None, (RECOVERY,))
    assert "9 patients are too few" in answer_words(answer)
    assert "10 are needed" in answer_words(answer)
    assert ask(outcomes(RECOVERY, good(9)), RECOVERY, min_patients=9).status == "given"


def test_one_patient():
    answer = ask(outcomes(RECOVERY, good(1)), RECOVERY)
    assert answer.status == "too few"
    assert answer.cell(0.5, RECOVERY).bound is None
    assert "1 patient is too few" in answer_words(answer)


def test_a_mean_that_keeps_the_margin_without_proof_is_said_to_need_more_patients():
    spread = np.linspace(-0.3, 0.3, 12)
    answer = ask(outcomes(RECOVERY, good() | {0.3: 0.95 + spread}), RECOVERY)
    assert (answer.lowest_dose, answer.stopped_at) == (0.5, 0.3)
    assert answer.cell(0.3, RECOVERY).mean_keeps_margin
    assert "12 patients are too few to be sure" in answer_words(answer)


def test_an_endpoint_that_no_contrast_meets_too_withholds_the_answer():
    made = outcomes(RECOVERY, good()) + outcomes(SSIM, good(at_tenth=0.96, at_none=0.95))
    answer = ask(made, RECOVERY, SSIM)
    assert (answer.status, answer.lowest_dose, answer.reasons) == ("insensitive", None, (SSIM,))
    assert "without any contrast SSIM (tumour’s box) ≥ 0.9 was met already (mean 0.950)" in answer_words(answer)


def test_that_its_bound_is_wide_does_not_make_an_endpoint_sensitive():
    wide = 0.91 + np.linspace(-0.5, 0.5, 12)
    answer = ask(outcomes(SSIM, good() | {0.0: wide}), SSIM)
    assert not answer.cell(0.0, SSIM).passed
    assert answer.status == "insensitive"


def test_without_a_control_nothing_shows_that_an_endpoint_can_fail():
    levels = good()
    del levels[0.0]
    answer = ask(outcomes(RECOVERY, levels), RECOVERY)
    assert (answer.status, answer.reasons) == ("no control", (RECOVERY,))
    some = outcomes(RECOVERY, good())[1:]  # the first patient has no dose 0
    assert ask(some, RECOVERY).status == "no control"


def test_what_was_invented_has_no_control_in_dose_0():
    invented = {dose: np.full(12, 0.1) for dose in DOSES[1:]}
    made = outcomes(RECOVERY, good()) + outcomes(FALSE, invented)
    assert ask(made, RECOVERY, FALSE).lowest_dose == 0.3
    assert ask(made + outcomes(FALSE, {0.0: np.zeros(12)}), RECOVERY, FALSE).lowest_dose == 0.3


def test_an_endpoint_without_values_withholds_the_answer():
    answer = ask(outcomes(RECOVERY, good()), RECOVERY, DICE_LOSS)
    assert (answer.status, answer.reasons) == ("not measured", (DICE_LOSS,))
    assert ask([], RECOVERY).status == "not measured"
    assert ask(outcomes(RECOVERY, good()), RECOVERY, doses=(0.0, 1.0)).status == "not measured"


def test_a_planned_dose_without_values_ends_the_sequence():
    answer = ask(outcomes(RECOVERY, good()), RECOVERY, doses=(*DOSES, 0.4))
    assert (answer.lowest_dose, answer.stopped_at) == (0.5, 0.4)
    assert answer.cell(0.4, RECOVERY).n_missing == 12


def test_undefined_at_every_dose_is_left_out_and_counted():
    levels = {dose: np.append(values, NAN) for dose, values in good().items()}
    answer = ask(outcomes(RECOVERY, levels), RECOVERY, n_patients=14)
    assert answer.lowest_dose == 0.3
    assert answer.n_undefined == (2,)  # one undefined, one without any row
    assert {cell.n_patients for cell in answer.cells} == {12}
    assert {cell.n_missing for cell in answer.cells} == {0}


@pytest.mark.parametrize("lost", [NAN, None])
def test_undefined_at_one_dose_only_fails_that_dose(lost):
    made = outcomes(RECOVERY, good())
    place = next(i for i, outcome in enumerate(made) if outcome.dose == 0.3)
    made[place : place + 1] = [] if lost is None else [replace(made[place], value=lost)]
    answer = ask(made, RECOVERY)
    assert (answer.lowest_dose, answer.stopped_at) == (0.5, 0.3)
    assert answer.cell(0.3, RECOVERY).n_missing == 1
    assert "1 study has no value" in answer_words(answer)


def test_equal_values_are_their_own_bound():
    levels = {0.0: np.zeros(12), 0.1: np.full(12, 0.8999999), 0.3: np.full(12, 0.9), 0.5: np.ones(12)}
    answer = ask(outcomes(RECOVERY, levels), RECOVERY)
    assert answer.cell(0.3, RECOVERY).bound == 0.9
    assert (answer.lowest_dose, answer.stopped_at) == (0.3, 0.1)


def test_an_infinite_psnr_counts_as_the_largest_finite_one():
    levels = {0.0: np.full(12, 20.0), 0.3: np.linspace(31, 34, 12), 0.5: np.full(12, INF)}
    levels[0.3][3] = INF
    answer = ask(outcomes(PSNR, levels), PSNR, doses=(0.0, 0.3, 0.5))
    levels[0.3][3] = 34.0
    capped = ask(outcomes(PSNR, levels), PSNR, doses=(0.0, 0.3, 0.5))
    assert answer == capped
    assert answer.lowest_dose == 0.3
    assert answer.cell(0.5, PSNR).mean == INF


def test_an_infinite_value_on_the_bad_side_fails():
    levels = good() | {0.3: np.append(np.ones(11), -INF)}
    answer = ask(outcomes(RECOVERY, levels), RECOVERY)
    assert (answer.lowest_dose, answer.stopped_at) == (0.5, 0.3)
    levels = {0.0: np.ones(12), 0.3: np.append(np.full(11, -INF), INF), 0.5: np.zeros(12)}
    assert ask(outcomes(DICE_LOSS, levels), DICE_LOSS, doses=(0.0, 0.3, 0.5)).lowest_dose == 0.5


def test_other_methods_areas_doses_and_patients_are_passed_over():
    made = outcomes(SSIM, good(at_none=0.5))
    others = [replace(outcome, value=0.0, method="unrestored") for outcome in made]
    others += [replace(outcome, value=0.0, area="head") for outcome in made]
    others += [replace(outcome, value=0.0, dose=0.7) for outcome in made if outcome.dose == 0.5]
    others += [replace(outcome, value=0.0, patient="validation") for outcome in made[:1]]
    assert ask(made + others, SSIM, n_patients=12) == ask(made, SSIM, n_patients=12)


def test_the_standard_dose_is_not_tested():
    made = outcomes(RECOVERY, good() | {1.0: np.zeros(12)})
    assert ask(made, RECOVERY, doses=(*DOSES, 1.0)) == ask(made, RECOVERY)


def test_a_value_that_comes_twice_is_an_error():
    made = outcomes(RECOVERY, good())
    with pytest.raises(InputError, match="each value once"):
        ask([*made, made[0]], RECOVERY)


values = st.lists(st.floats(-0.5, 2), min_size=8, max_size=8)
tables = st.fixed_dictionaries(dict.fromkeys(DOSES, values))


@settings(deadline=None, max_examples=30)
@given(tables, st.floats(0, 1), st.floats(0, 1))
def test_a_looser_margin_turns_no_pass_into_a_failure(table, one, other):
    strict, loose = max(one, other), min(one, other)
    endpoints = [Endpoint(metric="recovery", at_least=margin) for margin in (strict, loose)]
    strictly, loosely = (ask(outcomes(RECOVERY, table), endpoint, min_patients=8) for endpoint in endpoints)
    for cell, looser in zip(strictly.cells, loosely.cells, strict=True):
        assert looser.passed >= cell.passed
    endpoints = [Endpoint(metric="dice_loss", at_most=margin) for margin in (loose, strict)]
    strictly, loosely = (ask(outcomes(DICE_LOSS, table), endpoint, min_patients=8) for endpoint in endpoints)
    for cell, looser in zip(strictly.cells, loosely.cells, strict=True):
        assert looser.passed >= cell.passed


@settings(deadline=None, max_examples=30)
@given(tables, tables)
def test_no_answer_lies_at_or_below_a_failed_dose(recovery, ssim):
    endpoints = (Endpoint(metric="recovery", at_least=0.2), Endpoint(metric="ssim", at_least=0.3))
    answer = ask(outcomes(RECOVERY, recovery) + outcomes(SSIM, ssim), *endpoints, min_patients=8)
    failed = {cell.dose for cell in answer.cells if not cell.passed and cell.dose > 0}
    if answer.lowest_dose is not None:
        assert answer.lowest_dose > max(failed, default=0.0)
        assert not any(cell.mean_keeps_margin for cell in answer.cells if cell.dose == 0)
    assert (answer.status == "given") == (answer.lowest_dose is not None)
