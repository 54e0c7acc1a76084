# SPDX-License-Identifier: Apache-2.0
"""Several images of one kind: chosen by the entities of their names, or refused with what would decide."""

from pathlib import Path

import pytest

from lessgad.cohort.bids import read_cohort
from lessgad.cohort.study import Study
from lessgad.errors import CohortError

ANAT = "sub-1/anat/sub-1"


def cohort(root: Path, *names: str) -> Path:
    for name in ("sub-9/anat/sub-9_T1w.nii", "sub-9/anat/sub-9_ce-gadolinium_T1w.nii", *names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def first(root: Path, select=None) -> Study:
    return next(study for study in read_cohort(root, select=select).studies if study.patient == "1")


def reason(root: Path, select=None) -> str:
    (study,) = read_cohort(root, select=select).unusable
    return study.reason


RUNS = tuple(f"{ANAT}_{run}{ce}T1w.nii" for run in ("run-1_", "run-2_") for ce in ("", "ce-gadolinium_"))


@pytest.mark.parametrize("run", [2, "2", "02"])
def test_a_run_is_chosen_of_both_images(tmp_path: Path, run):
    study = first(cohort(tmp_path, *RUNS), {"run": run})
    assert study.pre_contrast.name == "sub-1_run-2_T1w.nii"
    assert study.standard_dose.name == "sub-1_run-2_ce-gadolinium_T1w.nii"


def test_an_image_that_does_not_bear_the_entity_is_meant_where_none_does(tmp_path: Path):
    root = cohort(tmp_path, f"{ANAT}_acq-mprage_T1w.nii", f"{ANAT}_acq-tse_T1w.nii", f"{ANAT}_ce-gadolinium_T1w.nii")
    study = first(root, {"acq": "mprage", "run": 1})
    assert study.pre_contrast.name == "sub-1_acq-mprage_T1w.nii"
    assert study.standard_dose.name == "sub-1_ce-gadolinium_T1w.nii"


def test_null_means_the_one_without(tmp_path: Path):
    root = cohort(tmp_path, f"{ANAT}_T1w.nii", f"{ANAT}_rec-norm_T1w.nii", f"{ANAT}_ce-gadolinium_T1w.nii")
    assert first(root, {"rec": None}).pre_contrast.name == "sub-1_T1w.nii"


def test_the_error_says_which_entity_would_decide(tmp_path: Path):
    assert "cohort: {select: {run: 1}}" in reason(cohort(tmp_path, *RUNS))


def test_two_entities_that_decide_together_are_both_said(tmp_path: Path):
    four = [f"{ANAT}_acq-{acq}_run-{run}_T1w.nii" for acq in ("a", "b") for run in (1, 2)]
    assert "{acq: …, run: …}" in reason(cohort(tmp_path, *four, f"{ANAT}_ce-gadolinium_T1w.nii"))


def test_a_selection_that_no_image_meets_is_named(tmp_path: Path):
    assert "No pre-contrast T1w has run: 3; there are" in reason(cohort(tmp_path, *RUNS), {"run": 3})


def test_the_mask_of_another_run_is_not_silently_left_out(tmp_path: Path):
    mask = "derivatives/manual/sub-1/anat/sub-1_run-1_dseg.nii"
    assert "None of the masks belongs to the selected images" in reason(cohort(tmp_path, *RUNS, mask), {"run": 2})
    assert first(tmp_path, {"run": 1}).mask == tmp_path / mask


def test_low_doses_and_t2_follow_the_run_and_not_the_acquisition(tmp_path: Path):
    further = [f"{ANAT}_acq-dose10_run-{n}_ce-gadolinium_T1w.nii" for n in (1, 2)]
    root = cohort(tmp_path, *RUNS, *further, f"{ANAT}_run-1_T2w.nii", f"{ANAT}_run-2_T2w.nii")
    study = first(root, {"run": 2, "acq": "mprage"})
    assert [path.name for path in study.low_doses["dose10"]] == ["sub-1_acq-dose10_run-2_ce-gadolinium_T1w.nii"]
    assert [path.name for path in study.t2] == ["sub-1_run-2_T2w.nii"]


@pytest.mark.parametrize("role", ["T1w.nii", "ce-gadolinium_T1w.nii", "dseg.nii"])
@pytest.mark.parametrize(
    "pointer", [None, "/annex/objects/MD5E-s9--x.nii\n", "version https://git-lfs.github.com/spec/v1\n"]
)
def test_what_was_not_fetched_is_named(tmp_path: Path, role: str, pointer: str | None):
    names = [f"{ANAT}_T1w.nii", f"{ANAT}_ce-gadolinium_T1w.nii", "derivatives/manual/sub-1/anat/sub-1_dseg.nii"]
    root = cohort(tmp_path, *names)
    path = next(root / name for name in names if name.endswith(f"sub-1_{role}"))
    path.unlink()
    if pointer is None:
        path.symlink_to("../../.git/annex/objects/x")
    else:
        path.write_text(pointer)
    words = reason(root)
    assert path.name in words
    assert "datalad get" in words


def test_meanings_of_labels_that_were_not_fetched_are_no_labels(tmp_path: Path):
    from lessgad.cohort.bids import label_names

    table = tmp_path / "derivatives" / "manual" / "dseg.tsv"
    table.parent.mkdir(parents=True)
    table.symlink_to("../../.git/annex/objects/x")
    with pytest.raises(CohortError, match="datalad get"):
        label_names(tmp_path)
