# SPDX-License-Identifier: Apache-2.0
"""Scans written as DICOM, read back with pydicom and through dcm2niix."""

import json
import subprocess
import sys
from dataclasses import replace

import nibabel
import numpy as np
import pydicom
import pytest

from lessgad.errors import StorageError
from lessgad.phantom.dicom.scan import DicomScan
from lessgad.phantom.dicom.series import write_series
from lessgad.phantom.dicom.slices import slices_of
from lessgad.phantom.warp import rigid
from lessgad.volume import Volume

VENDORS = ["siemens", "ge", "philips"]
SHAPE = (12, 10, 7)
OBLIQUE = rigid(np.array([12.0, -7.0, 20.0]), np.array([5.0, -3.0, 9.0]))
AFFINES = {
    "transverse": np.diag([1.03, 1.03, 2.5, 1.0]),
    "oblique": OBLIQUE @ np.diag([1.1, 0.9, 2.5, 1.0]),
    "left-handed": OBLIQUE @ np.diag([-1.1, 0.9, 2.5, 1.0]),
    "sagittal": OBLIQUE @ np.array([[0, 0, 1.2, -40], [0.8, 0, 0, 3], [0, 0.7, 0, 9], [0, 0, 0, 1]]),
    "coronal": OBLIQUE @ np.array([[0.0, 0.8, 0, -4], [0, 0, -2, 30], [0.7, 0, 0, 9], [0, 0, 0, 1]]),
    "halfway": rigid(np.array([45.0, 45.0, 45.0]), np.array([1.0, 2.0, 3.0])) @ np.diag([1.0, 1.0, 3.0, 1.0]),
}
BEFORE = DicomScan(
    vendor="siemens",
    patient_label="07",
    patient_sex="F",
    patient_age=58,
    session=1,
    series_number=3,
    description="t1_mpr_tra",
    field_strength_t=3.0,
    scanning_sequence=("GR", "IR"),
    mr_acquisition_type="3D",
    repetition_time_ms=1900.0,
    echo_time_ms=2.5,
    flip_angle_deg=9.0,
    inversion_time_ms=900.0,
)
CONTRAST = {"contrast_agent": "Gadovist", "contrast_volume_ml": 7.0}
AFTER = replace(BEFORE, series_number=12, description="t1_mpr_tra_ce", **CONTRAST)
TURBO_SPIN_ECHO = replace(
    BEFORE,
    scanning_sequence=("SE",),
    mr_acquisition_type="2D",
    repetition_time_ms=550.0,
    echo_time_ms=9.0,
    flip_angle_deg=90.0,
    inversion_time_ms=None,
    echo_train_length=3,
    description="t1_tse_tra",
)


def volume(affine=AFFINES["oblique"], highest=1200):
    array = np.random.default_rng(0).integers(0, highest, SHAPE, endpoint=True).astype(np.int16)
    array[3, 4, 5] = highest
    return Volume(array, affine)


