# SPDX-License-Identifier: Apache-2.0
"""What the answer does with equal, missing, infinite, double and foreign values."""

from dataclasses import replace

import numpy as np
import pytest
from made_outcomes import DICE_LOSS, DOSES, INF, NAN, PSNR, RECOVERY, SSIM, ask, good, outcomes

from lessgad.errors import InputError
from lessgad.evaluation.answer_words import answer_words
from lessgad.evaluation.endpoint_words import value_words


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
    assert "(1 study without a value)" in answer_words(answer)


def test_a_value_that_equals_the_margin_keeps_it():
    levels = {0.0: np.zeros(12), 0.1: np.full(12, 0.8999999), 0.3: np.full(12, 0.9), 0.5: np.ones(12)}
    answer = ask(outcomes(RECOVERY, levels), RECOVERY)
    assert [answer.cell(dose, RECOVERY).n_kept for dose in (0.5, 0.3, 0.1)] == [12, 12, 0]
    assert (answer.lowest_dose, answer.stopped_at) == (0.3, 0.1)


def test_an_infinite_psnr_keeps_every_margin():
    levels = {0.0: np.full(12, 20.0), 0.3: np.linspace(31, 34, 12), 0.5: np.full(12, INF)}
    levels[0.3][3] = INF
    answer = ask(outcomes(PSNR, levels), PSNR, doses=(0.0, 0.3, 0.5))
    assert answer.lowest_dose == 0.3
    assert [answer.cell(dose, PSNR).n_kept for dose in (0.5, 0.3)] == [12, 12]
    assert answer.cell(0.5, PSNR).median == INF


def test_an_infinite_value_on_the_bad_side_fails():
    levels = good() | {0.3: np.append(np.ones(9), 3 * [-INF])}
    answer = ask(outcomes(RECOVERY, levels), RECOVERY)
    assert (answer.lowest_dose, answer.stopped_at) == (0.5, 0.3)
    assert answer.cell(0.3, RECOVERY).n_kept == 9
    levels = {0.0: np.ones(12), 0.3: np.append(np.full(9, -INF), 3 * [INF]), 0.5: np.zeros(12)}
    assert ask(outcomes(DICE_LOSS, levels), DICE_LOSS, doses=(0.0, 0.3, 0.5)).lowest_dose == 0.5


def test_other_methods_areas_doses_and_patients_are_passed_over():
    made = outcomes(SSIM, good(at_none=0.5))
    others = [replace(outcome, value=0.0, method="unrestored") for outcome in made]
    others += [replace(outcome, value=0.0, area="head") for outcome in made]
    others += [replace(outcome, value=0.0, dose=0.7) for outcome in made if outcome.dose == 0.5]
    others += [replace(outcome, value=0.0, patient="validation") for outcome in made[:1]]
    assert ask(made + others, SSIM, n_patients=12) == ask(made, SSIM, n_patients=12)


def test_the_standard_dose_is_not_tested():
    made = outcomes(RECOVERY, good() | {1.0: np.zeros(12)})  # not a repeat
    assert ask(made, RECOVERY, doses=(*DOSES, 1.0)) == ask(made, RECOVERY)


def test_a_value_that_comes_twice_is_an_error():
    made = outcomes(RECOVERY, good())
    with pytest.raises(InputError, match="two values"):
        ask([*made, made[0]], RECOVERY)


def test_nothing_is_called_minus_nothing():
    assert value_words(-0.001, RECOVERY) == "0.00"
    assert value_words(-0.01, RECOVERY) == "−0.01"
