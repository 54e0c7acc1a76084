# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from lessgad.cohort.bids import label_names, read_cohort
from lessgad.cohort.selection import entities, image_stem
from lessgad.cohort.study import study_name
from lessgad.errors import CohortError


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def pair(patient: str, session: str = "") -> list[str]:
    folder = f"sub-{patient}/ses-{session}/anat" if session else f"sub-{patient}/anat"
    name = study_name(patient, session)
    return [f"{folder}/{name}_T1w.nii.gz", f"{folder}/{name}_ce-gadolinium_T1w.nii.gz"]


def only_reason(root: Path) -> str:
    """A second, sound patient keeps the cohort usable; give why the first is not."""
    cohort = read_cohort(touch(root, *pair("sound")))
    assert [study.patient for study in cohort.studies] == ["sound"]
    assert len(cohort.unusable) == 1
    assert "\n" not in cohort.unusable[0].reason
    return cohort.unusable[0].reason


def test_patients_and_sessions_in_order(tmp_path: Path):
    root = touch(tmp_path, *pair("02"), *pair("01", "b"), *pair("01", "a"))
    cohort = read_cohort(root)
    assert [study.name for study in cohort.studies] == ["sub-01_ses-a", "sub-01_ses-b", "sub-02"]
    assert cohort.patients == ("01", "02")
    first = cohort.studies[0]
    assert [first.pre_contrast, first.standard_dose] == [root / name for name in pair("01", "a")]
    assert (first.mask, cohort.unusable) == (None, ())


def test_uncompressed_images_and_any_agent(tmp_path: Path):
    touch(tmp_path, "sub-1/anat/sub-1_T1w.nii", "sub-1/anat/sub-1_ce-gadobutrol_T1w.nii")
    assert len(read_cohort(tmp_path).studies) == 1


def test_nothing_is_written(tmp_path: Path):
    root = touch(tmp_path, *pair("01"), "derivatives/manual/dseg.tsv")
    before = {path: path.lstat().st_mtime_ns for path in root.rglob("*")}
    read_cohort(root)
    assert {path: path.lstat().st_mtime_ns for path in root.rglob("*")} == before


def test_no_such_folder(tmp_path: Path):
    with pytest.raises(CohortError, match="There is no such folder"):
        read_cohort(tmp_path / "nowhere")


def test_no_bids(tmp_path: Path):
    touch(tmp_path, "scan.nii.gz", "DICOM/0001.dcm", "sub-file")
    with pytest.raises(CohortError, match=r"no sub-\* folders.*Lay the images out as"):
        read_cohort(tmp_path)


def test_no_pair_at_all(tmp_path: Path):
    touch(tmp_path, "sub-01/anat/sub-01_T1w.nii.gz")
    with pytest.raises(CohortError, match=r"No study has both.*sub-01: The study has no ce-gadolinium T1w"):
        read_cohort(tmp_path)


def test_one_of_the_pair_is_missing(tmp_path: Path):
    touch(tmp_path, pair("01")[1])
    assert "has no pre-contrast T1w" in only_reason(tmp_path)


def test_no_anat_folder(tmp_path: Path):
    touch(tmp_path, "sub-01/func/sub-01_bold.nii.gz")
    assert "no anat folder" in only_reason(tmp_path)


@pytest.mark.parametrize("second", ["sub-01_run-2_T1w.nii.gz", "sub-01_T1w.nii", "sub-01_acq-mprage_T1w.nii.gz"])
def test_two_candidates_for_one_role(tmp_path: Path, second: str):
    touch(tmp_path, *pair("01"), f"sub-01/anat/{second}")
    reason = only_reason(tmp_path)
    assert "2 candidates for the pre-contrast T1w" in reason
    assert second in reason


def test_two_standard_doses(tmp_path: Path):
    touch(tmp_path, *pair("01"), "sub-01/anat/sub-01_acq-tse_ce-gadolinium_T1w.nii.gz")
    assert "2 candidates for the ce-gadolinium T1w" in only_reason(tmp_path)


@pytest.mark.parametrize(
    ("names", "standard", "repeats"),
    [
        (["ce-gadolinium", "ce-gadolinium_run-2"], 0, [1]),
        (["run-1_ce-gadolinium", "run-02_ce-gadolinium", "run-10_ce-gadolinium"], 0, [1, 2]),
        (["ce-gadolinium", "acq-repeat_ce-gadolinium"], 0, [1]),
        (["acq-mprage_ce-gadolinium_run-1", "acq-mprage_ce-gadolinium_run-2"], 0, [1]),
        (["ce-gadolinium_run-2"], 0, []),
        (["acq-repeat_ce-gadolinium"], 0, []),
    ],
)
def test_a_further_run_is_a_repeat(tmp_path: Path, names: list[str], standard: int, repeats: list[int]):
    files = [f"sub-01_{name}_T1w.nii.gz" for name in names]
    touch(tmp_path, "sub-01/anat/sub-01_T1w.nii.gz", *(f"sub-01/anat/{file}" for file in files))
    (study,) = read_cohort(tmp_path).studies
    assert study.standard_dose.name == files[standard]
    assert [path.name for path in study.repeats] == [files[place] for place in repeats]


def test_the_run_that_is_chosen_is_the_standard_dose_and_the_other_its_repeat(tmp_path: Path):
    touch(tmp_path, *pair("01"), "sub-01/anat/sub-01_run-2_ce-gadolinium_T1w.nii.gz")
    (study,) = read_cohort(tmp_path, select={"run": 2}).studies
    assert study.standard_dose.name == "sub-01_run-2_ce-gadolinium_T1w.nii.gz"
    assert [path.name for path in study.repeats] == ["sub-01_ce-gadolinium_T1w.nii.gz"]


