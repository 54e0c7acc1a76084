# SPDX-License-Identifier: Apache-2.0
"""`lessgad restore`: one new scan in, the same grid and units out; or one line that says why not."""

import json
import shutil

import nibabel
import numpy as np
import pytest
import yaml
from restoring import refused, run

from lessgad.field.checkpoint import read_description, write_weights
from lessgad.field.conditional_field import ConditionalField


def test_grid_and_units_are_those_of_the_scan(capfd, low, model, tmp_path):
    out = tmp_path / "new" / "restored.nii.gz"
    code, said, err = run(capfd, low, out, "--dose", "0.1", "--model", model)
    assert (code, said.strip()) == (0, str(out))
    assert all(line.startswith("caution: ") for line in err.splitlines())
    scan, restored = nibabel.load(low), nibabel.load(out)
    assert restored.shape == scan.shape
    np.testing.assert_allclose(restored.affine, scan.affine, atol=1e-4)
    before, after = scan.get_fdata(), restored.get_fdata()
    assert np.isfinite(after).all()
    assert np.median(after[before > 30]) == pytest.approx(np.median(before[before > 30]), rel=0.3)
    air = np.s_[:, :2, :2]
    np.testing.assert_array_equal(after[air], before[air].astype(np.float32))


def test_units_scale_with_the_scan(capfd, low, model, tmp_path):
    image = nibabel.load(low)
    nibabel.save(
        nibabel.nifti1.Nifti1Image(image.get_fdata(dtype=np.float32) * 8, image.affine), tmp_path / "times8.nii"
    )
    for name, scan in (("a.nii", low), ("b.nii", tmp_path / "times8.nii")):
        assert run(capfd, scan, tmp_path / name, "--dose", "0.5", "--model", model)[0] == 0
    one, eight = (nibabel.load(tmp_path / name).get_fdata() for name in ("a.nii", "b.nii"))
    np.testing.assert_allclose(eight, 8 * one, rtol=1e-3, atol=1e-2 * 8)


def test_the_interval_and_another_spacing(capfd, low, model, tmp_path):
    out, half = tmp_path / "out.nii.gz", tmp_path / "half.nii.gz"
    code, said, err = run(capfd, low, out, "--dose", "0.5", "--model", model, "--interval", half, "--spacing", "2")
    assert (code, said.split()) == (0, [str(out), str(half)]), err
    assert "caution: the interval was calibrated on simulated low doses" in err
    more = "--interval", tmp_path / "half2.nii", "--simulated"
    _, _, err = run(capfd, low, tmp_path / "out2.nii", "--dose", "0.5", "--model", model, *more)
    assert "the interval was calibrated" not in err
    restored, half_width = nibabel.load(out), nibabel.load(half)
    assert sorted(restored.header.get_zooms()) == pytest.approx([2.0, 2.0, 5.0])
    assert restored.shape == half_width.shape
    np.testing.assert_allclose(restored.affine, half_width.affine)
    width = half_width.get_fdata()
    assert width.min() == 0
    assert width.max() > 0


def test_what_training_never_saw_is_a_caution_and_no_error(capfd, low, model, tmp_path):
    (model / "training_range.yaml").write_text(
        "{sigma: [0, 0], spacing_mm: [0.5, 1.0], doses: [1.0], least_enhancement: [0.1], most_enhancement: [0.2]}"
    )
    code, _, err = run(capfd, low, tmp_path / "out.nii", "--dose", "0.5", "--model", model)
    assert code == 0
    assert "caution: its pixels are 4.00 × 4.00 mm, those of training 0.50–1.00 mm" in err


def test_a_model_without_intervals_says_so(capfd, low, model, tmp_path):
    (model / "intervals.yaml").unlink()
    half = tmp_path / "half.nii"
    said = run(capfd, low, tmp_path / "out.nii", "--dose", "0.5", "--model", model, "--interval", half)
    refused(said, "calibrated intervals", "Leave --interval out")
    assert not half.exists()


def test_nothing_is_overwritten_without_force(capfd, low, model, tmp_path):
    out = tmp_path / "out.nii.gz"
    out.write_bytes(b"mine")
    refused(run(capfd, low, out, "--dose", "0.1", "--model", model), "--force", "out.nii.gz")
    assert out.read_bytes() == b"mine"
    assert run(capfd, low, out, "--dose", "0.1", "--model", model, "--force")[0] == 0
    assert out.read_bytes() != b"mine"


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_each_result_has_a_file_of_its_own(capfd, low, model, tmp_path, force):
    before = low.read_bytes()
    out = tmp_path / "out.nii.gz"
    crooked = tmp_path / "x" / ".." / "out.nii.gz"
    for results in ((out, "--interval", out), (out, "--interval", crooked)):
        refused(run(capfd, low, *results, "--dose", "0.5", "--model", model, *force), "a name of its own")
    said = run(capfd, low, low, "--dose", "0.5", "--model", model, *force)
    refused(said, "a name of its own" if force else "exists already")
    assert low.read_bytes() == before
    assert not out.exists()


@pytest.mark.parametrize(
    ("dose", "words"),
    [("10", "Did you mean 0.1?"), ("-0.1", "between 0 and 1"), ("nan", "between 0 and 1"), ("a", "a")],
)
def test_a_dose_is_a_fraction(capfd, low, model, tmp_path, dose, words):
    refused(run(capfd, low, tmp_path / "out.nii", "--dose", dose, "--model", model), words)
    assert not (tmp_path / "out.nii").exists()


