# SPDX-License-Identifier: Apache-2.0
"""The part of a DICOM header that does not depend on the vendor: patient, study, series, frame of reference.

The patient does not exist. Fields that identify a person are still filled, with made-up values, so that an
import can be seen to remove them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lessgad.phantom.dicom.scan import DicomScan

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.uid import UID
    from pydicom.valuerep import DSfloat

# pydicom's root for generated UIDs, so that they start the same whichever pydicom writes them.
_UID_PREFIX = "1.2.826.0.1.3680043.8.498."
_FIRST_YEAR = 2011
_MINUTES_PER_SERIES = 6
_STATIONS = {"siemens": "GENMR01", "ge": "GENMR02", "philips": "GENMR03"}


def item(**elements: object) -> Dataset:
    """Make a dataset of elements by keyword."""
    from pydicom.dataset import Dataset

    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Make an item of a code sequence.

    Args:
        value: The value.
        scheme: Coding scheme designator.
        meaning: Code meaning.

    Returns:
        The item.
    """
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def decimal(value: float) -> DSfloat:
    """Give a number as a decimal string, which has room for 16 characters."""
    from pydicom.valuerep import DSfloat

    return DSfloat(float(value), auto_format=True)


def decimals(values: Iterable[float]) -> list[DSfloat]:
    """Numbers as decimal strings."""
    return [decimal(value) for value in values]


def uid(scan: DicomScan, *part: object) -> UID:
    """Give the UID of a part of a session, the same at every call."""
    from pydicom.uid import generate_uid

    words = "/".join(str(word) for word in (scan.uid_seed, scan.patient_label, scan.session, *part))
    return generate_uid(prefix=_UID_PREFIX, entropy_srcs=[words])


def series_time(scan: DicomScan) -> tuple[str, str]:
    """Give date and time of a series: one session per year, the first series shortly after 9:00.

    Args:
        scan: The scan to write.

    Returns:
        Date (DA) and time (TM).
    """
    hours, minutes = divmod(9 * 60 + _MINUTES_PER_SERIES * scan.series_number, 60)
    return f"{_FIRST_YEAR + scan.session - 1}0615", f"{hours % 24:02d}{minutes:02d}00"


def common_header(scan: DicomScan) -> Dataset:
    """Attributes that files of a series share, for scanners of all vendors."""
    dataset = item(Modality="MR", SpecificCharacterSet="ISO_IR 100")
    date, time = series_time(scan)
    number = f"{scan.patient_label}{scan.session:02d}"
    birth_year = int(date[:4]) - scan.patient_age
    dataset.update(
        item(
            PatientName=f"PHANTOM^{scan.patient_label}",
            PatientID=f"PHANTOM-{scan.patient_label}",
            PatientBirthDate=f"{birth_year}0102",
            PatientSex=scan.patient_sex,
            PatientAge=f"{scan.patient_age:03d}Y",
            OtherPatientIDs=f"MRN-{scan.patient_label}",
            PatientWeight=decimal(70.0),
            PatientPosition="HFS",
            PatientComments=f"PHANTOM {scan.patient_label} is not a person",
            BodyPartExamined="HEAD",
            InstitutionName="Generated Hospital",
            InstitutionAddress="1 Example Street, Exampletown",
            StationName=_STATIONS[scan.vendor],
            ReferringPhysicianName="Referrer^Generated",
            PerformingPhysicianName="Performer^Generated",
            OperatorsName="Operator^Generated",
            AccessionNumber=f"ACC{number}",
            StudyID=f"ST{number}",
            StudyInstanceUID=uid(scan, "study"),
            SeriesInstanceUID=uid(scan, "series", scan.series_number),
            FrameOfReferenceUID=uid(scan, "frame of reference"),
            PositionReferenceIndicator="",
            StudyDate=date,
            SeriesDate=date,
            ContentDate=date,
            StudyTime="090000",
            SeriesTime=time,
            ContentTime=time,
            SeriesNumber=scan.series_number,
            AcquisitionNumber=1,
            StudyDescription="MRI head",
            SeriesDescription=scan.description,
            ProtocolName=scan.description,
            ImageComments=f"Generated scan of PHANTOM {scan.patient_label}",
        )
    )
    private = dataset.private_block(0x0009, "LESSGAD PHANTOM", create=True)
    private.add_new(0x01, "LO", f"PHANTOM^{scan.patient_label}")
    return dataset


def image_header(rows: int, columns: int, bits_stored: int, *, signed: bool) -> Dataset:
    """Describe how the pixels are stored, in two bytes each.

    Args:
        rows: Number of rows.
        columns: Number of columns.
        bits_stored: Bits stored of each pixel.
        signed: Whether pixels are signed.

    Returns:
        The attributes.
    """
    return item(
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        Rows=rows,
        Columns=columns,
        BitsAllocated=16,
        BitsStored=bits_stored,
        HighBit=bits_stored - 1,
        PixelRepresentation=int(signed),
    )
