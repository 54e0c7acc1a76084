# SPDX-License-Identifier: Apache-2.0
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lessgad.engine.record import FORMAT, read_record, write_record
from lessgad.errors import InputError


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [(None, "done"), ("a mask × on another grid", "failed"), ("\udcff", "failed"), ("", "failed")],
)
def test_round_trip(tmp_path: Path, reason: str | None, outcome: str):
    record = write_record(tmp_path / "new" / "a.json", "f00", reason)
    assert read_record(tmp_path / "new" / "a.json") == record
    assert (record.fingerprint, record.outcome, record.reason) == ("f00", outcome, reason or "")
    assert abs((datetime.now(UTC) - datetime.fromisoformat(record.finished)).total_seconds()) < 60


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "3",
        "{}",
        '{"fingerprint": "f"}',
        '{"fingerprint": "f", "outcome": "maybe"}',
        '{"new": 1}',
        "\xff",
    ],
)
def test_what_cannot_be_read_is_no_record(tmp_path: Path, content: str):
    (tmp_path / "a.json").write_bytes(content.encode("latin-1"))
    assert read_record(tmp_path / "a.json") is None
    assert read_record(tmp_path / "nowhere.json") is None


def test_a_record_of_before_has_nothing_to_say_of_what_it_was_made_from(tmp_path: Path):
    (tmp_path / "a.json").write_text('{"fingerprint": "f", "outcome": "done", "reason": "", "finished": "then"}')
    record = read_record(tmp_path / "a.json")
    assert record is not None
    assert (record.fingerprint, record.format, record.made_from) == ("f", 1, {})


def test_a_record_of_a_newer_lessgad_is_refused(tmp_path: Path):
    content = {"fingerprint": "f", "outcome": "done", "format": FORMAT + 1, "more": 1}
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"a\.json: This record has format .*written by a newer lessgad"):
        read_record(tmp_path / "a.json")


def test_later_outcome_replaces_the_earlier(tmp_path: Path):
    write_record(tmp_path / "a.json", "f", "no")
    write_record(tmp_path / "a.json", "g")
    record = read_record(tmp_path / "a.json")
    assert record is not None
    assert (record.outcome, record.reason, record.fingerprint) == ("done", "", "g")
    assert json.loads((tmp_path / "a.json").read_text())["outcome"] == "done"
