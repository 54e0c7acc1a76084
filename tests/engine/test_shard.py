# SPDX-License-Identifier: Apache-2.0
"""Shares of the studies, and runs that are at work at once."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessgad.engine.lock import holding
from lessgad.engine.running import one_of_the_runs
from lessgad.engine.shard import Shard
from lessgad.engine.state_folder import StateFolder
from lessgad.errors import SettingsError


@given(st.sets(st.text("abc", min_size=1, max_size=3)), st.integers(1, 7), st.randoms())
def test_each_subject_is_in_one_share(subjects: set[str], n: int, chance):
    given_ones = sorted(subjects)
    chance.shuffle(given_ones)
    shares = [Shard(number, n).of(given_ones) for number in range(1, n + 1)]
    assert sorted(name for share in shares for name in share) == sorted(subjects)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("words", ["0/50", "51/50", "3", "three/50", "-1/3", "1/0", "0/0", "1/2/3", ""])
def test_what_is_no_share(words: str):
    with pytest.raises(SettingsError, match="how many there are, such as 3/50"):
        Shard.parse(words)


def test_a_share():
    assert Shard.parse("3/50") == Shard(3, 50)


def test_runs_with_the_same_settings_are_at_work_at_once_and_leave_nothing(tmp_path: Path):
    folder = StateFolder(tmp_path)
    with one_of_the_runs(folder, "a"), one_of_the_runs(folder, "a"):
        assert len(list(folder.runs.glob("*.lock"))) == 2
    assert list(folder.runs.iterdir()) == []


def test_a_run_with_other_settings_is_refused_while_one_is_at_work(tmp_path: Path):
    folder = StateFolder(tmp_path)
    other = folder.runs / "another-1-x.lock"
    with (
        holding(other, "run", "a"),
        pytest.raises(SettingsError, match=r"Another run with other settings.*process \d+ on "),
        one_of_the_runs(folder, "b"),
    ):
        pass
    with one_of_the_runs(folder, "b"):
        pass


def test_what_a_killed_run_left_is_cleared_away(tmp_path: Path):
    folder = StateFolder(tmp_path)
    folder.runs.mkdir()
    (folder.runs / "another-1-x.lock").touch()
    (folder.runs / "another-1-x.holder.json").write_text('{"process": 1, "machine": "m", "since": "s", "mark": "b"}')
    with one_of_the_runs(folder, "a"):
        assert not (folder.runs / "another-1-x.lock").exists()
    assert list(folder.runs.iterdir()) == []
