# SPDX-License-Identifier: Apache-2.0
"""A real vestibular schwannoma: 120 slices whose header names no contrast agent."""

import json
from dataclasses import replace

import nibabel
import numpy as np
import pytest

from lessgad.cli.main import exit_code
from lessgad.dicom.derived_series import DerivedImage, write_derived_series
from lessgad.dicom.export import read_export
from lessgad.dicom.geometry import regular_grid
from lessgad.dicom.nifti_conversion import convert
from lessgad.volume import Volume, in_transverse_order, read_volume, same_grid

pytestmark = [pytest.mark.real_data, pytest.mark.slow]


def test_the_series_is_imported_once_the_user_says_what_it_is(shared, tmp_path, capfd):
    source, cohort = shared / "data" / "schwannoma", tmp_path / "cohort"
    assert exit_code(["import-dicom", str(source / "dicom"), str(cohort)]) == 2
    assert "nothing says whether contrast agent had been given" in capfd.readouterr().err
    rules = tmp_path / "rules.yaml"
    rules.write_text("series: [{description: 't1_mpr_tra_gk', role: standard_dose}]\n")
    assert exit_code(["import-dicom", str(source / "dicom"), str(cohort), "--rules", str(rules)]) == 1
    assert "no pair of T1 and T1ce, only ce-gadolinium_T1w" in capfd.readouterr().err
    (path,) = cohort.rglob("*.nii.gz")
    image = read_volume(path)
    assert image.array.shape == (512, 512, 120)
    np.testing.assert_allclose(image.spacing_mm, (0.41015625, 0.41015625, 1.5), atol=1e-6)
    told = json.loads(next(cohort.rglob("*T1w.json")).read_text())
    times = {"EchoTime": 0.00297, "RepetitionTime": 1.9, "InversionTime": 1.1, "RepetitionTimePreparation": 1.9}
    assert {name: told[name] for name in times} == pytest.approx(times)
    assert (told["MagneticFieldStrength"], told["ScanningSequence"]) == (1.5, "GR_IR")
    labels = nibabel.load(next(source.glob("*_dseg.nii.gz")))
    mask = in_transverse_order(Volume(np.asanyarray(labels.dataobj).astype(np.int16), labels.affine))
    assert same_grid(mask, image)
    tumor = image.array[mask.array == 1].mean()
    around = image.array[image.array > 30].mean()
    assert tumor > 1.2 * around  # it enhances


def test_a_derived_series_of_it_is_read_back(shared, tmp_path, valid_dicom):
    """Of every sixth slice, as the network plays no part here."""
    (series,) = read_export(shared / "data" / "schwannoma" / "dicom").series
    whole = regular_grid(series.frames)
    grid = regular_grid(tuple(replace(frame, spacing_mm=9.0) for frame in whole.frames[::6]))
    array = np.random.default_rng(0).uniform(0, 900, grid.shape).astype(np.float32)
    image = DerivedImage("restored", 1, "NOT FOR DIAGNOSIS", "made for a test", (), ())
    paths = write_derived_series(tmp_path, array, grid, (), image)
    (again,) = read_export(tmp_path).series
    found, _ = convert(regular_grid(again.frames), again.header.transfer_syntax_uid)
    np.testing.assert_allclose(found.affine, grid.affine, atol=1e-6)
    np.testing.assert_allclose(found.array, array, atol=1 / 64 + 1e-4)
    valid_dicom(paths[0])
