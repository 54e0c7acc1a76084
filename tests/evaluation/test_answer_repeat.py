# SPDX-License-Identifier: Apache-2.0
"""The second scan at the standard dose: what doses are held against, and what makes an endpoint unusable."""

import math

import numpy as np
import pytest
from made_outcomes import DOSES, FALSE, NAN, RECOVERY, SSIM, ask, good, outcomes

from lessgad.evaluation.answer_settings import AnswerSettings, Endpoint
from lessgad.evaluation.answer_words import answer_words
from lessgad.evaluation.results.table import EXCHANGED, REPEAT

RATIO = Endpoint(metric="recovery", relative_to="repeat", at_least=0.9, at_most=1.1)
MORE_FALSE = Endpoint(metric="false_ml", relative_to="repeat", at_most=0.5)
SSIM_LOSS = Endpoint(metric="ssim", relative_to="repeat", at_least=-0.05)
LOST = Endpoint(metric="lesions_lost", at_most=0)


def repeats(endpoint, of_repeat, exchanged):
    return outcomes(endpoint, {1.0: of_repeat}, REPEAT) + outcomes(endpoint, {1.0: exchanged}, EXCHANGED)


def false_ml(level=0.1, n=12):
    return {dose: np.full(n, level) for dose in DOSES}


def test_recovery_is_divided_by_the_repeats():
    """The repeat of every patient recovers 0.8 of the first scan: so does a dose that is as good."""
    made = outcomes(RATIO, {dose: 0.8 * values for dose, values in good().items()})
    made += repeats(RATIO, np.full(12, 0.8), np.full(12, 1.05))
    answer = ask(made, RATIO)
    assert answer.lowest_dose == 0.3
    assert answer.cell(0.5, RATIO).median == pytest.approx(1.0)
    assert answer.cell(1.0, RATIO).median == 1.05
    assert "enhancement recovery 0.9–1.1 of the repeat scan in more than half of all patients" in answer_words(answer)


def test_too_much_enhancement_is_as_bad_as_too_little():
    made = outcomes(RATIO, good(at_third=1.31)) + repeats(RATIO, np.ones(12), np.ones(12))
    answer = ask(made, RATIO)
    assert (answer.lowest_dose, answer.stopped_at) == (0.5, 0.3)
    assert ask(outcomes(RECOVERY, good(at_third=1.31)), RECOVERY).lowest_dose == 0.3


def test_what_the_repeat_shows_falsely_is_not_held_against_a_dose():
    made = outcomes(RATIO, good()) + repeats(RATIO, np.ones(12), np.ones(12))
    made += outcomes(MORE_FALSE, false_ml(2.3)) + repeats(MORE_FALSE, np.full(12, 2.0), np.full(12, 2.1))
    answer = ask(made, RATIO, MORE_FALSE)
    assert answer.lowest_dose == 0.3
    assert answer.cell(0.5, MORE_FALSE).median == pytest.approx(0.3)
    assert answer.cell(1.0, MORE_FALSE).median == pytest.approx(0.1)
    assert "false enhancement ≤ repeat scan + 0.5 ml in more than half of all patients" in answer_words(answer)


def test_an_endpoint_that_the_repeat_fails_gives_no_verdict_and_is_named():
    made = outcomes(RECOVERY, good()) + repeats(RECOVERY, np.full(12, 0.98), np.ones(12))
    made += outcomes(FALSE, false_ml(2.0)) + repeats(FALSE, np.full(12, 1.96), np.full(12, 1.9))
    answer = ask(made, RECOVERY, FALSE)
    assert answer.unusable == (FALSE,)
    assert (answer.status, answer.lowest_dose) == ("given", 0.3)
    words = answer_words(answer)
    assert (
        "False enhancement ≤ 0.5 ml gives no verdict: the repeat scan (a second scan at the standard dose) fails it too"
        in words
    )
    assert "met by 0 of 12 patients where 12 are needed" in words
    assert "false enhancement ≤ 0.5 ml in more than" not in words
    with_all = ask(outcomes(RECOVERY, good()) + outcomes(FALSE, false_ml(2.0)), RECOVERY, FALSE)
    assert (with_all.status, with_all.unusable) == ("no dose", ())


def test_where_the_repeat_fails_whatever_needs_contrast_there_is_no_answer():
    made = outcomes(RECOVERY, good()) + repeats(RECOVERY, np.full(12, 0.7), np.ones(12))
    answer = ask(made, RECOVERY)
    assert (answer.status, answer.lowest_dose, answer.reasons) == ("unusable", None, (RECOVERY,))
    assert "gives no verdict" in answer_words(answer)
    assert "No endpoint that needs contrast is left." in answer_words(answer)


