# SPDX-License-Identifier: Apache-2.0
from pathlib import Path
from typing import Any

import pytest

from lessgad.errors import CohortError, SettingsError, StorageError
from lessgad.experiment.init import init_experiment
from lessgad.experiment.settings import load_settings


def init(experiment: Path, cohort: Path, **changes: Any) -> str:
    plain: dict[str, Any] = {"derivative": None, "region_options": [], "split": None, "aligned": False, "quick": False}
    return init_experiment(experiment, cohort, **{**plain, **changes})


def regions(experiment: Path) -> dict[str, tuple[int, ...]]:
    return load_settings(experiment / "experiment.yaml").cohort.regions


def test_valid_as_it_is_and_says_what_is_next(experiment: Path, cohort: Path):
    told = init(experiment, cohort)
    settings = load_settings(experiment / "experiment.yaml")
    assert (experiment / settings.cohort.path).samefile(cohort)
    assert "patients: 2, studies with T1 and T1ce: 2, with a mask: 1" in told
    assert f"next: lessgad run {experiment}" in told
    assert [path.name for path in experiment.iterdir()] == ["experiment.yaml"]


def test_never_overwrites(experiment: Path, cohort: Path):
    experiment.mkdir()
    (experiment / "experiment.yaml").write_text("mine")
    with pytest.raises(SettingsError, match="There is an experiment already"):
        init(experiment, cohort)
    assert (experiment / "experiment.yaml").read_text() == "mine"


def test_relative_path_lets_both_move_together(tmp_path: Path, experiment: Path, cohort: Path):
    init(experiment, cohort)
    assert load_settings(experiment / "experiment.yaml").cohort.path == Path("../cohort")
    (tmp_path / "elsewhere").mkdir()
    for folder in (experiment, cohort):
        folder.rename(tmp_path / "elsewhere" / folder.name)
    moved = tmp_path / "elsewhere" / "experiment"
    assert (moved / load_settings(moved / "experiment.yaml").cohort.path / "sub-01").is_dir()


def test_far_away_cohort_is_named_in_full(tmp_path: Path, cohort: Path):
    experiment = tmp_path / "a" / "b" / "c" / "d" / "e"
    init(experiment, cohort)
    assert load_settings(experiment / "experiment.yaml").cohort.path == cohort.resolve()


def test_dots_in_names_do_not_count(tmp_path: Path, cohort: Path):
    strange = cohort.rename(tmp_path / "a..b..c..d..e")
    init(tmp_path / "experiment", strange)
    assert load_settings(tmp_path / "experiment" / "experiment.yaml").cohort.path == Path("../a..b..c..d..e")


def test_through_a_link(tmp_path: Path, cohort: Path):
    (tmp_path / "disk" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "disk" / "deep")
    init(tmp_path / "link" / "experiment", cohort)
    path = load_settings(tmp_path / "link" / "experiment" / "experiment.yaml").cohort.path
    assert (tmp_path / "link" / "experiment" / path).samefile(cohort)


def test_relative_arguments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cohort: Path):
    monkeypatch.chdir(tmp_path)
    init(Path("experiment"), Path("cohort"))
    assert load_settings(Path("experiment/experiment.yaml")).cohort.path == Path("../cohort")
    assert cohort.is_dir()


def test_regions_are_picked_by_name(experiment: Path, cohort: Path):
    init(experiment, cohort)
    assert regions(experiment) == {"necrotic": (1,), "enhancing": (4,)}
    text = (experiment / "experiment.yaml").read_text()
    assert "# edema: [2]   # not counted as tumor" in text
    assert "Background" not in text


def test_two_labels_of_one_name_are_one_region(experiment: Path, cohort: Path):
    (cohort / "derivatives/expert/dseg.tsv").write_text("index\tname\n1\ttumor\n2\ttumor\n3\tcochlea\n4\tcochlea\n")
    init(experiment, cohort)
    assert regions(experiment) == {"tumor": (1, 2)}
    assert "# cochlea: [3, 4]" in (experiment / "experiment.yaml").read_text()


def test_names_that_yaml_would_misread(experiment: Path, cohort: Path):
    (cohort / "derivatives/expert/dseg.tsv").write_text("index\tname\n1\tno\n2\tT1: enhancing #2\n")
    init(experiment, cohort)
    assert regions(experiment) == {"no": (1,), "T1: enhancing #2": (2,)}


def test_regions_can_be_chosen(experiment: Path, cohort: Path):
    init(experiment, cohort, region_options=["tumor=1,4", "rim=2"])
    assert regions(experiment) == {"tumor": (1, 4), "rim": (2,)}
    assert "edema" not in (experiment / "experiment.yaml").read_text()


@pytest.mark.parametrize("option", ["tumor", "tumor=", "=1", "tumor=x", "tumor=1,", "tumor=0", "tumor=-1", "a b=1", ""])
def test_region_options_that_cannot_be_read(experiment: Path, cohort: Path, option: str):
    with pytest.raises(SettingsError, match="such as enhancing=4 or tumor=1,4"):
        init(experiment, cohort, region_options=[option])
    assert not experiment.exists()


