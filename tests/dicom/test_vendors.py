# SPDX-License-Identifier: Apache-2.0
"""What vendors write in ways of their own, each with its trap."""

import pydicom
import pytest
from small_export import change_files, files, header, write_export

from lessgad.cohort.acquisition import read_acquisition
from lessgad.dicom.read_instance import read_instance
from lessgad.dicom.series import Contrast
from lessgad.dicom.sidecar import sidecar
from lessgad.dose.acquired_sequence import acquired_sequence
from lessgad.dose.signal_equation import Sequence

MPRAGE = {
    "scanning_sequence": ("GR", "IR"),
    "sequence_variant": ("SK", "SP", "MP"),
    "is_3d": True,
    "inversion_time_ms": 900.0,
    "echo_time_ms": 3.0,
    "flip_angle_deg": 9.0,
    "echo_train_length": None,
}


def acquisition(tmp_path, fields):
    import json

    (tmp_path / "sub-1_T1w.json").write_text(json.dumps(fields))
    return read_acquisition(tmp_path / "sub-1_T1w.nii.gz", tmp_path)


@pytest.mark.parametrize("manufacturer", ["GE", "Philips"])
def test_tr_between_excitations_is_not_taken_for_the_cycle(tmp_path, manufacturer):
    head = header(**MPRAGE, manufacturer=manufacturer, repetition_time_ms=8.9)
    fields = sidecar(head, {}, 1.0)
    assert fields["RepetitionTimeExcitation"] == pytest.approx(0.0089)
    assert "RepetitionTimePreparation" not in fields
    found = acquired_sequence(acquisition(tmp_path, fields))
    assert isinstance(found, str)  # the cycle is unknown, so there is no signal equation; not a wrong one
    assert "RepetitionTimePreparation" in found


def test_siemens_tr_is_the_cycle(tmp_path):
    fields = sidecar(header(**MPRAGE, repetition_time_ms=1900.0), {}, 1.0)
    assert fields["RepetitionTimePreparation"] == pytest.approx(1.9)
    assert isinstance(acquired_sequence(acquisition(tmp_path, fields)), Sequence)


def test_an_agent_is_named_by_its_generic_name_or_not_at_all():
    known = sidecar(header(contrast=Contrast(True, False, "10 ML DOTAREM for Mrs Smith", 10.0)), {}, 1.0)
    assert (known["ContrastBolusAgent"], known["ContrastBolusVolume"]) == ("gadoterate", 10.0)
    unknown = sidecar(header(contrast=Contrast(True, False, "as Dr Smith said", None)), {}, 1.0)
    assert "ContrastBolusAgent" not in unknown
    assert unknown["ContrastBolusIngredient"] == "GADOLINIUM"


@pytest.mark.parametrize(
    ("words", "named", "denied"),
    [
        ("Gadovist", True, False),
        ("NO", False, True),
        ("No contrast", False, True),
        ("none", False, True),
        ("0", False, True),
        ("N", False, True),
        ("", False, False),
    ],
)
def test_what_a_contrast_tag_says(tmp_path, words, named, denied):
    write_export(tmp_path, (3,))

    def change(dataset):
        dataset.ContrastBolusAgent = words
        dataset.ContrastBolusVolume = None

    change_files(tmp_path, change)
    contrast = read_instance(next(files(tmp_path))).header.contrast
    assert (contrast.named, contrast.denied) == (named, denied)


def test_enhanced_images_have_no_scanning_sequence_but_words(tmp_path):
    write_export(tmp_path, (2,))

    def change(dataset):
        for groups in dataset.PerFrameFunctionalGroupsSequence:
            del groups[0x2005140F]  # where Philips keeps the classic codes
        dataset.SpectrallySelectedSuppression = "FAT"

    change_files(tmp_path, change)
    path = next(files(tmp_path))
    head = read_instance(path).header
    assert head.scanning_sequence == ("GR",)
    assert head.scan_options == ("FS",)
    assert head.echo_time_ms == pytest.approx(
        pydicom.dcmread(path).SharedFunctionalGroupsSequence[0].MREchoSequence[0].EffectiveEchoTime
    )


def test_philips_scale_is_that_of_rescale_not_of_the_private_slope(tmp_path):
    """Its precise scale, stored / (2005,100E), differs from what viewers show; see docs/dicom.md."""
    from lessgad.dicom.export import read_export
    from lessgad.dicom.geometry import regular_grid
    from lessgad.dicom.nifti_conversion import convert

    made = write_export(tmp_path, (2,))

    def change(dataset):
        for groups in dataset.PerFrameFunctionalGroupsSequence:
            groups[0x2005140F].value[0][0x2005, 0x100E].value = 0.01

    change_files(tmp_path, change)
    first = read_export(tmp_path).series[0]
    image, _ = convert(regular_grid(first.frames), first.header.transfer_syntax_uid)
    scan = made[2, 1].scans[0.0].image.array
    assert (image.array.min(), image.array.max()) == (scan.min(), scan.max())


def test_free_text_in_code_attributes_is_dropped():
    head = header(scanning_sequence=("SE", "SMITH"), scan_options=("FS", "JOHN_SMITH"), manufacturer="Smith Ltd")
    fields = sidecar(head, {"PatientName": "Smith", "EchoTime": "Smith", "InstitutionName": "Smith"}, None)
    assert "mith" not in str(fields).lower()
    assert (fields["ScanningSequence"], fields["ScanOptions"]) == ("SE", "FS")
