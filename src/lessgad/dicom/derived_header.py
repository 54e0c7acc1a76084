# SPDX-License-Identifier: Apache-2.0
"""The part of a derived image's header that comes from its source, and what says who made it.

The patient's data are kept: this output alone may identify, because it must be filed with the original.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import lessgad
from lessgad.dicom.functional_groups import number_of, value_of, words_of
from lessgad.dicom.geometry import SliceGrid
from lessgad.dicom.series import DicomFrame

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.valuerep import DSfloat

MADE_BY = "lessgad (research software)"
_PATIENT_GROUP = 0x0010
_COPIED = (
    *("SpecificCharacterSet", "StudyInstanceUID", "StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID"),
    *("AccessionNumber", "StudyDescription", "InstitutionName"),
    *("FrameOfReferenceUID", "PositionReferenceIndicator", "PatientPosition", "BodyPartExamined"),
    *("AcquisitionDate", "AcquisitionTime", "Laterality"),
)
#: Attributes that must be there, empty where nothing is known (type 2).
_EMPTY_WHERE_UNKNOWN = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "ReferringPhysicianName"),
    *("StudyID", "AccessionNumber", "PositionReferenceIndicator"),
)
_NUMBERS = ("RepetitionTime", "EchoTime", "InversionTime", "FlipAngle", "MagneticFieldStrength", "EchoTrainLength")
_CONTRAST = ("ContrastBolusAgent", "ContrastBolusVolume", "ContrastBolusRoute", "ContrastBolusIngredient")
_SEQUENCES = {"SE", "IR", "GR", "EP", "RM"}
_VARIANTS = {"SK", "MTC", "SS", "TRSS", "SP", "MP", "OSP", "TOF", "NONE"}
_PLAIN = {
    "×": "x",
    "–": "-",
    "−": "-",
    "±": "+/-",
    "≥": ">=",
    "≤": "<=",
    "σ": "sigma",
    "°": " deg",
    "…": "...",
    "’": "'",
}


def ascii_words(words: str) -> str:
    """Spell words in ASCII, which every character set of a source file holds."""
    plain = "".join(_PLAIN.get(letter, letter) for letter in words)
    return plain.encode("ascii", "replace").decode("ascii")


def decimals(values: Iterable[float]) -> list[DSfloat]:
    """Numbers as decimal strings of at most 16 characters."""
    from pydicom.valuerep import DSfloat

    return [DSfloat(float(value), auto_format=True) for value in values]


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Make an item of a code sequence.

    Args:
        value: The value.
        scheme: Coding scheme designator.
        meaning: Code meaning.

    Returns:
        The item.
    """
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def copied_from(header: Dataset) -> Dataset:
    """Patient, study, frame of reference and time of acquisition, as the source has them."""
    from copy import deepcopy

    from pydicom.dataset import Dataset

    dataset = Dataset()
    dataset.update(deepcopy(header.group_dataset(_PATIENT_GROUP)))
    for keyword in _COPIED:
        if keyword in header:
            dataset[keyword] = deepcopy(header[keyword])
    for keyword in _EMPTY_WHERE_UNKNOWN:
        if keyword not in dataset:
            setattr(dataset, keyword, "")
    if not dataset.get("BodyPartExamined") and "Laterality" not in dataset:
        dataset.Laterality = ""  # of a paired structure, for all that is known
    if not dataset.get("FrameOfReferenceUID"):
        from pydicom.uid import generate_uid

        dataset.FrameOfReferenceUID = generate_uid(entropy_srcs=[str(header.SeriesInstanceUID), "frame of reference"])
    return dataset


