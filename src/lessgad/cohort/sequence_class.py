# SPDX-License-Identifier: Apache-2.0
"""What kind of sequence a scan is, whether its fat is saturated, and whether two scans make a pair."""

from __future__ import annotations

from typing import Literal

from lessgad.cohort.acquisition import Acquisition

SequenceClass = Literal[
    "spin echo", "gradient echo", "inversion-prepared gradient echo", "inversion-recovery spin echo"
]

LONGEST_TR_WITHOUT_INVERSION_MS = 300.0  # no T1-weighted spoiled gradient echo waits longer between excitations
FAT_SATURATION = {"FS", "FATSAT", "FAT SAT", "SPIR", "SPAIR", "CHESS", "WE", "SPSP"}
SAME_FIELD_WITHIN_T = 0.3


def sequence_class(acquisition: Acquisition) -> SequenceClass | None:
    """Find the class of a sequence from DICOM's ScanningSequence.

    A gradient echo with an inversion time, the variant MP (magnetization prepared) or a TR above 300 ms (unless 2D)
    is inversion-prepared even where the code IR is missing: vendors differ, and spoiled gradient echoes do not wait
    that long. Gradient and spin echoes mixed, echo planar and balanced sequences have no class.

    Args:
        acquisition: Acquisition parameters of the scan.

    Returns:
        The class; None if the sidecar does not give it or lessgad has no such class.
    """
    codes = set(acquisition.scanning_sequence)
    if not codes & {"SE", "GR"} or {"SE", "GR"} <= codes or "EP" in codes or _is_balanced(acquisition):
        return None
    inverts = "IR" in codes or bool(acquisition.inversion_time_ms)
    if "SE" in codes:
        return "inversion-recovery spin echo" if inverts else "spin echo"
    inverts = inverts or "MP" in acquisition.sequence_variant
    waits = acquisition.is_3d is not False and (acquisition.repetition_time_ms or 0) > LONGEST_TR_WITHOUT_INVERSION_MS
    return "inversion-prepared gradient echo" if inverts or waits else "gradient echo"


def is_fat_saturated(acquisition: Acquisition) -> bool | None:
    """Say whether ScanOptions names fat saturation or water excitation.

    A scan without options has an empty ScanOptions in DICOM, which converters leave out.

    Args:
        acquisition: Acquisition parameters of the scan.

    Returns:
        True or False; None if nothing is known.
    """
    if not acquisition.scan_options and not acquisition.scanning_sequence:
        return None
    return bool(set(acquisition.scan_options) & FAT_SATURATION)


def has_magnetization_transfer(acquisition: Acquisition) -> bool:
    """Whether SequenceVariant or ScanOptions names a pulse for magnetization transfer."""
    return "MTC" in acquisition.sequence_variant or "MT" in acquisition.scan_options


def difference(pre_contrast: Acquisition, standard_dose: Acquisition) -> str | None:
    """Describe in what two scans differ besides contrast.

    Only what both sidecars say is compared.

    Args:
        pre_contrast: Acquisition parameters of the T1.
        standard_dose: Acquisition parameters of the T1ce.

    Returns:
        The difference in words; None if none is known.
    """
    before, after = sequence_class(pre_contrast), sequence_class(standard_dose)
    if before is not None and after is not None and before != after:
        return f"a T1 that is {_with_article(before)} and a T1ce that is {_with_article(after)}"
    fat_before, fat_after = is_fat_saturated(pre_contrast), is_fat_saturated(standard_dose)
    if fat_before is not None and fat_after is not None and fat_before != fat_after:
        return f"fat saturation in the {'T1' if fat_before else 'T1ce'} alone"
    transfer = has_magnetization_transfer(pre_contrast), has_magnetization_transfer(standard_dose)
    if transfer[0] != transfer[1]:
        return f"magnetization transfer in the {'T1' if transfer[0] else 'T1ce'} alone"
    fields = pre_contrast.field_strength_t, standard_dose.field_strength_t
    if fields[0] and fields[1] and abs(fields[0] - fields[1]) > SAME_FIELD_WITHIN_T:
        return f"a T1 at {fields[0]:g} T and a T1ce at {fields[1]:g} T"
    return None


def _is_balanced(acquisition: Acquisition) -> bool:
    variant = set(acquisition.sequence_variant)
    return "GR" in acquisition.scanning_sequence and "SS" in variant and "SP" not in variant


def _with_article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