def test_with_too_few_repeats_it_is_not_known_whether_an_endpoint_is_usable():
    some = [outcome for outcome in repeats(RECOVERY, np.full(12, 0.7), np.ones(12)) if outcome.patient < "P05"]
    answer = ask(outcomes(RECOVERY, good()) + some, RECOVERY)
    assert (answer.unusable, answer.lowest_dose) == ((), 0.3)
    assert answer.cell(1.0, RECOVERY).bound is None


@pytest.mark.parametrize("lost", [NAN, 0.0, -0.2])
def test_a_study_whose_repeat_recovers_nothing_says_nothing(lost):
    values = np.append(np.ones(12), lost)
    made = outcomes(RATIO, {dose: np.append(of_dose, 1.0) for dose, of_dose in good().items()})
    answer = ask(made + repeats(RATIO, values, np.ones(13)), RATIO)
    assert answer.n_undefined == (1,)
    assert (answer.lowest_dose, answer.cell(0.3, RATIO).n_missing) == (0.3, 0)


def test_without_any_repeat_a_relative_endpoint_is_not_measured():
    answer = ask(outcomes(RATIO, good()), RATIO)
    assert (answer.status, answer.reasons) == ("not measured", (RATIO,))
    assert "It needs a repeat scan (a second scan at the standard dose), real or simulated." in answer_words(answer)


def test_without_masks_the_repeat_is_not_what_is_missing():
    artifacts = Endpoint(metric="artifact_ml", relative_to="repeat", at_most=1)
    made = outcomes(artifacts, {0.0: np.zeros(12), 0.3: np.zeros(12)}) + repeats(artifacts, np.zeros(12), np.zeros(12))
    at_tumor = (RATIO, Endpoint(metric="ssim", relative_to="repeat", at_least=-0.05), LOST)
    answer = ask(made, *at_tumor, artifacts, doses=(0.0, 0.3))
    assert (answer.status, answer.reasons) == ("not measured", at_tumor)
    assert answer_words(answer) == "No answer: 3 of 4 endpoints were not measured. They need tumor masks."
    assert not artifacts.needs_mask
    assert not Endpoint(metric="ssim", area="head", at_least=0.9).needs_mask


def test_differences_of_infinite_values():
    psnr = Endpoint(metric="psnr_db", relative_to="repeat", at_least=-1)
    levels = {0.0: np.full(12, 10.0), 0.3: np.full(12, math.inf), 0.5: np.full(12, 30.0)}
    made = outcomes(psnr, levels) + repeats(psnr, np.full(12, math.inf), np.full(12, math.inf))
    answer = ask(made, psnr, doses=(0.0, 0.3, 0.5))
    assert [answer.cell(dose, psnr).median for dose in (0.3, 0.5)] == [0.0, -math.inf]


def test_lost_lesions_are_held_against_the_exchanged_scans():
    made = outcomes(LOST, {0.0: np.ones(20), 0.3: np.zeros(20), 0.5: np.zeros(20)})
    made += repeats(LOST, np.ones(20), np.zeros(20))
    answer = ask(made, LOST, doses=(0.0, 0.3, 0.5))
    assert (answer.status, answer.lowest_dose, answer.unusable) == ("given", 0.3, ())
    assert "no lesion lost in more than four in five patients (20 of 20 here)" in answer_words(answer)


def test_the_defaults_find_a_dose_that_is_as_good_as_the_repeat_and_not_dose_0():
    random = np.random.default_rng(1)
    made, none = [], {"recovery": 0.0, "lesions_lost": 1.0, "missed_share": 1.0, "ssim": 0.6}
    level = {"recovery": 0.98, "missed_share": 0.1, "false_ml": 1.9, "artifact_ml": 0.4, "ssim": 0.95}
    spread = {"recovery": 0.03, "missed_share": 0.02, "false_ml": 0.2, "artifact_ml": 0.1, "ssim": 0.01}
    for endpoint in AnswerSettings().endpoints:
        metric = endpoint.metric

        def draw(metric=metric):
            return level.get(metric, 0) + spread.get(metric, 0) * random.standard_normal(30)

        made += outcomes(endpoint, {0.0: np.full(30, none.get(metric, 0.0)), 0.3: draw(), 0.5: draw()})
        made += repeats(endpoint, draw(), draw())
    answer = ask(made, *AnswerSettings().endpoints, doses=(0.0, 0.3, 0.5))
    assert (answer.status, answer.lowest_dose, answer.unusable) == ("given", 0.3, ())
    assert SSIM_LOSS in answer.deciding
    assert SSIM not in answer.deciding
