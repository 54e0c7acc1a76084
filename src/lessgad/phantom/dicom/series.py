# SPDX-License-Identifier: Apache-2.0
"""Write a scan as a DICOM series in the conventions of a vendor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lessgad.atomic_write import replacing
from lessgad.phantom.dicom.enhanced import philips
from lessgad.phantom.dicom.functional_groups import stored_per_unit
from lessgad.phantom.dicom.header import common_header, decimal, decimals, image_header, item, series_time, uid
from lessgad.phantom.dicom.scan import DicomScan
from lessgad.phantom.dicom.slices import Slices, slices_of
from lessgad.phantom.dicom.vendors import classic_sequence, equipment, ge, siemens
from lessgad.volume import Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.uid import UID

_LARGEST_12_BITS = 4095
_WRITER = "LESSGAD_1"


def write_series(folder: Path, volume: Volume, scan: DicomScan) -> None:
    """Write one series into a folder of its own; the bytes depend only on the arguments.

    ========  =============================================  ==========================
    vendor    files                                          pixels
    ========  =============================================  ==========================
    siemens   ``IM-<series>-<slice>.dcm``, MR Image Storage  unsigned 12 (or 16) bits
    ge        ``IM<slice>``, MR Image Storage                signed 16 bits
    philips   ``IM_<series>``, Enhanced MR Image Storage     unsigned 16 bits, a slope
    ========  =============================================  ==========================

    Args:
        folder: Made where it does not exist; files of the same names are replaced.
        volume: Whole numbers from 0 to 32767 on a grid with perpendicular axes; the third axis becomes the slices.
        scan: What the headers say.

    Raises:
        VolumeError: The volume is not like that.
        StorageError: The disk is full or the folder cannot be written.
    """
    slices = slices_of(volume)
    if scan.vendor == "philips":
        _write_enhanced(folder / f"IM_{scan.series_number:04d}", slices, scan)
    else:
        _write_classic(folder, slices, scan)


def _write_classic(folder: Path, slices: Slices, scan: DicomScan) -> None:
    n_slices, rows, columns = slices.pixels.shape
    brightest = float(slices.pixels.max())
    header = common_header(scan)
    header.update(equipment(scan))
    header.update(classic_sequence(scan))
    header.update(siemens(scan) if scan.vendor == "siemens" else ge(scan, n_slices))
    is_siemens = scan.vendor == "siemens"
    bits = 12 if is_siemens and brightest <= _LARGEST_12_BITS else 16
    header.update(image_header(rows, columns, bits, signed=not is_siemens))
    header.update(
        item(
            PixelSpacing=decimals(slices.pixel_spacing_mm),
            ImageOrientationPatient=decimals(slices.orientation),
            SliceThickness=decimal(slices.slice_spacing_mm),
            SpacingBetweenSlices=decimal(slices.slice_spacing_mm),
            WindowCenter=decimal(brightest / 2),
            WindowWidth=decimal(max(brightest, 1.0)),
            AcquisitionDate=header.SeriesDate,
        )
    )
    for number, pixels in enumerate(slices.pixels, start=1):
        header.InstanceNumber = number
        header.AcquisitionTime = _acquisition_time(scan, number - 1, n_slices)
        header.ImagePositionPatient = decimals(slices.positions_mm[number - 1])
        header.SliceLocation = decimal(slices.locations_mm[number - 1])
        header.PixelData = pixels.astype("<u2").tobytes()
        name = f"IM-{scan.series_number:04d}-{number:04d}.dcm" if is_siemens else f"IM{number:04d}"
        _save(folder / name, header, "MRImageStorage", uid(scan, "image", scan.series_number, number))


def _acquisition_time(scan: DicomScan, slice_index: int, n_slices: int) -> str:
    """Slices of a 3D scan are acquired together, those of a 2D scan one after the other within TR."""
    _, time = series_time(scan)
    if scan.mr_acquisition_type == "3D":
        return time
    return f"{time[:4]}{scan.repetition_time_ms / 1000 * slice_index / n_slices:09.6f}"


def _write_enhanced(path: Path, slices: Slices, scan: DicomScan) -> None:
    _, rows, columns = slices.pixels.shape
    per_unit = stored_per_unit(slices)
    header = common_header(scan)
    header.update(equipment(scan))
    header.update(philips(scan, slices, per_unit))
    header.update(image_header(rows, columns, 16, signed=False))
    header.PixelData = (slices.pixels * np.uint16(per_unit)).astype("<u2").tobytes()
    _save(path, header, "EnhancedMRImageStorage", uid(scan, "image", scan.series_number))


def _save(path: Path, dataset: Dataset, storage: str, instance: UID) -> None:
    from pydicom import uid as names
    from pydicom.dataset import FileMetaDataset

    dataset.SOPClassUID = getattr(names, storage)
    dataset.SOPInstanceUID = instance
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = instance
    dataset.file_meta.TransferSyntaxUID = names.ExplicitVRLittleEndian
    # pydicom would put its own version here
    dataset.file_meta.ImplementationClassUID = names.generate_uid(entropy_srcs=[_WRITER])
    dataset.file_meta.ImplementationVersionName = _WRITER
    with replacing(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)
