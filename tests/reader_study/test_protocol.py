# SPDX-License-Identifier: Apache-2.0
"""The protocol: what was frozen is known again, whatever order its keys are in, and any change is told."""

import json

import pytest

from lessgad.errors import ReaderStudyError
from lessgad.reader_study.design import sample_cases
from lessgad.reader_study.protocol import (
    ReadingProtocol,
    check_unchanged,
    freeze,
    frozen_json,
    protocol_sha256,
    read_frozen,
    read_protocol,
    write_protocol,
)
from lessgad.reader_study.questionnaire import default_questionnaire
from lessgad.reader_study.settings import ReaderStudySettings

KEY = "a key that nobody knows"
SETTINGS = ReaderStudySettings(mode="blinded")
PROTOCOL = ReadingProtocol(
    settings=SETTINGS,
    questionnaire=default_questionnaire(),
    cases=sample_cases([("p1", "1"), ("p2", "")], [("v", "")], SETTINGS, KEY),
    key=KEY,
)


def test_it_survives_the_disk(tmp_path):
    write_protocol(tmp_path / "protocol.json", PROTOCOL)
    back = read_protocol(tmp_path / "protocol.json")
    assert back == PROTOCOL
    assert protocol_sha256(back) == protocol_sha256(PROTOCOL)
    assert back.readings_of("R1") == PROTOCOL.readings_of("R1")


def test_the_record_does_not_depend_on_the_order_of_keys():
    text = frozen_json(freeze(PROTOCOL, "2026-01-01T00:00:00Z"))
    turned = json.dumps(dict(reversed(json.loads(text).items())), sort_keys=False)
    check_unchanged(read_frozen(turned), PROTOCOL)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"settings": ReaderStudySettings(mode="blinded", seed=2)}, "other settings"),
        ({"cases": PROTOCOL.cases[:-1]}, "other cases"),
        ({"key": KEY + "!"}, "other key"),
    ],
)
def test_another_protocol_is_refused(change, said):
    record = freeze(PROTOCOL, "2026-01-01T00:00:00Z")
    with pytest.raises(ReaderStudyError, match=said):
        check_unchanged(record, PROTOCOL.model_copy(update=change))
    assert protocol_sha256(PROTOCOL.model_copy(update=change)) != record.sha256


def test_another_wording_is_another_protocol():
    first, *rest = PROTOCOL.questionnaire.questions
    other = PROTOCOL.questionnaire.model_copy(update={"questions": (first.model_copy(update={"wording": "?"}), *rest)})
    with pytest.raises(ReaderStudyError, match="other questions"):
        check_unchanged(freeze(PROTOCOL, "now"), PROTOCOL.model_copy(update={"questionnaire": other}))


def test_a_record_that_was_changed_by_hand_is_refused():
    text = frozen_json(freeze(PROTOCOL, "now"))
    with pytest.raises(ReaderStudyError, match="changed by hand"):
        read_frozen(text.replace('"washout_days": 14.0', '"washout_days": 1.0'))
    with pytest.raises(ReaderStudyError):
        read_frozen(text[:-40])


def test_a_protocol_that_is_missing_or_damaged_is_told(tmp_path):
    with pytest.raises(ReaderStudyError, match="lessgad reader create"):
        read_protocol(tmp_path / "protocol.json")
    (tmp_path / "protocol.json").write_text('{"format": 7}')
    with pytest.raises(ReaderStudyError, match="format"):
        read_protocol(tmp_path / "protocol.json")
