# SPDX-License-Identifier: Apache-2.0
"""`lessgad restore` on scans whose header or intensities are doubtful, or none of a head's."""

import nibabel
import numpy as np
import pytest
from restoring import refused, run


def change_header(path, **values):
    image = nibabel.load(path)
    array = np.asanyarray(image.dataobj)
    header = image.header.copy()
    for name, value in values.items():
        header[name] = value
    nibabel.save(nibabel.nifti1.Nifti1Image(array, None, header), path)


@pytest.mark.parametrize("code", [0, 2, 4])
def test_no_code_that_nobody_knew_is_written(capfd, low, model, tmp_path, code):
    change_header(low, sform_code=code, qform_code=code)
    left_with, _, err = run(capfd, low, tmp_path / "out.nii.gz", "--dose", "0.1", "--model", model)
    assert left_with == 0
    assert ("left and right may be swapped" in err) == (code == 0)
    scan, restored = nibabel.load(low), nibabel.load(tmp_path / "out.nii.gz")
    assert (int(restored.header["sform_code"]), int(restored.header["qform_code"])) == (code, code)
    np.testing.assert_allclose(restored.affine, scan.affine, atol=1e-3)


@pytest.mark.parametrize(
    ("values", "words"),
    [({"xyzt_units": 1}, "the size of a head"), ({"scl_slope": 1.0, "scl_inter": 150.0}, "is not near zero")],
)
def test_scans_that_no_head_has_are_refused(capfd, low, model, tmp_path, values, words):
    change_header(low, **values)
    if "scl_inter" in values:
        image = nibabel.load(low)
        nibabel.save(nibabel.nifti1.Nifti1Image(image.get_fdata(dtype=np.float32) + 150, image.affine), low)
    refused(run(capfd, low, tmp_path / "out.nii.gz", "--dose", "0.1", "--model", model), words, "low dose")
    assert not (tmp_path / "out.nii.gz").exists()


def test_a_noise_floor_is_kept_where_that_is_asked_for(capfd, low, model, tmp_path):
    image = nibabel.load(low)
    array = image.get_fdata(dtype=np.float32)
    lifted = array + np.float32(0.1 * np.percentile(array, 90))
    nibabel.save(nibabel.nifti1.Nifti1Image(lifted, image.affine), low)
    out = tmp_path / "out.nii.gz"
    refused(run(capfd, low, out, "--dose", "0.1", "--model", model), "is not near zero", "--noise-floor")
    left_with, _, err = run(capfd, low, out, "--dose", "0.1", "--model", model, "--noise-floor")
    assert left_with == 0
    assert "caution: low dose: air begins at " in err
    nibabel.save(nibabel.nifti1.Nifti1Image(array - (lifted - array), image.affine), low)
    below = tmp_path / "below.nii.gz"
    refused(run(capfd, low, below, "--dose", "0.1", "--model", model, "--noise-floor"), "is not near zero")


def test_a_capped_scan_is_a_caution(capfd, low, model, tmp_path):
    image = nibabel.load(low)
    array = image.get_fdata(dtype=np.float32)
    nibabel.save(nibabel.nifti1.Nifti1Image(np.minimum(array, np.quantile(array, 0.9)), image.affine), low)
    left_with, _, err = run(capfd, low, tmp_path / "out.nii.gz", "--dose", "0.1", "--model", model)
    assert left_with == 0
    assert "caution: low dose: " in err
    assert "saturated" in err
