# SPDX-License-Identifier: Apache-2.0
"""`lessgad restore` on a DICOM study: derived series beside the original, or one line that says why not."""

import shutil

import numpy as np
import pydicom
import pytest
from head_study import KINDS, volume_of, write_study
from small_export import change_files

from lessgad.cli.main import exit_code
from lessgad.restoration.restorer import Restorer


@pytest.fixture(scope="module")
def study(tmp_path_factory, tiny):
    return write_study(tmp_path_factory.mktemp("study"), tiny)


@pytest.fixture
def run(capfd, untrained_model):
    def call(source, out, *more):
        code = exit_code(["restore", str(source), str(out), "--model", str(untrained_model), *map(str, more)])
        said, err = capfd.readouterr()
        assert "Traceback" not in err
        assert "internal error" not in err
        return code, said, err

    return call


def refused(result, out, *words):
    code, said, err = result
    assert (code, said) == (2, "")
    assert err.startswith("lessgad: ")
    for word in words:
        assert word in err
    assert not out.exists()


@pytest.mark.slow
@pytest.mark.parametrize("vendor", ["siemens", "ge", "philips"])
def test_the_result_lies_on_the_low_dose_and_is_valid(tmp_path, tiny, run, vendor, valid_dicom):
    source = write_study(tmp_path / "study", tiny, vendor)
    code, said, err = run(source, tmp_path / "out", "--no-burn-in")
    assert code == 0, err
    assert said.split() == [str(tmp_path / "out" / name) for name in ("restored", "halfwidth", "discrepancy")]
    low, restored = volume_of(source / "02"), volume_of(tmp_path / "out" / "restored")
    np.testing.assert_allclose(restored.affine, low.affine, atol=1e-6)
    np.testing.assert_allclose(restored.array[:2, :2], low.array[:2, :2], atol=0.01)  # far from the head
    assert not np.allclose(restored.array, low.array, atol=5)
    files = sorted((tmp_path / "out" / "restored").iterdir())
    first = pydicom.dcmread(files[0])
    assert first.SeriesDescription.startswith("NOT FOR DIAGNOSIS lessgad")
    assert "10 %" in first.SeriesDescription
    for name in ("restored", "halfwidth", "discrepancy"):
        valid_dicom(next((tmp_path / "out" / name).iterdir()))


def test_without_a_t1_the_image_is_the_restorers_and_there_is_no_map(tmp_path, tiny, run, untrained_model):
    alone = write_study(tmp_path / "alone", tiny, kinds={2: KINDS[2]})
    code, said, err = run(alone, tmp_path / "out", "--no-burn-in")
    assert code == 0, err
    expected = Restorer.load(untrained_model).restore_in_full(volume_of(alone), 0.1)
    restored = volume_of(tmp_path / "out" / "restored")
    np.testing.assert_allclose(restored.array, expected.image.array, atol=0.02)
    half = volume_of(tmp_path / "out" / "halfwidth").array
    np.testing.assert_allclose(half, expected.half_width.array, atol=0.01)
    assert [line.rsplit("/", 1)[1] for line in said.split()] == ["restored", "halfwidth"]
    assert "caution: the image was not checked against the scan" in err
    comments = pydicom.dcmread(next((tmp_path / "out" / "restored").iterdir())).ImageComments
    assert comments.startswith("NOT FOR DIAGNOSIS; ")
    assert "was not checked against the scan" in comments


def test_not_for_diagnosis_is_burnt_in_unless_told_otherwise(tmp_path, tiny, run):
    study = write_study(tmp_path / "alone", tiny, kinds={2: KINDS[2]})
    for name, option in (("burnt", ()), ("plain", ("--no-burn-in",))):
        assert run(study, tmp_path / name, *option)[0] == 0
    burnt, plain = (volume_of(tmp_path / name / "restored").array for name in ("burnt", "plain"))
    changed = np.argwhere(np.abs(burnt - plain) > 0.5)
    assert len(changed) > 100
    assert set(changed[:, 2]) == set(range(burnt.shape[2]))  # every slice
    assert changed[:, 1].max() < burnt.shape[1] / 2


