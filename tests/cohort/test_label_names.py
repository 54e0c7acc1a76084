# SPDX-License-Identifier: Apache-2.0
"""What the labels of masks mean, from tables that people and spreadsheets wrote."""

from pathlib import Path

import pytest

from lessgad.cohort.bids import label_names
from lessgad.errors import CohortError


def table(root: Path, text: str, derivative: str = "manual") -> Path:
    path = root / "derivatives" / derivative / "dseg.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return root


def test_label_names(tmp_path: Path):
    table(tmp_path, "\ufeffname\tindex\tcolor\nintrameatal\t1\t#f00\n\nextrameatal \t 2,0\t#0f0\nintrameatal\t1\t\n")
    table(tmp_path, "index\tname\n4\tenhancing\n", "other")
    assert label_names(tmp_path) == {1: "intrameatal", 2: "extrameatal", 4: "enhancing"}
    assert label_names(tmp_path, "other") == {4: "enhancing"}
    assert label_names(tmp_path, "third") == {}
    assert label_names(tmp_path / "nowhere") == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1\ttumor\n",
        "index\tlabel\n1\ttumor\n",
        "index\tname\none\ttumor\n",
        "index\tname\n1\n",
        "index\tname\n1\ttumor\n1.0\tedema\n",
    ],
)
def test_broken_tables_of_labels(tmp_path: Path, text: str):
    with pytest.raises(CohortError, match=r"dseg\.tsv: (?:The column|Label)"):
        label_names(table(tmp_path, text))


def test_table_of_labels_that_is_not_text(tmp_path: Path):
    (table(tmp_path, "") / "derivatives/manual/dseg.tsv").write_bytes(b"\xff\xfe\0\1\xd8")
    with pytest.raises(CohortError, match=r"dseg\.tsv: This file cannot be read as a table of labels"):
        label_names(tmp_path)
