# SPDX-License-Identifier: Apache-2.0
"""What a stage computes changes with its VERSION alone: somebody's results would be taken for those of today's code."""

import json

import golden
import pytest


@pytest.fixture(scope="module")
def root(tiny, tmp_path_factory):
    root = golden.make(tiny, tmp_path_factory.mktemp("golden"))
    golden.run(root)
    return root


@pytest.mark.slow
@pytest.mark.parametrize("stage", list(golden.FILES))
def test_the_results_of_a_stage_change_with_its_version(root, stage):
    known = json.loads(golden.GOLDEN.read_text())[stage]
    found = golden.digests(root)[stage]
    assert found
    assert golden.versions(root)[stage] == known["versions"], (
        f"stage {stage} has another VERSION: write its results anew with python tests/stages/golden.py"
    )
    assert golden.differing(stage, found, known["digest"]) == [], (
        f"stage {stage} computes something else than before: raise its VERSION, then run python tests/stages/golden.py"
    )


def test_a_small_change_is_seen():
    known = {"a": [1.0, 0.5], "b": [0.0]}
    assert golden.differing("prepare", {"a": [1.001, 0.5], "b": [0.001]}, known) == []
    assert golden.differing("prepare", {"a": [1.01, 0.5], "b": [0.0]}, known) == ["a"]
    assert golden.differing("prepare", {"a": [1.0, 0.5], "b": [0.01]}, known) == ["b"]
    assert golden.differing("prepare", {"a": [1.0, 0.5]}, known) == ["b"]
    assert golden.differing("prepare", {**known, "c": [1.0]}, known) == ["c"]
