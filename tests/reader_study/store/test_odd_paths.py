# SPDX-License-Identifier: Apache-2.0
"""A reader study is found, and held to be whole, in a folder of any name; nothing is written beside it."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.reader_study.store.database import create_store, open_store
from lessgad.reader_study.verify import verify_database, verify_study

odd = st.text(st.sampled_from("a #?%&=+;:@'\"[]{}()~!$,20.é中"), min_size=1, max_size=9).filter(
    lambda name: name.strip(". ") != ""
)


@settings(max_examples=60, deadline=None)
@given(odd)
def test_a_database_in_a_folder_of_any_name(tmp_path_factory, name: str):
    base = tmp_path_factory.mktemp("odd")
    path = base / name / "study.sqlite"
    path.parent.mkdir()
    create_store(path).close()
    store = open_store(path)
    with store.writing() as session:
        session.connection().exec_driver_sql("SELECT 1")
    store.close()
    assert verify_database(path).problems == ()
    assert [entry.name for entry in base.iterdir()] == [name]
    assert {entry.name.split("-")[0] for entry in path.parent.iterdir()} == {"study.sqlite"}


@pytest.mark.parametrize("name", ["study #2", "what?", "100%20", "a&b=c", "file:x"])
def test_a_whole_study_in_a_folder_of_such_a_name(small, tmp_path: Path, name: str, monkeypatch):
    folder = small.write_study(tmp_path / name)
    assert verify_study(folder).problems == ()
    monkeypatch.chdir(tmp_path)
    assert verify_database(Path(name) / folder.database.name).problems == ()
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