def test_the_dose_is_that_of_the_header_or_the_users(tmp_path, study, run):
    refused(
        run(study, tmp_path / "out", "--dose", "0.3"),
        tmp_path / "out",
        "the header of the scan says 10 %",
        "--dose is 0.3",
        "Insist",
    )
    code, _, err = run(study, tmp_path / "out", "--dose", "0.3", "--series", "low_dose=2")
    assert code == 0, err
    assert "30 %" in pydicom.dcmread(next((tmp_path / "out" / "restored").iterdir())).SeriesDescription
    refused(run(study, tmp_path / "none", "--series", "low_dose=2"), tmp_path / "none", "Give it with --dose")


def test_what_is_no_study_with_a_low_dose(tmp_path, tiny, study, run):
    out = tmp_path / "out"
    pair = write_study(tmp_path / "pair", tiny, kinds={1: KINDS[1], 3: KINDS[3]})
    refused(run(pair, out), out, "series 3: ce-gadolinium_T1w", "--series low_dose=NUMBER")
    shutil.copytree(study, tmp_path / "two" / "one")
    write_study(tmp_path / "two" / "other", tiny, patient="08")
    refused(run(tmp_path / "two", out), out, "2 patients", "a folder of its own")
    (tmp_path / "empty").mkdir()
    refused(run(tmp_path / "empty", out), out, "folder is empty")
    refused(run(study, out, "--series", "low=2"), out, "--series low=2", "Write low_dose=NUMBER")
    refused(run(study, out, "--dose", "1"), out, "between 0 and 1")
    refused(run(study, out, "--spacing", "2"), out, "--spacing is for NIfTI files")


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path, study, run):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    code, _, err = run(study, tmp_path / "out")
    assert code == 2
    assert "folder for the result is not empty" in err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_a_disk_that_fills_up_leaves_nothing(tmp_path, study, run, monkeypatch):
    import errno

    written = []

    def full(_, path, **__):
        written.append(path)
        if len(written) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        path.write_bytes(b"x")

    monkeypatch.setattr(pydicom.Dataset, "save_as", full)
    code, _, err = run(study, tmp_path / "out")
    assert code == 2
    assert "no space left on device" in err
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_needs_a_t1(tmp_path, tiny, untrained_model, capfd):
    import yaml

    from lessgad.field.checkpoint import BEST, read_description, write_weights
    from lessgad.field.conditional_field import ConditionalField

    model = shutil.copytree(untrained_model, tmp_path / "model")
    stored = yaml.safe_load((model / "model.yaml").read_text())
    stored["field"]["inputs"] = ["pre_contrast", "low_dose"]
    (model / "model.yaml").write_text(yaml.safe_dump(stored))
    write_weights(model / BEST, ConditionalField(read_description(model).field))
    alone = write_study(tmp_path / "alone", tiny, kinds={2: KINDS[2]})
    assert exit_code(["restore", str(alone), str(tmp_path / "out"), "--model", str(model)]) == 2
    assert "--series pre_contrast=NUMBER" in capfd.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_scan_whose_air_is_not_dark_is_refused_unless_it_is_kept(tmp_path, tiny, run):
    alone = write_study(tmp_path / "alone", tiny, kinds={2: KINDS[2]})

    def lift(dataset):
        dataset.RescaleIntercept = float(dataset.get("RescaleIntercept", 0)) + 40
        dataset.RescaleSlope = dataset.get("RescaleSlope", 1)

    change_files(alone, lift)
    refused(run(alone, tmp_path / "out"), tmp_path / "out", "Air in the low dose is not near zero")
    code, _, err = run(alone, tmp_path / "out", "--noise-floor")
    assert code == 0, err
    assert "caution: low dose: air begins at " in err
