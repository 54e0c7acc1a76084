# SPDX-License-Identifier: Apache-2.0
"""The functional groups of a Philips Enhanced MR image: what all frames share, and what each has of its own.

Philips scales each series to fill its integers: ``stored · slope`` is the image. Its private slope SS (2005,100E) gives
a "precise" value, ``stored / SS``; here SS is 1/slope, so that readers of either find the same image.
Sources: DICOM PS3.3 C.7.6.16 and C.8.13.5; Chenevert et al., Transl Oncol 2014 (the slopes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lessgad.phantom.dicom.header import code, decimal, decimals, item, series_time
from lessgad.phantom.dicom.scan import DicomScan
from lessgad.phantom.dicom.slices import Slices
from lessgad.phantom.dicom.vendors import classic_sequence

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

IMAGE_TYPE = ["ORIGINAL", "PRIMARY", "T1", "NONE"]
FRAME_KIND = {
    "PixelPresentation": "MONOCHROME",
    "VolumetricProperties": "VOLUME",
    "VolumeBasedCalculationTechnique": "NONE",
    "ComplexImageComponent": "MAGNITUDE",
    "AcquisitionContrast": "T1",
}
_FULL_SCALE = 65535
_PROTON_MHZ_PER_T = 42.577
_CLASSIC = ("ScanningSequence", "SequenceVariant", "ScanOptions")


def stored_per_unit(slices: Slices) -> int:
    """Give the largest power of two by which the pixels can be multiplied and still fit 16 bits: exact both ways."""
    return 1 << ((_FULL_SCALE // max(int(slices.pixels.max()), 1)).bit_length() - 1)


def shared_groups(scan: DicomScan, slices: Slices) -> Dataset:
    """Make the functional groups that all frames share.

    Args:
        scan: The scan to write.
        slices: Slices of the scan.

    Returns:
        The groups.
    """
    brightest = float(slices.pixels.max())
    groups = item(
        MRImageFrameTypeSequence=[item(FrameType=IMAGE_TYPE, **FRAME_KIND)],
        MRTimingAndRelatedParametersSequence=[_timing(scan)],
        MRFOVGeometrySequence=[_field_of_view(scan, slices)],
        MREchoSequence=[item(EffectiveEchoTime=scan.echo_time_ms)],
        MRModifierSequence=[_modifier(scan)],
        MRImagingModifierSequence=[_imaging_modifier(scan)],
        MRReceiveCoilSequence=[
            item(
                ReceiveCoilName="HEAD",
                ReceiveCoilManufacturerName="",
                ReceiveCoilType="VOLUME",
                QuadratureReceiveCoil="NO",
            )
        ],
        MRTransmitCoilSequence=[
            item(TransmitCoilName="BODY", TransmitCoilManufacturerName="", TransmitCoilType="BODY")
        ],
        MRAveragesSequence=[item(NumberOfAverages=decimal(1.0))],
        FrameAnatomySequence=[item(FrameLaterality="U", AnatomicRegionSequence=[code("69536005", "SCT", "Head")])],
        FrameVOILUTSequence=[item(WindowCenter=decimal(brightest / 2), WindowWidth=decimal(max(brightest, 1.0)))],
    )
    if scan.contrast_agent is not None:
        groups.ContrastBolusUsageSequence = [
            item(ContrastBolusAgentNumber=1, ContrastBolusAgentAdministered="YES", ContrastBolusAgentDetected="YES")
        ]
    return groups


def frames(scan: DicomScan, slices: Slices, per_unit: int) -> list[Dataset]:
    """Make the functional groups of each frame; Philips repeats scale, spacing and orientation in each.

    Args:
        scan: The scan to write.
        slices: Slices of the scan.
        per_unit: Stored value of an intensity of 1.

    Returns:
        One item per frame.
    """
    return [_frame(scan, slices, number, per_unit) for number in range(len(slices.pixels))]


def _frame(scan: DicomScan, slices: Slices, number: int, per_unit: int) -> Dataset:
    slope = 1 / per_unit
    scale = item(RescaleIntercept=decimal(0.0), RescaleSlope=decimal(slope), RescaleType="US")
    groups = item(
        FrameContentSequence=[_content(scan, number)],
        PlanePositionSequence=[item(ImagePositionPatient=decimals(slices.positions_mm[number]))],
        PlaneOrientationSequence=[item(ImageOrientationPatient=decimals(slices.orientation))],
        PixelMeasuresSequence=[
            item(
                PixelSpacing=decimals(slices.pixel_spacing_mm),
                SliceThickness=decimal(slices.slice_spacing_mm),
                SpacingBetweenSlices=decimal(slices.slice_spacing_mm),
            )
        ],
        PixelValueTransformationSequence=[scale],
        RealWorldValueMappingSequence=[_real_world(slope)],
    )
    classic = classic_sequence(scan)
    private = item(**{keyword: classic[keyword].value for keyword in _CLASSIC})
    private.private_block(0x2005, "Philips MR Imaging DD 001", create=True).add_new(0x0E, "FL", float(per_unit))
    # Philips reserves the same block in every file, so that readers may take (2005,140F) for a fixed address
    groups.add_new(0x20050014, "LO", "Philips MR Imaging DD 005")
    groups.add_new(0x2005140F, "SQ", [private])
    return groups


def _content(scan: DicomScan, number: int) -> Dataset:
    date, time = series_time(scan)
    return item(
        FrameReferenceDateTime=date + time,
        FrameAcquisitionDateTime=date + time,
        FrameAcquisitionDuration=240000.0,
        FrameAcquisitionNumber=1,
        StackID="1",
        InStackPositionNumber=number + 1,
        TemporalPositionIndex=1,
        DimensionIndexValues=[1, number + 1],
    )


def _real_world(slope: float) -> Dataset:
    mapping = item(
        RealWorldValueIntercept=0.0,
        RealWorldValueSlope=slope,
        LUTExplanation="Display value",
        LUTLabel="DISPLAY",
        MeasurementUnitsCodeSequence=[code("1", "UCUM", "no units")],
    )
    # pydicom cannot tell the VR of these two from inside a sequence
    mapping.add_new("RealWorldValueFirstValueMapped", "US", 0)
    mapping.add_new("RealWorldValueLastValueMapped", "US", _FULL_SCALE)
    return mapping


def _timing(scan: DicomScan) -> Dataset:
    echoes = scan.echo_train_length or 1
    return item(
        RepetitionTime=decimal(scan.repetition_time_ms),
        FlipAngle=decimal(scan.flip_angle_deg),
        EchoTrainLength=echoes,
        RFEchoTrainLength=0 if scan.is_gradient_echo else echoes,
        GradientEchoTrainLength=1 if scan.is_gradient_echo else 0,
        SpecificAbsorptionRateSequence=[
            item(SpecificAbsorptionRateDefinition="IEC_HEAD", SpecificAbsorptionRateValue=1.0)
        ],
        GradientOutputType="DB_DT",
        GradientOutput=20.0,
        OperatingModeSequence=[item(OperatingModeType="GRADIENT", OperatingMode="IEC_NORMAL")],
    )


def _field_of_view(scan: DicomScan, slices: Slices) -> Dataset:
    n_slices, rows, columns = slices.pixels.shape
    geometry = item(
        InPlanePhaseEncodingDirection="ROW",
        MRAcquisitionFrequencyEncodingSteps=rows,
        MRAcquisitionPhaseEncodingStepsInPlane=columns,
        PercentSampling=decimal(100.0),
        PercentPhaseFieldOfView=decimal(100.0),
    )
    if scan.mr_acquisition_type == "3D":
        geometry.MRAcquisitionPhaseEncodingStepsOutOfPlane = n_slices
    return geometry


def _modifier(scan: DicomScan) -> Dataset:
    modifier = item(
        InversionRecovery="NO",
        FlowCompensation="NONE",
        Spoiling="RF" if scan.is_gradient_echo else "NONE",
        T2Preparation="NO",
        SpectrallySelectedExcitation="NONE",
        SpatialPresaturation="NONE",
        PartialFourier="NO",
        ParallelAcquisition="NO",
    )
    if scan.inversion_time_ms is not None:
        modifier.InversionRecovery = "YES"
        modifier.InversionTimes = scan.inversion_time_ms
    return modifier


def _imaging_modifier(scan: DicomScan) -> Dataset:
    return item(
        MagnetizationTransfer="NONE",
        BloodSignalNulling="NO",
        Tagging="NONE",
        TransmitterFrequency=_PROTON_MHZ_PER_T * scan.field_strength_t,
        PixelBandwidth=decimal(200.0),
    )