def test_region_given_twice(experiment: Path, cohort: Path):
    with pytest.raises(SettingsError, match="The region tumor is named twice"):
        init(experiment, cohort, region_options=["tumor=1", "tumor=4"])
    assert not experiment.exists()


def test_labels_without_names_are_no_tumor_until_they_are_named(experiment: Path, cohort: Path, tmp_path: Path):
    assert "--region" not in init(tmp_path / "named", cohort)
    (cohort / "derivatives/expert/dseg.tsv").unlink()
    assert "no label of the masks counts as tumor" in init(experiment, cohort)
    assert regions(experiment) == {}


def test_too_few_test_patients_for_an_answer_are_told(tmp_path: Path, experiment: Path, cohort: Path):
    assert "1 test patient is too few for a dose answer, which needs at least 17" in init(experiment, cohort)
    split = tmp_path / "split.tsv"
    split.write_text("participant_id\tsubset\nsub-01\ttest\nsub-02\ttest\n")
    assert "2 test patients are too few for a dose answer, which needs at least 17" in init(
        tmp_path / "other", cohort, split=split
    )


def test_cohort_without_masks(experiment: Path, cohort: Path):
    (cohort / "derivatives").rename(cohort / "sourcedata")
    told = init(experiment, cohort)
    assert "with a mask: 0" in told
    assert "the cohort has no tumor masks, so only the whole head will be evaluated" in told
    assert regions(experiment) == {}


def test_segmentation_is_asked_for_where_it_can_be_done(
    experiment: Path, cohort: Path, monkeypatch: pytest.MonkeyPatch
):
    init(experiment, cohort, quick=True)
    assert load_settings(experiment / "experiment.yaml").segmentation is None
    init(experiment / "paper", cohort, paper=True)
    assert load_settings(experiment / "paper" / "experiment.yaml").segmentation.configuration == "3d_fullres"
    init(experiment / "shared", cohort, paper=True, region_options=["tumor=1,4", "rim=4"])
    monkeypatch.setattr("lessgad.experiment.init.missing_package", lambda: "nnunetv2")
    init(experiment / "missing", cohort)
    (cohort / "derivatives").rename(cohort / "sourcedata")
    init(experiment / "none", cohort)
    reasons = {
        ".": "takes half an hour on a CPU",
        "shared": "regions tumor and rim share label 4",
        "missing": "pip install '.[segmentation]'",
        "none": "the cohort has no masks",
    }
    for name, reason in reasons.items():
        path = experiment / name / "experiment.yaml"
        assert load_settings(path).segmentation is None
        assert reason in path.read_text()


@pytest.mark.parametrize("derivative", [None, "expert"])
def test_derivative_and_choices_are_written(experiment: Path, cohort: Path, derivative: str | None):
    init(experiment, cohort, derivative=derivative, aligned=True, quick=True)
    settings = load_settings(experiment / "experiment.yaml")
    assert settings.cohort.derivative == derivative
    assert settings.preparation.alignment == "aligned"
    assert settings.doses == (0.0, 0.1, 0.3)


def test_unusable_studies_are_named(experiment: Path, cohort: Path):
    (cohort / "sub-02/anat/sub-02_T1w.nii.gz").unlink()
    told = init(experiment, cohort)
    assert "patients: 1, studies with T1 and T1ce: 1, with a mask" in told
    assert "left out: sub-02: The study has no pre-contrast T1w" in told


@pytest.mark.parametrize(
    ("changes", "words"), [({"derivative": "nowhere"}, "no such derivative"), ({}, "There is no such folder")]
)
def test_unusable_cohort_leaves_nothing(experiment: Path, cohort: Path, changes: dict[str, Any], words: str):
    with pytest.raises(CohortError, match=words):
        init(experiment, cohort if changes else cohort / "nowhere", **changes)
    assert not experiment.exists()


def test_place_that_is_a_file(experiment: Path, cohort: Path):
    experiment.write_text("a file")
    with pytest.raises(StorageError):
        init(experiment, cohort)
    assert experiment.read_text() == "a file"


def test_a_selection_is_written_and_read(tmp_path: Path, experiment: Path, cohort: Path):
    (cohort / "sub-01" / "anat" / "sub-01_acq-tse_T1w.nii.gz").touch()
    (cohort / "sub-01" / "anat" / "sub-01_T1w.nii.gz").rename(cohort / "sub-01" / "anat" / "sub-01_acq-gre_T1w.nii.gz")
    assert "left out: sub-01: " in init(tmp_path / "without", cohort)
    told = init(experiment, cohort, select_options=["acq=gre"])
    assert "patients: 2" in told
    assert load_settings(experiment / "experiment.yaml").cohort.select == {"acq": "gre"}


@pytest.mark.parametrize("option", ["acq", "sub=1", "acq=", "acq=a_b", "=x"])
def test_a_selection_that_cannot_be_used(experiment: Path, cohort: Path, option: str):
    with pytest.raises(SettingsError, match="such as acq=mprage"):
        init(experiment, cohort, select_options=[option])
