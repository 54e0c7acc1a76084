# SPDX-License-Identifier: Apache-2.0
"""prepared/ and restored/ are BIDS derivatives, and the report's files are what the settings say."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("folder", ["prepared", "restored"])
def test_the_bids_validator_finds_no_error(tiny_experiment, folder):
    root = tiny_experiment("report") / folder
    description = json.loads((root / "dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"
    assert description["GeneratedBy"][0]["Name"] == "lessgad"
    assert description["SourceDatasets"]
    validator = Path(sys.executable).with_name("bids-validator-deno")
    if not validator.exists():
        pytest.skip("bids-validator-deno is not installed")
    done = subprocess.run([validator, root, "--json"], capture_output=True, text=True, check=False)
    issues = json.loads(done.stdout)["issues"]["issues"]
    assert [issue for issue in issues if issue.get("severity") == "error"] == []


def test_the_report_has_the_papers_tables_and_a_first_screen(tiny_experiment):
    root = tiny_experiment("report")
    page = (root / "report" / "index.html").read_text(encoding="utf-8")
    for name in ("Figure 1.", "Table 1.", "Table 2.", "Table 4.", "Figure 2.", "Figure 3", "In one minute"):
        assert name in page, name
    assert page.index("In one minute") < page.index("Figure 1.")
    linked = set(re.findall(r'href="\.\./results/([^"]+)"', page))
    assert "table1.csv" in linked
    assert [name for name in linked if not (root / "results" / name).is_file()] == []
    assert (root / "results" / "table1.csv").read_text().startswith("characteristic,value\npatients,6\n")
    cited = set(re.findall(r"\[([a-z]+\d{4}[a-z]*)\]", page))
    keys = set(re.findall(r"@article\{(\w+),", (root / "report" / "references.bib").read_text()))
    assert cited == keys
    assert len(page) < 20_000_000
    assert "2 test patients are too few" in page
