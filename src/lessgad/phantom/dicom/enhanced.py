# SPDX-License-Identifier: Apache-2.0
"""How Philips writes an Enhanced MR image: all slices in one file, in functional groups.

The agent is in ContrastBolusAgentSequence; ContrastBolusAgent does not exist in this kind of file.
Source: DICOM PS3.3 A.36.2 and C.8.13.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lessgad.phantom.dicom.functional_groups import FRAME_KIND, IMAGE_TYPE, frames, shared_groups
from lessgad.phantom.dicom.header import code, decimal, item, series_time, uid
from lessgad.phantom.dicom.scan import DicomScan
from lessgad.phantom.dicom.slices import Slices
from lessgad.phantom.dicom.vendors import is_turbo

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_STACK_ID = 0x00209056
_IN_STACK_POSITION = 0x00209057
_FRAME_CONTENT = 0x00209111
_OWN_CODES = "99PHANTOM"  # DICOM's name for codes of a private scheme begins with 99


def philips(scan: DicomScan, slices: Slices, per_unit: int) -> Dataset:
    """Make the header of a multi-frame image, without its pixels and the part shared with classic images.

    Args:
        scan: Scan to write.
        slices: The frames.
        per_unit: Stored value of an intensity of 1.

    Returns:
        The header.
    """
    date, time = series_time(scan)
    dataset = item(
        ImageType=IMAGE_TYPE,
        AcquisitionDateTime=date + time,
        AcquisitionDuration=240.0,
        ContentQualification="RESEARCH",
        ResonantNucleus="1H",
        KSpaceFiltering="NONE",
        MagneticFieldStrength=scan.field_strength_t,
        ApplicableSafetyStandardAgency="IEC",
        BurnedInAnnotation="NO",
        LossyImageCompression="00",
        PresentationLUTShape="IDENTITY",
        InstanceNumber=1,
        NumberOfFrames=len(slices.pixels),
        AcquisitionContextSequence=[],
        SharedFunctionalGroupsSequence=[shared_groups(scan, slices)],
        PerFrameFunctionalGroupsSequence=frames(scan, slices, per_unit),
        **FRAME_KIND,
    )
    dataset.update(_pulse_sequence(scan))
    dataset.update(_dimensions(scan))
    if scan.contrast_agent is not None:
        dataset.ContrastBolusAgentSequence = [_contrast(scan, scan.contrast_agent)]
    return dataset


def _pulse_sequence(scan: DicomScan) -> Dataset:
    """Give the words of the MR Pulse Sequence module, which has no ScanningSequence."""
    dataset = item(
        PulseSequenceName=_pulse_sequence_name(scan),
        MRAcquisitionType=scan.mr_acquisition_type,
        EchoPulseSequence="GRADIENT" if scan.is_gradient_echo else "SPIN",
        MultiPlanarExcitation="NO",
        PhaseContrast="NO",
        TimeOfFlightContrast="NO",
        SteadyStatePulseSequence="NONE",
        EchoPlanarPulseSequence="NO",
        SaturationRecovery="NO",
        SpectrallySelectedSuppression="NONE",
        OversamplingPhase="NONE",
        GeometryOfKSpaceTraversal="RECTILINEAR",
        RectilinearPhaseEncodeReordering="LINEAR",
        SegmentedKSpaceTraversal="PARTIAL" if (scan.echo_train_length or 1) > 1 else "SINGLE",
        NumberOfKSpaceTrajectories=1,
    )
    if not scan.is_gradient_echo:
        dataset.MultipleSpinEcho = "YES" if is_turbo(scan) else "NO"
    if scan.mr_acquisition_type == "3D":
        dataset.CoverageOfKSpace = "FULL"
    return dataset


def _pulse_sequence_name(scan: DicomScan) -> str:
    if scan.is_gradient_echo:
        return "T1TFE" if "IR" in scan.scanning_sequence else "T1FFE"
    return "TSE" if is_turbo(scan) else "SE"


def _dimensions(scan: DicomScan) -> Dataset:
    """Frames are counted by stack and by position in it."""
    organization = uid(scan, "dimensions", scan.series_number)
    pointers = [
        item(
            DimensionOrganizationUID=organization,
            DimensionIndexPointer=pointer,
            FunctionalGroupPointer=_FRAME_CONTENT,
        )
        for pointer in (_STACK_ID, _IN_STACK_POSITION)
    ]
    return item(
        DimensionOrganizationSequence=[item(DimensionOrganizationUID=organization)],
        DimensionIndexSequence=pointers,
    )


def _contrast(scan: DicomScan, agent: str) -> Dataset:
    contrast = code("AGENT", _OWN_CODES, agent)
    contrast.update(
        item(
            ContrastBolusAgentNumber=1,
            ContrastBolusAdministrationRouteSequence=[code("47625008", "SCT", "Intravenous route")],
            ContrastBolusIngredientCodeSequence=[code("GD", _OWN_CODES, "Gadolinium")],
            ContrastBolusVolume=None,
            ContrastBolusIngredientConcentration=None,
        )
    )
    if scan.contrast_volume_ml is not None:
        contrast.ContrastBolusVolume = decimal(scan.contrast_volume_ml)
    return contrast
