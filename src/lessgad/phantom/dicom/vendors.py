# SPDX-License-Identifier: Apache-2.0
"""How Siemens and GE write a classic MR image (one file per slice), and what each vendor calls things.

Source: what dcm2niix (its pages on Siemens and GE) expects of them; models and codes are typical ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lessgad.phantom.dicom.header import decimal, item
from lessgad.phantom.dicom.scan import DicomScan

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_LOW_FIELD_T = 2.0
#: Manufacturer, model below and above 2 T, software.
_SCANNERS: dict[str, tuple[str, str, str, str | list[str]]] = {
    "siemens": ("SIEMENS", "Aera", "Skyra", "syngo MR E11"),
    "ge": ("GE MEDICAL SYSTEMS", "Optima MR450w", "DISCOVERY MR750", ["25", "LX", "MR Software release:DV25.0"]),
    "philips": ("Philips Medical Systems", "Achieva", "Ingenia", "5.3.0"),
}


def equipment(scan: DicomScan) -> Dataset:
    """Who made the scanner, and which it is."""
    manufacturer, low, high, software = _SCANNERS[scan.vendor]
    return item(
        Manufacturer=manufacturer,
        ManufacturerModelName=low if scan.field_strength_t < _LOW_FIELD_T else high,
        SoftwareVersions=software,
        DeviceSerialNumber="00000",
    )


def classic_sequence(scan: DicomScan) -> Dataset:
    """Write the acquisition into the attributes of a classic MR image, contrast agent included."""
    dataset = item(
        ScanningSequence=list(scan.scanning_sequence),
        SequenceVariant=list(scan.sequence_variant) or _usual_variant(scan),
        ScanOptions=list(scan.scan_options),
        MRAcquisitionType=scan.mr_acquisition_type,
        RepetitionTime=decimal(scan.repetition_time_ms),
        EchoTime=decimal(scan.echo_time_ms),
        EchoTrainLength=scan.echo_train_length or 1,
        FlipAngle=decimal(scan.flip_angle_deg),
        MagneticFieldStrength=decimal(scan.field_strength_t),
        ImagedNucleus="1H",
        NumberOfAverages=decimal(1.0),
    )
    if scan.inversion_time_ms is not None:
        dataset.InversionTime = decimal(scan.inversion_time_ms)
    if scan.contrast_agent is not None:  # a scan without contrast has no such attribute at all
        dataset.ContrastBolusAgent = scan.contrast_agent
        if scan.contrast_volume_ml is not None:
            dataset.ContrastBolusVolume = decimal(scan.contrast_volume_ml)
    return dataset


def siemens(scan: DicomScan) -> Dataset:
    """Siemens: a SequenceName that says more than ScanningSequence; no rescale attributes; no CSA header here."""
    dataset = item(ImageType=["ORIGINAL", "PRIMARY", "M", "ND"], SequenceName=_siemens_sequence_name(scan))
    if scan.contrast_agent is not None:
        dataset.ContrastBolusIngredient = "GADOLINIUM"
    return dataset


def ge(scan: DicomScan, n_slices: int) -> Dataset:
    """Make the attributes of GE: pulse sequence and number of slices are private, the contrast route is given.

    Args:
        scan: The scan to write.
        n_slices: Number of slices.

    Returns:
        The attributes.
    """
    dataset = item(ImageType=["ORIGINAL", "PRIMARY", "OTHER"])
    acquisition = dataset.private_block(0x0019, "GEMS_ACQU_01", create=True)
    acquisition.add_new(0x9C, "LO", _ge_pulse_sequence(scan))
    dataset.private_block(0x0021, "GEMS_RELA_01", create=True).add_new(0x4F, "SS", n_slices)
    if scan.contrast_agent is not None:
        dataset.ContrastBolusRoute = "IV"
    return dataset


def is_turbo(scan: DicomScan) -> bool:
    """Whether a spin echo has more than one echo per excitation."""
    return not scan.is_gradient_echo and (scan.echo_train_length or 1) > 1


def _usual_variant(scan: DicomScan) -> list[str]:
    if scan.vendor == "ge":
        return ["SS", "SP", "SK"] if scan.is_gradient_echo else ["SK" if is_turbo(scan) else "NONE"]
    if scan.is_gradient_echo:
        return ["SK", "SP", "MP"] if "IR" in scan.scanning_sequence else ["SP", "OSP"]
    return ["SK", "SP", "OSP"] if is_turbo(scan) else ["SP", "OSP"]


def _siemens_sequence_name(scan: DicomScan) -> str:
    dimensions = scan.mr_acquisition_type.lower()
    if scan.is_gradient_echo:
        return f"*tfl{dimensions}1_16ns" if "IR" in scan.scanning_sequence else f"*fl{dimensions}1"
    return f"*tse{dimensions}1_{scan.echo_train_length}" if is_turbo(scan) else f"*se{dimensions}1"


def _ge_pulse_sequence(scan: DicomScan) -> str:
    if scan.is_gradient_echo:
        return "efgre3d" if scan.mr_acquisition_type == "3D" else "fgre"
    return "fse" if is_turbo(scan) else "memp"
