# SPDX-License-Identifier: Apache-2.0
"""Series of seven makes of scanner give the NIfTI that they should; those that are no volume say why."""

import nibabel
import numpy as np
import pytest

from lessgad.dicom.export import read_export
from lessgad.dicom.geometry import regular_grid
from lessgad.dicom.nifti_conversion import convert
from lessgad.errors import SeriesError

pytestmark = pytest.mark.real_data
REGULAR = (
    *("ge/anatomical/001", "ge/anatomical/001_implicit", "ge/anatomical/001_single_slice"),
    *("siemens/anatomical/001", "siemens/anatomical/001_implicit", "siemens_multiframe/anatomical/001"),
    *("philips/anatomical/001", "philips/anatomical/001_implicit"),
    *("philips_enhanced/anatomical/001", "philips_enhanced/anatomical/001_implicit"),
    *("hitachi/anatomical/001", "hitachi/anatomical/001_implicit", "hyperfine/anatomical/001"),
    *("generic_compressed_j2k/001", "irregular/slicecount/001"),
)
IRREGULAR = {
    "irregular/gantrytilting/001": "gantry tilt",
    "irregular/sliceincrement/002": "gantry tilt",
    "irregular/sliceincrement/001": "1 missing slice",
    "irregular/notavolume/001": "4 images at one place",
    "irregular/sliceorientation/001": "mixed orientation",
    "philips/anatomical/002": "duplicate slices",
}


def only_series(folder):
    (series,) = read_export(folder).series
    return series


@pytest.mark.parametrize("name", REGULAR)
def test_a_regular_series_gives_its_nifti(shared, name):
    folder = shared / "data" / "dicom-samples" / name
    series = only_series(folder)
    assert series.damage == ""
    image, _ = convert(regular_grid(series.frames), series.header.transfer_syntax_uid)
    found = nibabel.as_closest_canonical(nibabel.nifti1.Nifti1Image(image.array, image.affine))
    truth = nibabel.as_closest_canonical(nibabel.load(folder.with_name(f"{folder.name}_ground_truth.nii.gz")))
    np.testing.assert_allclose(found.affine, truth.affine, atol=1e-3)
    expected = truth.get_fdata().reshape(found.shape)
    np.testing.assert_allclose(found.get_fdata(), expected, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize(("name", "words"), IRREGULAR.items())
def test_an_irregular_series_is_refused_with_its_reason(shared, name, words):
    with pytest.raises(SeriesError, match=words):
        regular_grid(only_series(shared / "data" / "dicom-samples" / name).frames)


def test_every_sample_is_read(shared):
    export = read_export(shared / "data" / "dicom-samples")
    assert export.unreadable == ()
    assert len(export.series) == len({(s.header.study_uid, s.header.series_uid) for s in export.series})
    assert {s.header.manufacturer for s in export.series} >= {"GE", "Siemens", "Philips", "Hyperfine Research"}
