# SPDX-License-Identifier: Apache-2.0
"""`lessgad init` with a split of one's own."""

from pathlib import Path

import pytest

from lessgad.cohort.split import read_split
from lessgad.errors import CohortError, SettingsError
from lessgad.experiment.init import init_experiment


def init(experiment: Path, cohort: Path, split: Path) -> str:
    return init_experiment(experiment, cohort, None, [], split, aligned=False, quick=False)


def test_split_is_taken_over(tmp_path: Path, experiment: Path, cohort: Path):
    split = tmp_path / "my.tsv"
    split.write_text("participant_id\tsubset\nsub-01\ttest\nsub-02\ttrain\n")
    init(experiment, cohort, split=split)
    assert read_split(experiment / "split.tsv") == {"01": "test", "02": "train"}


@pytest.mark.parametrize("text", [None, "participant_id\tsubset\nsub-01\tmaybe\n"])
def test_split_that_cannot_be_used_leaves_nothing(tmp_path: Path, experiment: Path, cohort: Path, text: str | None):
    if text is not None:
        (tmp_path / "my.tsv").write_text(text)
    with pytest.raises(CohortError, match=r"my\.tsv: The"):
        init(experiment, cohort, split=tmp_path / "my.tsv")
    assert not experiment.exists()


def test_split_that_is_there_is_not_overwritten(tmp_path: Path, experiment: Path, cohort: Path):
    rows = "participant_id\tsubset\nsub-01\ttest\nsub-02\ttrain\n"
    experiment.mkdir()
    (experiment / "split.tsv").write_text(rows)
    (tmp_path / "my.tsv").write_text(rows.replace("test", "validation"))
    with pytest.raises(SettingsError, match="There is a split already"):
        init(experiment, cohort, split=tmp_path / "my.tsv")
    assert (experiment / "split.tsv").read_text() == rows
    assert not (experiment / "experiment.yaml").exists()
    init(experiment, cohort, split=experiment / "split.tsv")
    assert (experiment / "split.tsv").read_text() == rows


def test_the_warning_about_few_test_patients_counts_those_of_the_cohort(tmp_path: Path, experiment: Path, cohort: Path):
    """Twelve rows say test; one of them is a patient of this cohort."""
    split = tmp_path / "my.tsv"
    rows = "".join(f"sub-x{n}\ttest\n" for n in range(11))
    split.write_text(f"participant_id\tsubset\nsub-01\ttest\nsub-02\ttrain\n{rows}")
    told = init(experiment, cohort, split=split)
    assert "1 test patient is too few for a dose answer, which needs at least 17" in told
    assert "11 rows name no patient of the cohort: sub-x0" in told


def test_a_split_that_a_spreadsheet_changed_leaves_nothing(tmp_path: Path, experiment: Path, cohort: Path):
    split = tmp_path / "my.tsv"
    split.write_bytes(b'"participant_id";"subset"\r\n"1";"test"\r\n"2";"train"\r\n')
    with pytest.raises(CohortError, match="sub-1 where the cohort has sub-01"):
        init(experiment, cohort, split=split)
    assert not experiment.exists()
