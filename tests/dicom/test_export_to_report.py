# SPDX-License-Identifier: Apache-2.0
"""From an export of the PACS to a report: the four commands of docs/how_to/dicom_export.md, on small heads."""

import re
from pathlib import Path

import pytest
from head_study import write_study

from lessgad.cli.main import exit_code

HOW_TO = Path(__file__).parents[2] / "docs" / "how_to" / "dicom_export.md"


def commands() -> list[list[str]]:
    """The commands of the page, without the word `lessgad`."""
    lines = re.findall(r"^ *(lessgad .*)$", HOW_TO.read_text(), flags=re.M)
    return [line.split("#")[0].split()[1:] for line in lines]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_commands_of_the_page_lead_to_a_report(tiny, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    for number, patient in enumerate(("07", "08")):
        write_study(Path("EXPORT") / patient, tiny, vendor=("siemens", "ge")[number], patient=patient, seed=70 + number)
    found = commands()
    assert len(found) <= 5
    for words in found:
        assert exit_code(words) == 0, (words, capfd.readouterr().err)
        assert "Traceback" not in capfd.readouterr().err
    page = Path("EXPERIMENT/report/index.html").read_text()
    assert "2 patients" in page
    assert len(list(Path("EXPERIMENT/restored").rglob("*desc-dose10_T1w.nii.gz"))) == 2
