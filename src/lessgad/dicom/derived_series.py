# SPDX-License-Identifier: Apache-2.0
r"""Write a volume as a derived MR series beside the series that it was made from.

Each slice is an MR Image Storage object on the geometry of its source slice: same patient, study and frame of
reference, new series and instance UIDs, ImageType DERIVED\SECONDARY, references to its sources. UIDs are computed
from the content, so that the same result written twice is the same object. Source: DICOM PS3.3 A.4, C.7.6, C.8.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

import lessgad
from lessgad.dicom.burnt_in import burn_in
from lessgad.dicom.derived_header import (
    acquisition_of,
    ascii_words,
    copied_from,
    decimals,
    made_by,
    reference_to,
    referenced_series,
)
from lessgad.dicom.geometry import SliceGrid
from lessgad.dicom.series import DicomFrame

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_LARGEST_STORED = 32767
_SERIES_NUMBER_OFFSET = 90_000
_WINDOW_PERCENTILE = 99.5
_LONGEST_LO, _LONGEST_COMMENT = 64, 10_000


@dataclass(frozen=True)
class DerivedImage:
    """One result to write.

    Attributes:
        name: Name of its folder: restored, halfwidth, discrepancy.
        number: Added to the series number of the source, 1 and above.
        description: SeriesDescription, ASCII, at most 64 characters.
        derivation: How it was made, one or two sentences.
        comments: Cautions.
        burnt_in: Lines of text for the pixels; empty for none.
    """

    name: str
    number: int
    description: str
    derivation: str
    comments: tuple[str, ...]
    burnt_in: tuple[str, ...]


def write_derived_series(
    folder: Path,
    array: Float[np.ndarray, "column row slice"],
    source: SliceGrid,
    others: tuple[SliceGrid, ...],
    image: DerivedImage,
) -> tuple[Path, ...]:
    """Write one file per slice.

    Args:
        folder: Folder for the files; it is created.
        array: Values on the grid of `source`, any unit; stored as signed 16 bits with a slope.
        source: The series whose geometry, patient and study it has.
        others: Further series from which it was made.
        image: Kind of the image.

    Returns:
        The files, in the order of the slices.
    """
    import pydicom
    from pydicom.uid import generate_uid

    folder.mkdir(parents=True, exist_ok=True)
    slope = _slope(float(np.abs(array).max()))
    brightest = float(np.abs(array).max()) or 1.0
    window = float(np.percentile(np.abs(array), _WINDOW_PERCENTILE)) or brightest
    now = datetime.now()  # noqa: DTZ005 - DICOM's dates are those of the place
    headers = {frame.path: pydicom.dcmread(frame.path, stop_before_pixels=True) for frame in source.frames}
    stored = [_stored(array[:, :, index].T, image.burnt_in, brightest, slope) for index in range(array.shape[2])]
    content = [str(image), lessgad.__version__, *(sha256(pixels.tobytes()).hexdigest() for pixels in stored)]
    sources = referenced_series((source, *others), headers)
    series_uid = generate_uid(entropy_srcs=[source.frames[0].sop_instance_uid, *content])
    paths = []
    for index, (frame, pixels) in enumerate(zip(source.frames, stored, strict=True)):
        header = headers[frame.path]
        dataset = copied_from(header)
        dataset.update(acquisition_of(header, (frame.number or 1) - 1))
        dataset.update(_series_part(header, image, series_uid, now))
        dataset.update(_geometry(source, frame))
        dataset.update(made_by(header))
        dataset.SourceImageSequence = [reference_to(frame, purpose=True)]
        dataset.ReferencedSeriesSequence = sources
        dataset.SOPInstanceUID = generate_uid(entropy_srcs=[series_uid, str(index)])
        dataset.InstanceNumber = index + 1
        dataset.update(_pixel_part(pixels, slope, window, image.name == "discrepancy"))
        path = folder / f"IM{index + 1:05d}.dcm"
        _save(path, dataset)
        paths.append(path)
    return tuple(paths)


def _slope(largest: float) -> float:
    """Give a power of two by which stored values are multiplied; exact as a decimal string."""
    exponent = int(np.ceil(np.log2(max(largest, 1e-6) / _LARGEST_STORED)))
    return float(2.0 ** max(exponent, -14))


def _stored(
    pixels: Float[np.ndarray, "row column"], burnt_in: tuple[str, ...], brightest: float, slope: float
) -> np.ndarray:
    shown = burn_in(pixels, burnt_in, brightest) if burnt_in else pixels
    return np.rint(shown / slope).clip(-_LARGEST_STORED - 1, _LARGEST_STORED).astype("<i2")


def _series_part(header: Dataset, image: DerivedImage, series_uid: str, now: datetime) -> Dataset:
    from pydicom.dataset import Dataset

    part = Dataset()
    part.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    part.Modality = "MR"
    part.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    part.SeriesInstanceUID = series_uid
    part.SeriesNumber = _SERIES_NUMBER_OFFSET + 10 * int(header.get("SeriesNumber") or 0) + image.number
    part.SeriesDescription = ascii_words(image.description)[:_LONGEST_LO]
    part.DerivationDescription = ascii_words(image.derivation)
    part.ImageComments = ascii_words("; ".join(image.comments))[:_LONGEST_COMMENT]
    for kind in ("Series", "Content", "InstanceCreation"):
        setattr(part, f"{kind}Date", now.strftime("%Y%m%d"))
        setattr(part, f"{kind}Time", now.strftime("%H%M%S"))
    return part


def _geometry(source: SliceGrid, frame: DicomFrame) -> Dataset:
    """Give the place of a slice as its source header gives it, to the last digit."""
    from pydicom.dataset import Dataset

    part = Dataset()
    spacing = float(np.linalg.norm(source.affine[:3, 2]))
    normal = np.cross((frame.orientation or ())[:3], (frame.orientation or ())[3:])
    part.ImagePositionPatient = decimals(frame.position_mm or ())
    part.ImageOrientationPatient = decimals(frame.orientation or ())
    part.PixelSpacing = decimals(frame.pixel_spacing_mm or ())
    part.SliceThickness, part.SpacingBetweenSlices = decimals((frame.spacing_mm or spacing, spacing))
    part.SliceLocation = decimals((float(normal @ np.array(frame.position_mm)),))[0]
    part.ImagesInAcquisition = len(source.frames)
    part.AcquisitionNumber = 1
    return part


def _pixel_part(pixels: np.ndarray, slope: float, window: float, is_signed_map: bool) -> Dataset:
    from pydicom.dataset import Dataset

    part = Dataset()
    part.SamplesPerPixel, part.PhotometricInterpretation = 1, "MONOCHROME2"
    part.Rows, part.Columns = pixels.shape
    part.BitsAllocated, part.BitsStored, part.HighBit, part.PixelRepresentation = 16, 16, 15, 1
    part.RescaleIntercept, part.RescaleSlope = decimals((0.0, slope))
    part.RescaleType = "US"
    center = 0.0 if is_signed_map else window / 2
    part.WindowCenter, part.WindowWidth = decimals((center, max(2 * window if is_signed_map else window, slope)))
    part.BurnedInAnnotation = "NO"  # of the patient; the words that are burnt in identify nobody
    part.LossyImageCompression = "00"
    part.add_new("PixelData", "OW", pixels.tobytes())
    return part


def _save(path: Path, dataset: Dataset) -> None:
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    from lessgad.atomic_write import replacing

    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    with replacing(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
