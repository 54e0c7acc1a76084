# SPDX-License-Identifier: Apache-2.0
"""The answer on tables of which the truth is known, and when it is withheld."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_outcomes import DICE_LOSS, DOSES, FALSE, RECOVERY, SSIM, ask, good, outcomes

from lessgad.evaluation.answer_settings import Endpoint
from lessgad.evaluation.answer_words import answer_words
from lessgad.evaluation.share_of_patients import share_bound


def test_the_lowest_dose_that_holds_with_all_higher_ones():
    answer = ask(outcomes(RECOVERY, good()), RECOVERY)
    assert (answer.status, answer.lowest_dose, answer.stopped_at) == ("given", 0.3, 0.1)
    assert answer.doses == (0.5, 0.3, 0.1)
    words = answer_words(answer)
    assert words.startswith("30 % of the standard dose is the lowest dose shown to be sufficient.")
    assert "enhancement recovery ≥ 0.9 in more than half of all patients (12 of 12 here)" in words
    failed = "At 10 % that is not shown: enhancement recovery ≥ 0.9, met by 0 of 12 patients where 10 are needed"
    assert f"{failed}, median 0.50." in words


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


def test_a_cell_counts_patients_by_the_mean_of_their_studies():
    values = [[1.0, 0.9, 0.8], [0.95], [0.97, 0.81], *([0.96 + 0.01 * p] for p in range(8))]
    answer = ask(outcomes(RECOVERY, good(11) | {0.5: values}), RECOVERY)
    cell, means = answer.cell(0.5, RECOVERY), np.array([np.mean(studies) for studies in values])
    assert (cell.n_patients, cell.n_studies, cell.n_missing) == (11, 14, 0)
    assert (cell.n_kept, cell.n_needed) == (10, 10)
    assert cell.passed
    assert cell.median == pytest.approx(np.median(means))
    assert cell.bound == share_bound(10, 11, 0.025)
    assert answer.cell(0.3, RECOVERY).n_missing == 3  # studies that the other doses lack
    assert answer.cell(0.3, RECOVERY).bound is None


def test_too_few_patients():
    answer = ask(outcomes(RECOVERY, good(9)), RECOVERY)
    assert (answer.status, answer.lowest_dose, answer.reasons) == ("too few", None, (RECOVERY,))
    assert "9 patients are too few" in answer_words(answer)
    assert "at least 10 patients, all of whom must meet it" in answer_words(answer)
    assert ask(outcomes(RECOVERY, good(9)), RECOVERY, min_patients=9).status == "given"


def test_one_patient():
    answer = ask(outcomes(RECOVERY, good(1)), RECOVERY)
    assert answer.status == "too few"
    assert answer.cell(0.5, RECOVERY).bound is None
    assert "1 patient is too few" in answer_words(answer)


def test_a_share_that_needs_more_patients_than_there_are_says_how_many():
    lost = Endpoint(metric="false_ml", at_most=0.5, share=0.8)
    made = outcomes(RECOVERY, good()) + outcomes(lost, {dose: np.zeros(12) for dose in DOSES})
    answer = ask(made, RECOVERY, lost)
    assert (answer.status, answer.reasons) == ("too few", (lost,))
    assert answer.cell(0.5, lost).bound is None
    words = answer_words(answer)
    assert "12 patients are too few to show “false enhancement ≤ 0.5 ml” for more than four in five" in words
    assert "at least 17 patients, all of whom must meet it" in answer_words(answer)


def test_a_share_that_is_not_shown_is_said_to_need_more_patients():
    values = np.where(np.arange(12) < 9, 1.0, 0.8)
    answer = ask(outcomes(RECOVERY, good() | {0.3: values}), RECOVERY)
    assert (answer.lowest_dose, answer.stopped_at) == (0.5, 0.3)
    assert answer.cell(0.3, RECOVERY).looks_kept
    assert "met by 9 of 12 patients where 10 are needed" in answer_words(answer)
    assert "(at this share about 35 patients would do)" in answer_words(answer)


def test_an_endpoint_that_no_contrast_meets_too_withholds_the_answer():
    made = outcomes(RECOVERY, good()) + outcomes(SSIM, good(at_tenth=0.96, at_none=0.95))
    answer = ask(made, RECOVERY, SSIM)
    assert (answer.status, answer.lowest_dose, answer.reasons) == ("insensitive", None, (SSIM,))
    met = "without any contrast agent SSIM (tumor’s box) ≥ 0.9 was met already (by 12 of 12 patients)"
    assert met in answer_words(answer)


def test_that_it_is_not_shown_does_not_make_an_endpoint_sensitive():
    wide = np.where(np.arange(12) < 7, 0.95, 0.5)
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
        assert not any(cell.looks_kept for cell in answer.cells if cell.dose == 0)
    assert (answer.status == "given") == (answer.lowest_dose is not None)