def test_what_cannot_be_read_or_written(capfd, low, model, tmp_path):
    out = tmp_path / "out.nii.gz"
    refused(run(capfd, low, tmp_path / "out.png", "--dose", "0.1", "--model", model), ".nii")
    refused(run(capfd, tmp_path / "none.nii", out, "--dose", "0.1", "--model", model), "no such file")
    refused(run(capfd, low, out, "--dose", "0.1", "--model", tmp_path), "no model.yaml")
    (tmp_path / "cut.nii.gz").write_bytes(low.read_bytes()[:3000])
    refused(run(capfd, tmp_path / "cut.nii.gz", out, "--dose", "0.1", "--model", model), "cut.nii.gz")
    assert not out.exists()


@pytest.fixture
def changed_model(model, tmp_path):
    def change(**values):
        folder = shutil.copytree(model, tmp_path / "changed")
        description = yaml.safe_load((folder / "model.yaml").read_text())
        for key, value in values.items():
            description[key] = {**description[key], **value} if isinstance(value, dict) else value
        (folder / "model.yaml").write_text(yaml.safe_dump(description))
        return folder

    return change


def test_a_model_of_one_dose_refuses_others(capfd, low, changed_model, tmp_path):
    folder = changed_model(dose=0.1)
    refused(run(capfd, low, tmp_path / "out.nii", "--dose", "0.5", "--model", folder), "10 %", "50 %")
    assert run(capfd, low, tmp_path / "out.nii", "--dose", "0.1", "--model", folder)[0] == 0


def test_weights_of_another_network(capfd, low, changed_model, tmp_path):
    folder = changed_model(field={"inputs": ["pre_contrast", "low_dose"]})
    refused(run(capfd, low, tmp_path / "out.nii", "--dose", "0.1", "--model", folder), "do not belong to the network")


def test_a_model_that_needs_the_pre_contrast_scan(capfd, low, changed_model, tmp_path):
    folder = changed_model(field={"inputs": ["pre_contrast", "low_dose"]})
    write_weights(folder / "best.safetensors", ConditionalField(read_description(folder).field))
    refused(run(capfd, low, tmp_path / "out.nii", "--dose", "0.1", "--model", folder), "--pre-contrast")
    assert not (tmp_path / "out.nii").exists()


@pytest.fixture
def pre_contrast(low, tmp_path, monkeypatch):
    """A T1 that lies on the low dose already: registration finds that nothing is to be moved."""
    from lessgad.preparation import registration
    from lessgad.preparation.rigid_transform import RigidTransform

    monkeypatch.setattr(registration, "_elastix", lambda *_: RigidTransform.identity())
    image = nibabel.load(low)
    noise = np.random.default_rng(0).normal(0, 1, image.shape)
    t1 = np.abs(image.get_fdata() * 2 + noise).astype(np.float32)
    nibabel.save(nibabel.nifti1.Nifti1Image(t1, image.affine), tmp_path / "t1.nii")
    return tmp_path / "t1.nii"


def test_the_map_of_what_the_scan_contradicts(capfd, low, pre_contrast, changed_model, tmp_path):
    folder = changed_model(simulation={"model": "signal_equation", "noise": "matched"})
    out, found = tmp_path / "out.nii.gz", tmp_path / "found.nii.gz"
    asked = (low, out, "--dose", "0.5", "--model", folder, "--pre-contrast", pre_contrast, "--consistency", found)
    refused(run(capfd, *asked), "No signal equation can be used for this scan", "Give the scan a JSON sidecar")
    assert not out.exists()
    assert not found.exists()
    sidecar = {"ScanningSequence": "SE", "RepetitionTime": 0.55, "EchoTime": 0.01, "MagneticFieldStrength": 1.5}
    (tmp_path / "low.json").write_text(json.dumps(sidecar))
    code, said, err = run(capfd, *asked)
    assert (code, said.split()) == (0, [str(out), str(found)]), err
    assert "against the measurement: " in err
    np.testing.assert_allclose(nibabel.load(found).affine, nibabel.load(low).affine, atol=1e-4)
    assert nibabel.load(found).shape == nibabel.load(low).shape


def test_a_linear_model_is_believed_of_its_own_simulation_alone(capfd, low, pre_contrast, changed_model, tmp_path):
    folder = changed_model(simulation={"model": "linear", "noise": "none"})
    out, found = tmp_path / "out.nii.gz", tmp_path / "found.nii.gz"
    asked = (low, out, "--dose", "0.5", "--model", folder, "--pre-contrast", pre_contrast, "--consistency", found)
    refused(run(capfd, *asked), "the model was trained with the linear mix", "Leave --consistency out")
    assert run(capfd, *asked, "--simulated")[0] == 0
    assert found.exists()


def test_a_t2_for_a_model_that_knows_none(capfd, low, model, tmp_path):
    said = run(capfd, low, tmp_path / "out.nii", "--dose", "0.5", "--model", model, "--t2", low)
    refused(said, "trained with a T2", "Leave --t2 out")
    assert not (tmp_path / "out.nii").exists()


def test_a_t2_that_cannot_be_read(capfd, low, changed_model, tmp_path):
    folder = changed_model(field={"inputs": ["low_dose", "t2"]})
    write_weights(folder / "best.safetensors", ConditionalField(read_description(folder).field))
    asked = (low, tmp_path / "out.nii", "--dose", "0.5", "--model", folder)
    refused(run(capfd, *asked, "--t2", tmp_path / "none.nii"), "no such file")
    assert run(capfd, *asked)[0] == 0