@pytest.mark.parametrize(
    "other",
    [
        "sub-01_acq-dose10_ce-gadolinium_T1w.nii.gz",
        "sub-01_acq-dose12p5_ce-gadolinium_T1w.nii.gz",
        "sub-01_desc-brain_T1w.nii.gz",
        "sub-01_space-MNI_T1w.nii.gz",
        "sub-01_T2w.nii.gz",
        "._sub-01_T1w.nii.gz",
        "sub-01_T1w.json",
        "sub-01_T1w.nii.gz.part",
    ],
)
def test_what_is_not_of_the_pair(tmp_path: Path, other: str):
    cohort = read_cohort(touch(tmp_path, *pair("01"), f"sub-01/anat/{other}"))
    assert len(cohort.studies) == 1
    assert cohort.studies[0].pre_contrast.name == "sub-01_T1w.nii.gz"


def test_scan_of_somebody_else(tmp_path: Path):
    touch(tmp_path, "sub-01/anat/sub-02_T1w.nii.gz", pair("01")[1])
    assert "sub-02_T1w.nii.gz lies among the images of sub-01" in only_reason(tmp_path)


def test_scan_of_another_session(tmp_path: Path):
    touch(tmp_path, pair("01", "a")[0], "sub-01/ses-a/anat/sub-01_ses-b_ce-gadolinium_T1w.nii.gz")
    assert "sub-01_ses-b_ce-gadolinium_T1w.nii.gz" in only_reason(tmp_path)


def test_scan_of_a_patient_whose_name_begins_alike(tmp_path: Path):
    touch(tmp_path, pair("1")[0], "sub-1/anat/sub-10_ce-gadolinium_T1w.nii.gz")
    assert "sub-10" in only_reason(tmp_path)


def test_mask_of_somebody_else(tmp_path: Path):
    touch(tmp_path, *pair("01"), "derivatives/manual/sub-01/anat/sub-02_dseg.nii.gz")
    assert "sub-02_dseg.nii.gz" in only_reason(tmp_path)


def test_images_beside_sessions_are_not_lost(tmp_path: Path):
    cohort = read_cohort(touch(tmp_path, *pair("01"), *pair("01", "a")))
    assert [study.name for study in cohort.studies] == ["sub-01", "sub-01_ses-a"]


def test_one_bad_study_does_not_take_the_others_along(tmp_path: Path):
    touch(tmp_path, *pair("01", "a"), "sub-01/ses-b/anat/sub-01_ses-b_T1w.nii.gz", *pair("02"))
    cohort = read_cohort(tmp_path)
    assert [study.name for study in cohort.studies] == ["sub-01_ses-a", "sub-02"]
    assert [study.name for study in cohort.unusable] == ["sub-01_ses-b"]


@pytest.mark.parametrize(
    ("name", "space"), [("sub-01_dseg.nii.gz", None), ("sub-01_space-T1ce_desc-tumor_dseg.nii", "T1ce")]
)
def test_mask_and_its_space(tmp_path: Path, name: str, space: str | None):
    root = touch(tmp_path, *pair("01"), f"derivatives/manual/sub-01/anat/{name}")
    study = read_cohort(root).studies[0]
    assert study.mask == root / "derivatives/manual/sub-01/anat" / name
    assert study.mask_space == space


def test_mask_of_a_session(tmp_path: Path):
    root = touch(tmp_path, *pair("01", "a"), "derivatives/manual/sub-01/ses-a/anat/sub-01_ses-a_dseg.nii.gz")
    assert read_cohort(root).studies[0].mask is not None


def test_two_masks_need_a_derivative_to_be_named(tmp_path: Path):
    masks = [f"derivatives/{name}/sub-01/anat/sub-01_dseg.nii.gz" for name in ("expert", "model")]
    touch(tmp_path, *pair("01"), *masks)
    reason = only_reason(tmp_path)
    assert "several masks" in reason
    assert "derivative" in reason
    assert read_cohort(tmp_path, "model").studies[0].mask == tmp_path / masks[1]


@pytest.mark.parametrize("derivative", ["nowhere", "m*", "../derivatives/nowhere"])
def test_no_such_derivative(tmp_path: Path, derivative: str):
    touch(tmp_path, *pair("01"), "derivatives/manual/sub-01/anat/sub-01_dseg.nii.gz")
    with pytest.raises(CohortError, match="There is no such derivative"):
        read_cohort(tmp_path, derivative)


def test_derivative_is_a_name_and_no_pattern(tmp_path: Path):
    touch(tmp_path, *pair("01"), "derivatives/v[1]/sub-01/anat/sub-01_dseg.nii.gz", "derivatives/v[1]/dseg.tsv")
    (tmp_path / "derivatives/v[1]/dseg.tsv").write_text("index\tname\n1\ttumor\n")
    assert read_cohort(tmp_path, "v[1]").studies[0].mask is not None
    assert label_names(tmp_path, "v[1]") == {1: "tumor"}


def test_entities_and_stem():
    assert entities(Path("x/sub-01_ses-b_ce-gadolinium_T1w.nii.gz")) == {"sub": "01", "ses": "b", "ce": "gadolinium"}
    assert image_stem(Path("x/sub-01_T1w.nii.gz")) == image_stem(Path("sub-01_T1w.nii")) == "sub-01_T1w"


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "n_studies"), [("glioma-pairs", 16), ("native-pair", 1)])
def test_real_cohorts(shared: Path, name: str, n_studies: int):
    cohort = read_cohort(shared / "data" / name)
    assert (len(cohort.studies), cohort.unusable) == (n_studies, ())
