# SPDX-License-Identifier: Apache-2.0
"""The BIDS sidecar of an imported image: numbers and known codes alone, so that no free text can slip through.

What is not on a list here is not written. Times are in seconds, angles in degrees.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lessgad.cohort.sequence_class import FAT_SATURATION
from lessgad.dicom.series import SeriesHeader
from lessgad.dose.relaxivity import agent_named

_NUMBERS = (
    *("MagneticFieldStrength", "EchoTime", "RepetitionTime", "InversionTime", "FlipAngle", "EchoTrainLength"),
    *("SliceThickness", "SpacingBetweenSlices", "RepetitionTimeExcitation", "RepetitionTimePreparation"),
    *("PixelBandwidth", "NumberOfAverages", "PartialFourier", "ParallelReductionFactorInPlane"),
)
_MANUFACTURERS = {"Siemens", "GE", "Philips", "Canon"}
_SEQUENCES = {"SE", "IR", "GR", "EP", "RM"}
_VARIANTS = {"SK", "MTC", "SS", "TRSS", "SP", "MP", "OSP", "TOF"}
_OPTIONS = FAT_SATURATION | {"IR", "MT", "FC", "PFP", "PFF", "SP", "PER", "CG", "RG", "PPG"}
_CYCLE_AS_TR = {"Siemens"}


def sidecar(header: SeriesHeader, converted: Mapping[str, Any], dose: float | None) -> dict[str, object]:
    """Collect the BIDS fields of an image.

    Vendors count the TR of an inversion-prepared gradient echo in two ways. Siemens gives the cycle from one inversion
    to the next (RepetitionTimePreparation); GE and Philips give the time between two excitations
    (RepetitionTimeExcitation), which is shorter than TI.

    Args:
        header: Header of the series.
        converted: dcm2niix' sidecar, which identifies; only numbers are taken from it.
        dose: Fraction of the standard dose; None for an image that is not T1-weighted.

    Returns:
        Value of each field.
    """
    fields: dict[str, object] = {"Modality": "MR"}
    if header.manufacturer in _MANUFACTURERS:
        fields["Manufacturer"] = header.manufacturer
    for name, codes, known in (
        ("ScanningSequence", header.scanning_sequence, _SEQUENCES),
        ("SequenceVariant", header.sequence_variant, _VARIANTS),
        ("ScanOptions", header.scan_options, _OPTIONS),
    ):
        kept = [code for code in codes if code in known]
        if kept:
            fields[name] = "_".join(kept)
    if header.is_3d is not None:
        fields["MRAcquisitionType"] = "3D" if header.is_3d else "2D"
    fields |= _numbers(header, converted)
    fields |= _two_repetition_times(header, fields)
    if dose:
        fields |= _contrast(header, dose)
    return fields


def _numbers(header: SeriesHeader, converted: Mapping[str, Any]) -> dict[str, object]:
    own = {
        "MagneticFieldStrength": header.field_strength_t,
        "EchoTime": _seconds(header.echo_time_ms),
        "RepetitionTime": _seconds(header.repetition_time_ms),
        "InversionTime": _seconds(header.inversion_time_ms),
        "FlipAngle": header.flip_angle_deg,
        "EchoTrainLength": header.echo_train_length,
    }
    numbers: dict[str, object] = {}
    for name in _NUMBERS:
        for value in (converted.get(name), own.get(name)):
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0:
                numbers[name] = value
                break
    return numbers


def _two_repetition_times(header: SeriesHeader, fields: Mapping[str, object]) -> dict[str, object]:
    tr, ti = fields.get("RepetitionTime"), fields.get("InversionTime")
    if not isinstance(tr, int | float) or not isinstance(ti, int | float) or "GR" not in header.scanning_sequence:
        return {}
    if tr < ti:
        return {"RepetitionTimeExcitation": tr}
    return {"RepetitionTimePreparation": tr} if header.manufacturer in _CYCLE_AS_TR else {}


def _contrast(header: SeriesHeader, dose: float) -> dict[str, object]:
    fields: dict[str, object] = {"ContrastBolusIngredient": "GADOLINIUM"}
    agent = agent_named(header.contrast.words)
    if agent is not None:
        fields["ContrastBolusAgent"] = agent
    if header.contrast.volume_ml and header.contrast.volume_ml > 0:
        fields["ContrastBolusVolume"] = header.contrast.volume_ml
    fields["ContrastBolusDoseFraction"] = dose
    return fields


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000