def acquisition_of(header: Dataset, frame: int) -> Dataset:
    """Describe the acquisition of the source in the attributes of a classic MR image.

    Args:
        header: DICOM header of the series.
        frame: Number of the frame, from 0.

    Returns:
        The attributes.
    """
    from pydicom.dataset import Dataset

    from lessgad.dicom.read_instance import scanning_sequence

    part = Dataset()
    part.ScanningSequence = [one for one in scanning_sequence(header) if one in _SEQUENCES] or ["RM"]
    part.SequenceVariant = [one for one in words_of(header, "SequenceVariant", frame) if one in _VARIANTS] or ["NONE"]
    part.ScanOptions = [one[:16] for one in words_of(header, "ScanOptions", frame)] or ""
    part.MRAcquisitionType = next((one for one in words_of(header, "MRAcquisitionType", frame) if one in "2D3D"), "")
    for keyword in _NUMBERS:
        number = number_of(header, keyword, frame)
        if keyword == "EchoTime":
            number = number or number_of(header, "EffectiveEchoTime", frame)
        if keyword == "InversionTime":
            number = number or number_of(header, "InversionTimes", frame)
        if number is not None:
            setattr(part, keyword, int(number) if keyword == "EchoTrainLength" else decimals((number,))[0])
        elif keyword in ("RepetitionTime", "EchoTime", "EchoTrainLength"):
            setattr(part, keyword, None)
    if "IR" in part.ScanningSequence and "InversionTime" not in part:
        part.InversionTime = None
    part.update(_contrast(header, frame))
    return part


def made_by(header: Dataset) -> Dataset:
    """Give the equipment: lessgad made the image, the scanner acquired what it was made from."""
    from pydicom.dataset import Dataset

    part = Dataset()
    part.Manufacturer = MADE_BY
    part.ManufacturerModelName = "lessgad"
    part.SoftwareVersions = lessgad.__version__
    part.ContentQualification = "RESEARCH"
    scanner = Dataset()
    scanner.PurposeOfReferenceCodeSequence = [code("109101", "DCM", "Acquisition Equipment")]
    scanner.Manufacturer = " ".join(words_of(header, "Manufacturer")) or "unknown"
    for keyword in ("ManufacturerModelName", "StationName", "DeviceSerialNumber", "SoftwareVersions"):
        if header.get(keyword):
            setattr(scanner, keyword, header.get(keyword))
    part.ContributingEquipmentSequence = [scanner]
    return part


def reference_to(frame: DicomFrame, *, purpose: bool = False) -> Dataset:
    """Make a reference to one image.

    Args:
        frame: The frame.
        purpose: Whether the purpose of reference is stated.

    Returns:
        The item.
    """
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID = frame.sop_class_uid
    item.ReferencedSOPInstanceUID = frame.sop_instance_uid
    if purpose:
        if frame.number is not None:
            item.ReferencedFrameNumber = frame.number
        item.PurposeOfReferenceCodeSequence = [
            code("121322", "DCM", "Source image for image processing operation"),
        ]
    return item


def referenced_series(grids: tuple[SliceGrid, ...], headers: Mapping[Path, Dataset]) -> list[Dataset]:
    """Make references to all images of the source series (Common Instance Reference).

    Args:
        grids: Slice grids of the referenced series.
        headers: Headers that were read before, by file.

    Returns:
        One item per series.
    """
    import pydicom
    from pydicom.dataset import Dataset

    items = []
    for grid in grids:
        first = grid.frames[0]
        header = headers.get(first.path) or pydicom.dcmread(first.path, stop_before_pixels=True)
        item = Dataset()
        item.SeriesInstanceUID = header.SeriesInstanceUID
        files = {frame.sop_instance_uid: frame for frame in grid.frames}
        item.ReferencedInstanceSequence = [reference_to(frame) for frame in files.values()]
        items.append(item)
    return items


def _contrast(header: Dataset, frame: int) -> Dataset:
    from pydicom.dataset import Dataset

    part = Dataset()
    for keyword in _CONTRAST:
        value = value_of(header, keyword, frame)
        if value is not None:
            setattr(part, keyword, value)
    agents = value_of(header, "ContrastBolusAgentSequence", frame)
    if agents and "ContrastBolusAgent" not in part:
        part.ContrastBolusAgent = " ".join(words_of(agents[0], "CodeMeaning"))[:64]
        volume = number_of(agents[0], "ContrastBolusVolume")
        if volume is not None:
            part.ContrastBolusVolume = decimals((volume,))[0]
    return part
