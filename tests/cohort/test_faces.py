# SPDX-License-Identifier: Apache-2.0
"""Whether a cohort shows faces is said where an import said it, and unknown everywhere else."""

import json
from pathlib import Path

import pytest

from lessgad.cohort.faces import RECOGNIZABLE, WORDS, faces_in


@pytest.mark.parametrize(("said", "shown"), [("YES", True), ("NO", False), ("no", False), ("maybe", None), (3, None)])
def test_what_the_description_says(tmp_path: Path, said: object, shown: bool | None):
    (tmp_path / "dataset_description.json").write_text(json.dumps({"Name": "x", RECOGNIZABLE: said}))
    assert faces_in(tmp_path) is shown


@pytest.mark.parametrize("text", [None, b"", b"[1]", b"{}", b"\xff\xfe\x00"])
def test_a_cohort_that_does_not_say(tmp_path: Path, text: bytes | None):
    if text is not None:
        (tmp_path / "dataset_description.json").write_bytes(text)
    assert faces_in(tmp_path) is None
    assert "treat whole heads as identifying" in WORDS[faces_in(tmp_path)]
