# SPDX-License-Identifier: Apache-2.0
"""Derived series: valid, on the geometry of their source, of the same patient, and read back as they were written."""

from dataclasses import replace

import numpy as np
import pydicom
import pytest
from small_export import files, write_export

from lessgad.dicom.burnt_in import burn_in
from lessgad.dicom.derived_header import ascii_words
from lessgad.dicom.derived_series import DerivedImage, write_derived_series
from lessgad.dicom.export import read_export
from lessgad.dicom.geometry import regular_grid
from lessgad.dicom.import_rules import read_rules
from lessgad.dicom.nifti_conversion import convert
from lessgad.dicom.roles import assign_roles

IMAGE = DerivedImage(
    "restored", 1, "NOT FOR DIAGNOSIS lessgad", "Made by σ ≥ 1", ("its pixels are 4.00 × 4.00 mm",), ()
)
VENDORS = {"ge": 1, "philips": 2, "siemens": 3}


@pytest.fixture(scope="module", params=VENDORS)
def source(request, tmp_path_factory):
    """T1, low dose and T1ce of a vendor."""
    folder = tmp_path_factory.mktemp(request.param)
    write_export(folder, (VENDORS[request.param],))
    return [regular_grid(series.frames) for series in read_export(folder).series]


def noise(grid, scale=300.0):
    return np.random.default_rng(0).normal(scale, scale, grid.shape).astype(np.float32)


def written(tmp_path, source, image=IMAGE, array=None):
    t1, low, _ = source
    array = noise(low) if array is None else array
    paths = write_derived_series(tmp_path / image.name, array, low, (t1,), image)
    return array, [pydicom.dcmread(path) for path in paths], paths


def test_it_is_read_back_as_it_was_written(tmp_path, source):
    array, images, _ = written(tmp_path, source)
    (series,) = read_export(tmp_path).series
    found, _ = convert(regular_grid(series.frames), series.header.transfer_syntax_uid)
    half_step = float(images[0].RescaleSlope) / 2
    assert half_step < 0.05
    np.testing.assert_allclose(found.affine, source[1].affine, atol=1e-6)
    np.testing.assert_allclose(found.array, array, atol=1.001 * half_step)
    shown = np.stack([image.pixel_array * float(image.RescaleSlope) for image in images], axis=-1).swapaxes(0, 1)
    np.testing.assert_allclose(shown, array, atol=1.001 * half_step)


@pytest.mark.parametrize("scale", [1e-4, 0.3, 40.0, 5e4])
def test_any_unit_keeps_its_digits(tmp_path, source, scale):
    array, images, _ = written(tmp_path, source, array=noise(source[1], scale))
    assert float(images[0].RescaleSlope) <= max(2 * np.abs(array).max() / 32767, 2**-14)


def test_the_validator_finds_no_error(tmp_path, source, valid_dicom):
    _, _, paths = written(tmp_path, source, replace(IMAGE, burnt_in=("NOT FOR DIAGNOSIS",)))
    for path in paths[:2]:
        valid_dicom(path)


def test_it_lies_beside_its_source(tmp_path, source):
    _, images, _ = written(tmp_path, source)
    t1, low, _ = source
    header = pydicom.dcmread(low.frames[0].path)
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate"):
        assert {str(image[keyword].value) for image in images} == {str(header[keyword].value)}, keyword
    assert {image.FrameOfReferenceUID for image in images} == {header.FrameOfReferenceUID}
    assert {tuple(image.ImageType[:2]) for image in images} == {("DERIVED", "SECONDARY")}
    assert len({image.SOPInstanceUID for image in images}) == len(images)
    assert {image.SeriesInstanceUID for image in images}.isdisjoint({header.SeriesInstanceUID})
    sources = [image.SourceImageSequence[0] for image in images]
    assert [item.ReferencedSOPInstanceUID for item in sources] == [frame.sop_instance_uid for frame in low.frames]
    assert [item.get("ReferencedFrameNumber") for item in sources] == [frame.number for frame in low.frames]
    referenced = [
        {one.ReferencedSOPInstanceUID for one in item.ReferencedInstanceSequence}
        for item in images[0].ReferencedSeriesSequence
    ]
    assert referenced == [{frame.sop_instance_uid for frame in grid.frames} for grid in (low, t1)]
    for image, frame in zip(images, low.frames, strict=True):
        np.testing.assert_allclose(image.ImagePositionPatient, frame.position_mm, rtol=1e-12)
    assert "lessgad" in images[0].Manufacturer
    assert images[0].ImageComments == "its pixels are 4.00 x 4.00 mm"
    assert images[0].DerivationDescription == "Made by sigma >= 1"
    assert images[0].BurnedInAnnotation == "NO"


def test_it_says_how_its_source_was_acquired(tmp_path, source):
    _, images, _ = written(tmp_path, source)
    classic = read_export(source[1].frames[0].path.parent).series[0].header
    assert float(images[0].EchoTime) == pytest.approx(classic.echo_time_ms)
    assert float(images[0].RepetitionTime) == pytest.approx(classic.repetition_time_ms)
    assert set(str(images[0].ScanningSequence).strip("[]").replace("'", "").split(", ")) == set(
        classic.scanning_sequence
    )
    assert images[0].ContrastBolusAgent


def test_the_same_result_twice_is_the_same_object_and_another_is_not(tmp_path, source):
    uids = []
    for name, change in (("one", 0.0), ("two", 0.0), ("three", 10.0)):
        _, images, _ = written(tmp_path / name, source, array=noise(source[1]) + np.float32(change))
        uids.append({image.SOPInstanceUID for image in images})
    assert uids[0] == uids[1]
    assert uids[0].isdisjoint(uids[2])


def test_an_import_does_not_take_it_for_a_scan(tmp_path, source):
    written(tmp_path, source, replace(IMAGE, description="t1_ce"))
    (candidate,) = assign_roles(read_export(tmp_path).series, read_rules())
    assert candidate.role is None
    assert "DERIVED" in candidate.reason


@pytest.mark.parametrize("width", [16, 64, 320])
def test_words_are_burnt_into_the_corner_alone(width):
    pixels = np.random.default_rng(1).uniform(-5, 50, (width, width)).astype(np.float32)
    burnt = burn_in(pixels, ("NOT FOR DIAGNOSIS", "restored from 10 %"), 99.0)
    changed = np.argwhere(burnt != pixels)
    assert (burnt == 99.0).sum() > 20
    assert set(np.unique(burnt[tuple(changed.T)])) == {np.float32(99.0), pixels.min()}
    assert changed[:, 0].max() < max(60, width)
    assert (burnt[-1] == pixels[-1]).all() or width == 16
    assert (pixels != 99.0).all()  # the source is left as it was


def test_words_become_ascii():
    assert ascii_words("−3 ± 1 °, ≤ 5 µm") == "-3 +/- 1  deg, <= 5 ?m"


def test_files_of_a_series_are_alone_in_their_folder(tmp_path, source):
    _, _, paths = written(tmp_path, source)
    assert list(files(tmp_path)) == list(paths)
