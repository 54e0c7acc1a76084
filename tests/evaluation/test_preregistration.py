# SPDX-License-Identifier: Apache-2.0
"""Any change of what counts as enough shows; nothing else does."""

import json

import pytest

from lessgad.errors import InputError
from lessgad.evaluation.answer_settings import AnswerSettings
from lessgad.evaluation.preregistration import answer_content, answer_hash, compare_with_frozen, frozen_record

USUAL = AnswerSettings()
DOSES = (0.0, 0.1, 0.3)
PATIENTS = ("03", "07", "11")
ON = "2026-01-05T10:00:00+00:00"


def content(settings=USUAL, doses=DOSES, patients=PATIENTS):
    return answer_content(settings, doses, patients)


def on_disk(results_exist=False):
    return json.loads(json.dumps(frozen_record(content(), frozen_on=ON, results_exist=results_exist)))


def with_margin(margin):
    recovery, *others = (endpoint.model_dump(exclude_none=True) for endpoint in USUAL.endpoints)
    return AnswerSettings.model_validate({"endpoints": [recovery | {"at_least": margin}, *others]})


def test_the_hash_is_what_it_always_was():
    """Frozen records of users hold it: if this fails, keep the old format readable."""
    assert answer_hash(content()) == "783b4d7828489c2c4508221d00d3d48d6fdc83eafe35a16ce515bfb4d3b38a3b"


def test_order_does_not_matter():
    turned = AnswerSettings(endpoints=tuple(reversed(USUAL.endpoints)))
    assert answer_hash(content(turned, DOSES[::-1], PATIENTS[::-1])) == answer_hash(content())
    assert answer_hash(dict(reversed(content().items()))) == answer_hash(content())


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (content(with_margin(0.89)), "the endpoints or their margins"),
        (content(AnswerSettings(method="mine")), "the method"),
        (content(AnswerSettings(min_patients=8)), "the smallest number of patients"),
        (content(AnswerSettings(level=0.05)), "the level of the bounds"),
        (content(doses=(*DOSES, 0.5)), "the doses"),
        (content(patients=(*PATIENTS, "12")), "the test patients"),
    ],
)
def test_a_change_is_told_and_named(changed, named):
    found = compare_with_frozen(on_disk(), changed)
    assert (found.standing, found.changes, found.frozen_on) == ("changed", (named,), ON)
    assert found.sha256 == answer_hash(changed) != answer_hash(content())


def test_the_same_after_a_round_trip_through_json():
    found = compare_with_frozen(on_disk(), content())
    assert (found.standing, found.changes, found.sha256) == ("before results", (), answer_hash(content()))
    assert compare_with_frozen(on_disk(results_exist=True), content()).standing == "after results"
    assert compare_with_frozen(None, content()).standing == "never"


def edited(**changes):
    return on_disk() | changes


@pytest.mark.parametrize(
    "record",
    [
        edited(sha256="0" * 64),
        edited(content=content(with_margin(0.8))),
        edited(content=None),
        {},
        {"content": content(), "sha256": answer_hash(content())},
    ],
)
def test_a_record_that_was_tampered_with_is_an_error_with_a_remedy(record, tmp_path):
    with pytest.raises(InputError, match="remove it: the answer then counts as not fixed in advance") as caught:
        compare_with_frozen(record, content(), tmp_path / "answer.json")
    assert caught.value.path == tmp_path / "answer.json"


def test_a_record_of_format_1_is_read_and_its_other_test_is_told():
    """Before, endpoints were tested by bounds of means."""
    old = content() | {"format": 1}
    record = json.loads(json.dumps(frozen_record(old, frozen_on=ON, results_exist=False)))
    assert compare_with_frozen(record, content()).changes == ("how endpoints are tested",)


def test_readers_are_in_the_record_where_they_are_switched_off():
    off = answer_content(AnswerSettings(readers=False), (0.3,), ["P1"])
    on = answer_content(AnswerSettings(), (0.3,), ["P1"])
    assert {key: value for key, value in off.items() if key != "readers"} == on
    changed = compare_with_frozen(frozen_record(on, frozen_on="2026-01-01", results_exist=False), off)
    assert (changed.standing, changed.changes) == ("changed", ("whether readings add an endpoint",))
