# SPDX-License-Identifier: Apache-2.0
"""The readers' gain from contrast: what a dose keeps of it, and when the readings give no verdict."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_outcomes import DOSES, RECOVERY, ask, good, outcomes

from lessgad.evaluation.answer_settings import AnswerSettings, Endpoint
from lessgad.evaluation.answer_words import answer_words
from lessgad.evaluation.reader_gain import ReaderScore, reader_gains

GAIN = Endpoint(metric="reader_gain", at_least=0.8)
QUESTION = GAIN.area


def scores(by_dose, n=30, reader="kim", again=()):
    """`by_dose`: dose → score of every patient, or one score for all; `again`: second scores of the standard dose."""
    found = [
        ReaderScore(f"P{p:02d}", reader, f"case{p}", QUESTION, dose, float(np.broadcast_to(of_dose, n)[p]))
        for dose, of_dose in by_dose.items()
        for p in range(n)
    ]
    second = [ReaderScore(f"P{p:02d}", reader, f"case{p}", QUESTION, 1.0, s, True) for p, s in enumerate(again)]
    return found + second


def shares(read):
    return {(o.patient, o.dose, o.method): o.value for o in reader_gains(read)}


def answer_of(read, *others, doses=DOSES, n=30, **options):
    made = outcomes(RECOVERY, good(n, at_tenth=0.95)) + list(reader_gains(read))
    return ask(made, RECOVERY, GAIN, *others, doses=doses, n_patients=n, **options)


def test_it_is_the_share_of_the_difference_between_standard_dose_and_none():
    read = scores({0.0: 1, 0.1: 2, 0.3: 4.5, 1.0: 5}, n=1)
    found = shares(read)
    assert found == {("P00", 0.0, "restored"): 0.0, ("P00", 0.1, "restored"): 0.25, ("P00", 0.3, "restored"): 0.875}


@given(
    st.lists(st.tuples(*[st.integers(1, 5)] * 3), min_size=1, max_size=4),
    st.integers(1, 4),
    st.integers(-3, 3),
)
def test_the_scale_does_not_matter(marks, factor, offset):
    """Neither its zero nor its unit; and the standard dose itself would keep all of any gain."""

    def value(scale):
        read = [
            ReaderScore("P", f"r{k}", "c", QUESTION, dose, scale(float(mark)))
            for k, of_reader in enumerate(marks)
            for dose, mark in zip((0.0, 0.3, 1.0), of_reader, strict=True)
        ]
        return {outcome.dose: outcome.value for outcome in reader_gains(read)}[0.3]

    plain = value(lambda mark: mark)
    assert value(lambda mark: factor * mark + offset) == pytest.approx(plain)
    gain = sum(of_reader[2] - of_reader[0] for of_reader in marks)
    kept = sum(of_reader[1] - of_reader[0] for of_reader in marks)
    assert plain == (pytest.approx(kept / gain) if gain > 0 else math.copysign(math.inf, kept or 1))


def test_the_scores_of_several_readers_are_averaged_before_they_are_divided():
    read = scores({0.0: 1, 0.3: 2, 1.0: 2}, n=1) + scores({0.0: 1, 0.3: 1, 1.0: 4}, n=1, reader="chris")
    assert shares(read)["P00", 0.3, "restored"] == pytest.approx(1 / 4)


def test_only_readings_that_hold_all_three_doses_count():
    read = scores({0.0: 1, 0.3: 3, 1.0: 5}, n=1)
    read += [ReaderScore("P00", "chris", "case0", QUESTION, 0.3, 9.0)]
    assert shares(read)["P00", 0.3, "restored"] == 0.5
    alone = [score for score in read if score.reader == "chris"]
    assert math.isnan(shares(alone)["P00", 0.3, "restored"])


@pytest.mark.parametrize(("at_dose", "kept"), [(3, True), (2, False), (4, True)])
def test_where_contrast_gains_nothing_a_dose_must_lose_nothing(at_dose, kept):
    value = shares(scores({0.0: 3, 0.3: at_dose, 1.0: 3}, n=1))["P00", 0.3, "restored"]
    assert GAIN.kept_by(value) == kept


def test_a_dose_that_keeps_the_gain_is_enough_and_one_that_does_not_is_not():
    answer = answer_of(scores({0.0: 1, 0.1: 3, 0.3: 5, 0.5: 5, 1.0: 5}))
    assert (answer.status, answer.lowest_dose, answer.unusable) == ("given", 0.3, ())
    words = answer_words(answer)
    assert "kept share of the readers’ gain from contrast (lesion detectability) ≥ 0.8 in more than half" in words
    assert "median 0.50" in words


def test_four_fifths_of_the_gain_are_enough():
    """A margin that is met exactly is kept: 4.2 of 5 where no contrast has 1."""
    assert answer_of(scores({0.0: 1, 0.1: 4.2, 0.3: 4.2, 0.5: 4.2, 1.0: 5})).lowest_dose == 0.1
    assert answer_of(scores({0.0: 1, 0.1: 4.1, 0.3: 4.2, 0.5: 4.2, 1.0: 5})).lowest_dose == 0.3


def test_a_dose_that_was_not_read_has_the_readings_of_the_next_lower_one():
    answer = answer_of(scores({0.0: 1, 0.1: 3, 0.3: 5, 1.0: 5}))
    assert (answer.lowest_dose, answer.cell(0.5, GAIN).read_at, answer.cell(0.3, GAIN).read_at) == (0.3, 0.3, None)
    only_low = answer_of(scores({0.0: 1, 0.1: 3, 1.0: 5}))
    assert (only_low.status, only_low.stopped_at) == ("no dose", 0.5)
    assert "read at 10 %" in answer_words(only_low)


def test_below_the_lowest_dose_that_was_read_nothing_is_shown():
    answer = answer_of(scores({0.0: 1, 0.3: 5, 0.5: 5, 1.0: 5}))
    assert (answer.lowest_dose, answer.stopped_at) == (0.3, 0.1)
    assert "(30 patients without a reading)" in answer_words(answer)


def test_patients_who_were_not_read_at_a_dose_do_not_help_it():
    some = [score for score in scores({0.1: 5}) if score.patient != "P07"]
    answer = answer_of(scores({0.0: 1, 0.3: 5, 0.5: 5, 1.0: 5}) + some)
    assert (answer.lowest_dose, answer.cell(0.1, GAIN).n_missing) == (0.3, 1)


@pytest.mark.parametrize(
    ("read", "said"),
    [
        ([], "no reader scored the image restored without contrast (dose 0) and the hidden standard dose"),
        (scores({0.1: 2, 0.3: 3}), "no reader scored"),
        (scores({0.0: 1, 0.1: 2, 0.3: 3}), "no reader scored"),
        (scores({0.0: 1, 0.3: 5, 0.5: 5, 1.0: 5}, n=9), "of 9 patients, and at least 10 are needed"),
        (scores({0.0: 3, 0.3: 3, 0.5: 3, 1.0: 3}), "do not show that contrast is a gain"),
        (scores({0.0: np.repeat([1, 5], 15), 0.5: 5, 1.0: 5}), "in 15 of 30 patients, and 21 are needed"),
    ],
)
def test_without_a_gain_that_is_clear_the_endpoint_gives_no_verdict_and_is_named(read, said):
    answer = answer_of(read)
    assert (answer.unusable, answer.status, answer.lowest_dose) == ((GAIN,), "given", 0.1)
    words = answer_words(answer)
    assert "≥ 0.8 gives no verdict: " in words
    assert said in words


def test_readers_alone_without_readings_give_no_answer():
    answer = ask([], GAIN, doses=DOSES, n_patients=30)
    assert (answer.status, answer.reasons) == ("unusable", (GAIN,))
    assert "No endpoint that needs contrast is left." in answer_words(answer)


def test_a_standard_dose_that_fails_when_it_is_read_again_makes_the_endpoint_unusable():
    read = {0.0: 1, 0.1: 5, 0.3: 5, 0.5: 5, 1.0: 5}
    assert answer_of(scores(read, again=[5.0] * 12)).unusable == ()
    unsteady = answer_of(scores(read, again=[3.0] * 12))
    assert unsteady.unusable == (GAIN,)
    assert "the standard dose, read again, fails it too, met by 0 of 12 patients" in answer_words(unsteady)
    assert answer_of(scores(read, again=[3.0] * 5)).unusable == ()  # too few to know


def test_readers_join_by_default_where_there_are_readings():
    settings = AnswerSettings()
    assert [e.metric for e in settings.completed(segmented=True, read=True).endpoints[-2:]] == [
        "dice_loss",
        "reader_gain",
    ]
    assert settings.completed() == settings
    assert AnswerSettings(readers=False).completed(read=True).endpoints == settings.endpoints
    own = Endpoint(metric="reader_gain", at_least=0.9, area="image_quality")
    named = AnswerSettings(endpoints=(RECOVERY, own))
    assert named.completed(read=True) == named
    assert AnswerSettings(endpoints=(RECOVERY,)).completed(read=True).endpoints == (RECOVERY, GAIN)
