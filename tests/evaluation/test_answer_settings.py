# SPDX-License-Identifier: Apache-2.0
"""An endpoint says what it is in one way only, and margins that cannot be meant are refused."""

import pytest
from pydantic import ValidationError

from lessgad.evaluation.answer_settings import AnswerSettings, Endpoint
from lessgad.evaluation.endpoint_metrics import METRICS


def test_the_defaults_are_valid_and_can_fail_without_contrast():
    usual = AnswerSettings()
    assert AnswerSettings.model_validate(usual.model_dump()) == usual
    assert any(endpoint.kind.needs_contrast for endpoint in usual.endpoints)


def test_area_is_that_of_the_metric_unless_named():
    assert Endpoint(metric="ssim", at_least=0.9).area == "tumor_box"
    assert Endpoint(metric="ssim", at_least=0.9, area="head").area == "head"
    assert Endpoint(metric="dice_loss", at_most=0.05).area == "tumor"
    assert Endpoint(metric="recovery", at_least=0.9).area == ""


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_takes_a_margin_on_its_good_side_only(metric):
    good, bad = ("at_least", "at_most") if METRICS[metric].larger_is_better else ("at_most", "at_least")
    assert Endpoint(metric=metric, **{good: 0.5}).margins == (0.5,)
    both = [] if METRICS[metric].may_be_an_interval else [{good: 0.5, bad: 0.9}]
    for given in ({bad: 0.5}, {}, *both):
        with pytest.raises(ValidationError, match=f"give it {good}"):
            Endpoint(metric=metric, **given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"metric": "ssim", "at_least": 90}, "did you mean 0.9?"),
        ({"metric": "recovery", "at_least": 1.2}, "between 0 and 1"),
        ({"metric": "false_ml", "at_most": -1}, "between 0 and"),
        ({"metric": "recovery", "at_least": 0.9, "area": "tumor"}, "has no areas"),
        ({"metric": "ssim", "at_least": 0.9, "area": ""}, "needs an area"),
        ({"metric": "ssim", "at_least": float("nan")}, "finite"),
        ({"metric": "sim", "at_least": 0.9}, "'ssim'"),
        ({"metric": "ssim", "margin": 0.9}, "Extra inputs"),
        ({"metric": "ssim", "at_least": -0.05}, "between 0 and 1"),
        ({"metric": "recovery", "at_least": 1.1, "at_most": 0.9}, "must lie below"),
        ({"metric": "dice_loss", "at_most": 0.05, "relative_to": "repeat"}, "cannot be compared with the repeat"),
        ({"metric": "ssim", "at_least": 0.9, "share": 0.4}, "0.5"),
        ({"metric": "ssim", "at_least": 0.9, "relative_to": "standard"}, "repeat"),
    ],
)
def test_what_cannot_be_meant_is_refused(given, message):
    with pytest.raises(ValidationError, match=message.replace("?", r"\?")):
        Endpoint.model_validate(given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"endpoints": []}, "at least 1"),
        ({"endpoints": [{"metric": "false_ml", "at_most": 0.5}]}, "add one of recovery"),
        ({"endpoints": 2 * [{"metric": "recovery", "at_least": 0.9}]}, "named twice"),
        ({"min_patients": 7}, "greater than or equal to 8"),
        ({"level": 0.1}, "less than or equal to 0.05"),
    ],
)
def test_an_answer_that_proves_nothing_is_refused(given, message):
    with pytest.raises(ValidationError, match=message):
        AnswerSettings.model_validate(given)


def test_one_metric_over_two_areas_is_two_endpoints():
    endpoints = [{"metric": "ssim", "at_least": 0.9, "area": area} for area in ("tumor_box", "head")]
    assert len(AnswerSettings.model_validate({"endpoints": endpoints}).endpoints) == 2


def test_settings_of_before_the_repeat_are_still_valid():
    named = [{"metric": "recovery", "at_least": 0.9}, {"metric": "false_ml", "at_most": 0.5}]
    endpoints = AnswerSettings.model_validate({"endpoints": named}).endpoints
    assert [(endpoint.relative_to, endpoint.share) for endpoint in endpoints] == [(None, 0.5), (None, 0.6667)]


def test_the_loss_of_dice_joins_the_defaults_and_not_what_was_named():
    joined = AnswerSettings(min_patients=12).completed(segmented=True)
    assert (joined.endpoints[-1].metric, joined.min_patients) == ("dice_loss", 12)
    assert joined.endpoints[:-1] == AnswerSettings().endpoints
    named = AnswerSettings(endpoints=AnswerSettings().endpoints[:1])
    assert named.completed(segmented=True) == named


@pytest.mark.parametrize(
    ("value", "kept"), [(0.9, True), (1.1, True), (0.899, False), (1.101, False), (float("nan"), False)]
)
def test_an_interval_is_kept_between_its_ends(value, kept):
    interval = Endpoint(metric="recovery", relative_to="repeat", at_least=0.9, at_most=1.1)
    assert interval.kept_by(value) == kept