def dcm2niix(folder, out):
    out.mkdir()
    command = [sys.executable, "-m", "dcm2niix", "-z", "n", "-f", "image", "-o", str(out), str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    (image,) = out.glob("*.nii")
    return nibabel.load(image), json.loads(image.with_suffix(".json").read_text())


def assert_same_image(image, source):
    """Equal voxels at equal places, whatever the order of the axes."""
    steps = np.rint(np.linalg.inv(image.affine) @ source.affine).astype(int)
    corners = np.array([[i, j, k, 1] for i in (0, 11) for j in (0, 9) for k in (0, 6)]).T
    np.testing.assert_allclose((image.affine @ steps @ corners)[:3], (source.affine @ corners)[:3], atol=1e-3)
    index = steps[:3, :3] @ np.indices(SHAPE).reshape(3, -1) + steps[:3, 3:]
    assert index.min() == 0
    np.testing.assert_array_equal(np.asanyarray(image.dataobj)[tuple(index)], source.array.ravel())


def series(folder):
    return [pydicom.dcmread(path) for path in sorted(folder.iterdir())]


@pytest.mark.parametrize("affine", AFFINES.values(), ids=AFFINES)
@pytest.mark.parametrize("vendor", VENDORS)
def test_dcm2niix_finds_every_voxel_where_it_was(tmp_path, vendor, affine):
    source = volume(affine)
    write_series(tmp_path / "dicom", source, replace(BEFORE, vendor=vendor))
    image, _ = dcm2niix(tmp_path / "dicom", tmp_path / "nifti")
    assert_same_image(image, source)


@pytest.mark.parametrize("highest", [1, 4095, 4096, 32767])
@pytest.mark.parametrize("vendor", VENDORS)
def test_any_range_of_values_comes_back_exactly(tmp_path, vendor, highest):
    source = volume(highest=highest)
    write_series(tmp_path / "dicom", source, replace(AFTER, vendor=vendor))
    image, _ = dcm2niix(tmp_path / "dicom", tmp_path / "nifti")
    assert_same_image(image, source)


@pytest.mark.parametrize("vendor", VENDORS)
def test_dcm2niix_reports_the_acquisition(tmp_path, vendor):
    write_series(tmp_path / "dicom", volume(), replace(AFTER, vendor=vendor))
    _, sidecar = dcm2niix(tmp_path / "dicom", tmp_path / "nifti")
    expected = {
        "Manufacturer": {"siemens": "Siemens", "ge": "GE", "philips": "Philips"}[vendor],
        "MagneticFieldStrength": 3,
        "EchoTime": 0.0025,
        "RepetitionTime": 1.9,
        "InversionTime": 0.9,
        "FlipAngle": 9,
        "ScanningSequence": "GR\\IR",
        "MRAcquisitionType": "3D",
        "SeriesDescription": "t1_mpr_tra_ce",
        "SeriesNumber": 12,
    }
    assert {key: sidecar.get(key) for key in expected} == expected
    # dcm2niix leaves the contrast agent out: an import must read it from the DICOM itself
    assert not [key for key in sidecar if "Contrast" in key]


@pytest.mark.parametrize("vendor", VENDORS)
def test_dcm2niix_reports_a_2d_spin_echo(tmp_path, vendor):
    source = volume()
    write_series(tmp_path / "dicom", source, replace(TURBO_SPIN_ECHO, vendor=vendor))
    image, sidecar = dcm2niix(tmp_path / "dicom", tmp_path / "nifti")
    assert_same_image(image, source)
    expected = {"EchoTime": 0.009, "RepetitionTime": 0.55, "FlipAngle": 90, "EchoTrainLength": 3}
    expected |= {"ScanningSequence": "SE", "MRAcquisitionType": "2D"}
    assert {key: sidecar.get(key) for key in expected} == expected
    assert "InversionTime" not in sidecar
    assert "MultibandAccelerationFactor" not in sidecar


def test_files_are_named_as_each_vendor_does(tmp_path):
    for vendor in VENDORS:
        write_series(tmp_path / vendor, volume(), replace(AFTER, vendor=vendor))
    names = {vendor: sorted(path.name for path in (tmp_path / vendor).iterdir()) for vendor in VENDORS}
    assert names["siemens"] == [f"IM-0012-{n:04d}.dcm" for n in range(1, 8)]
    assert names["ge"] == [f"IM{n:04d}" for n in range(1, 8)]
    assert names["philips"] == ["IM_0012"]


def test_only_scans_with_contrast_name_an_agent(tmp_path):
    for vendor in VENDORS:
        write_series(tmp_path / vendor / "before", volume(), replace(BEFORE, vendor=vendor))
        write_series(tmp_path / vendor / "after", volume(), replace(AFTER, vendor=vendor))
        before, after = series(tmp_path / vendor / "before")[0], series(tmp_path / vendor / "after")[0]
        assert not [element.keyword for element in before.iterall() if element.keyword.startswith("ContrastBolus")]
        if vendor == "philips":
            assert "ContrastBolusAgent" not in after
            (agent,) = after.ContrastBolusAgentSequence
            assert (agent.CodeMeaning, agent.ContrastBolusVolume) == ("Gadovist", 7)
        else:
            assert (after.ContrastBolusAgent, after.ContrastBolusVolume) == ("Gadovist", 7)


def test_philips_scales_its_values(tmp_path):
    source = volume(highest=900)
    write_series(tmp_path, source, replace(AFTER, vendor="philips"))
    (image,) = series(tmp_path)
    for number, frame in enumerate(image.PerFrameFunctionalGroupsSequence):
        scale = frame.PixelValueTransformationSequence[0]
        assert scale.RescaleSlope == frame.RealWorldValueMappingSequence[0].RealWorldValueSlope == 1 / 64
        private = frame.private_block(0x2005, "Philips MR Imaging DD 005")[0x0F].value[0]
        assert private[0x2005, 0x100E].value == 64
        shown = image.pixel_array[number] * float(scale.RescaleSlope) + float(scale.RescaleIntercept)
        np.testing.assert_array_equal(shown, slices_of(source).pixels[number])


def test_siemens_and_ge_differ_as_they_do(tmp_path):
    for vendor in ("siemens", "ge"):
        for name, scan in (("tfl", AFTER), ("tse", TURBO_SPIN_ECHO)):
            write_series(tmp_path / vendor / name, volume(), replace(scan, vendor=vendor))
    siemens, ge = (series(tmp_path / vendor / "tfl")[0] for vendor in ("siemens", "ge"))
    assert (siemens.BitsStored, siemens.PixelRepresentation) == (12, 0)
    assert (ge.BitsStored, ge.PixelRepresentation) == (16, 1)
    assert siemens.SequenceName == "*tfl3d1_16ns"
    assert series(tmp_path / "siemens" / "tse")[0].SequenceName == "*tse2d1_3"
    assert "SequenceName" not in ge
    assert ge.private_block(0x0019, "GEMS_ACQU_01")[0x9C].value == "efgre3d"
    assert not {"RescaleSlope", "RescaleIntercept"} & set(siemens.dir() + ge.dir())


def test_slices_are_in_order(tmp_path):
    write_series(tmp_path, volume(), BEFORE)
    images = series(tmp_path)
    assert [image.InstanceNumber for image in images] == list(range(1, 8))
    np.testing.assert_allclose(np.diff([image.SliceLocation for image in images]), 2.5, atol=1e-6)
    assert images[0].SpacingBetweenSlices == images[0].SliceThickness == 2.5
    np.testing.assert_allclose(images[0].PixelSpacing, [0.9, 1.1])


def test_what_belongs_together_shares_its_identifiers(tmp_path):
    scans = {
        "before": BEFORE,
        "after": AFTER,
        "later": replace(BEFORE, session=2),
        "other": replace(BEFORE, patient_label="08"),
        "cohort": replace(BEFORE, uid_seed="another"),
    }
    for name, scan in scans.items():
        write_series(tmp_path / name, volume(), scan)
    read = {name: series(tmp_path / name) for name in scans}
    for keyword in ("StudyInstanceUID", "FrameOfReferenceUID"):
        found = {name: {image[keyword].value for image in images} for name, images in read.items()}
        assert found["before"] == found["after"]
        assert len(set().union(*found.values())) == 4
    images = [image for images in read.values() for image in images]
    assert len({image.SeriesInstanceUID for image in images}) == 5
    assert len({image.SOPInstanceUID for image in images}) == len(images)
    assert all(pydicom.uid.UID(image.SOPInstanceUID).is_valid for image in images)
    assert [read[name][0].StudyDate for name in ("before", "later")] == ["20110615", "20120615"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_there_is_something_to_pseudonymize(tmp_path, vendor):
    write_series(tmp_path, volume(), replace(BEFORE, vendor=vendor))
    image = series(tmp_path)[0]
    assert str(image.PatientName) == "PHANTOM^07"
    for keyword in (
        *("PatientID", "PatientBirthDate", "OtherPatientIDs", "PatientComments", "InstitutionName", "StationName"),
        *("InstitutionAddress", "AccessionNumber", "ReferringPhysicianName", "OperatorsName", "ImageComments"),
    ):
        assert image[keyword].value, keyword
    assert image.private_block(0x0009, "LESSGAD PHANTOM")[0x01].value == "PHANTOM^07"


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_same_scan_gives_the_same_bytes(tmp_path, vendor):
    for name in ("one", "other"):
        write_series(tmp_path / name, volume(), replace(AFTER, vendor=vendor))
    one, other = ({path.name: path.read_bytes() for path in (tmp_path / n).iterdir()} for n in ("one", "other"))
    assert one == other
    assert not any(pydicom.__version__.encode() in content for content in one.values())


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        write_series(tmp_path / "file", volume(), BEFORE)
