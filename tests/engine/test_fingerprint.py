# SPDX-License-Identifier: Apache-2.0
import hashlib
import os
import time
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lessgad.engine import fingerprint as module
from lessgad.engine.fingerprint import FileHashes, fingerprint, hash_file

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
names = st.text("abcdef", min_size=1, max_size=4)
ingredients = st.dictionaries(names, values, min_size=1, max_size=5)


@settings(deadline=None)
@given(ingredients, st.integers(0, 9))
def test_same_in_any_order(given_ones, version: int):
    backwards = dict(reversed(given_ones.items()))
    assert fingerprint(version, **given_ones) == fingerprint(version, **backwards)


@settings(deadline=None)
@given(ingredients, values, st.data())
def test_any_change_is_seen(given_ones, value: object, data: st.DataObject):
    name = data.draw(st.sampled_from(sorted(given_ones)))
    assume(repr(value) != repr(given_ones[name]))
    # repr tells orders of keys apart, which mean the same
    assume(not (isinstance(value, dict | list) and value == given_ones[name]))
    assert fingerprint(1, **given_ones) != fingerprint(1, **{**given_ones, name: value})


@settings(deadline=None)
@given(ingredients, names)
def test_version_and_presence_count(given_ones, name: str):
    assert fingerprint(1, **given_ones) != fingerprint(2, **given_ones)
    assume(name not in given_ones)
    assert fingerprint(1, **given_ones) != fingerprint(1, **{**given_ones, name: None})


def test_spelling():
    assert len(fingerprint(1, a=1)) == 16
    assert int(fingerprint(1, a=1), 16) >= 0
    assert fingerprint(1, a=(1, 2)) == fingerprint(1, a=[1, 2])  # as settings come back from disk


def test_never_changes_with_a_new_lessgad():
    spelled = b'{"a":[0.1,"x"],"b":{"c":null},"version":1}'
    assert fingerprint(1, b={"c": None}, a=[0.1, "x"]) == hashlib.sha256(spelled).hexdigest()[:16]


def test_hash_of_a_file(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"abc" * 100_000)
    assert hash_file(tmp_path / "a") == hashlib.sha256(b"abc" * 100_000).hexdigest()


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were just written are old enough to be remembered."""
    now = time.time_ns
    monkeypatch.setattr(module.time, "time_ns", lambda: now() + 10**10)


def count_hashes(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    hashed: list[Path] = []

    def counting(path: Path) -> str:
        hashed.append(path)
        return hash_file(path)

    monkeypatch.setattr(module, "hash_file", counting)
    return hashed


@pytest.mark.usefixtures("later")
def test_unchanged_file_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path, hashed = tmp_path / "a", count_hashes(monkeypatch)
    path.write_text("content")
    for _ in range(3):
        hashes = FileHashes(tmp_path / "cache.json")
        assert hashes.of(path) == hashes.of(path) == hash_file(path)
        hashes.save()
    assert hashed == [path]


@pytest.mark.parametrize("keep_mtime", [False, True])
@pytest.mark.usefixtures("later")
def test_changed_content_of_the_same_size_is_noticed(tmp_path: Path, keep_mtime: bool):
    path, hashes = tmp_path / "a", FileHashes(tmp_path / "cache.json")
    path.write_text("content")
    status = path.stat()
    before = hashes.of(path)
    hashes.save()
    time.sleep(0.02)  # a tick of the file system's clock
    path.write_text("CONTENT")
    if keep_mtime:  # as cp -p and rsync -t do
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    for reader in (hashes, FileHashes(tmp_path / "cache.json")):
        assert reader.of(path) == hash_file(path) != before


def test_change_within_one_tick_of_the_clock_is_noticed(tmp_path: Path):
    path, hashes = tmp_path / "a", FileHashes(tmp_path / "cache.json")
    for content in ("one", "two", "six"):
        path.write_text(content)
        assert hashes.of(path) == hash_file(path)


def test_missing_and_unreadable(tmp_path: Path):
    hashes = FileHashes(tmp_path / "cache.json")
    assert hashes.of(tmp_path / "nowhere") == "missing"
    (tmp_path / "file").touch()
    assert hashes.of(tmp_path / "file" / "below") == "missing"
    assert hashes.of(tmp_path) == "unreadable"
    (tmp_path / "nowhere").write_text("now it is there")
    assert hashes.of(tmp_path / "nowhere") == hash_file(tmp_path / "nowhere")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"%s": 3}', '{"%s": []}', '{"%s": [1, 2, "f00"]}'])
@pytest.mark.usefixtures("later")
def test_damaged_cache_is_no_cache(tmp_path: Path, content: str):
    path, cache = tmp_path / "a", tmp_path / "cache.json"
    path.write_text("content")
    cache.write_text(content.replace("%s", str(path)))
    hashes = FileHashes(cache)
    assert hashes.of(path) == hash_file(path)
    hashes.save()
    assert FileHashes(cache).of(path) == hash_file(path)


@pytest.mark.usefixtures("later")
def test_cache_that_cannot_be_written_is_done_without(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    hashes = FileHashes(tmp_path / "file" / "cache.json")
    hashes.of(tmp_path / "file")
    hashes.save()
