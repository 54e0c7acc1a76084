# SPDX-License-Identifier: Apache-2.0
"""Whether a series is a T1- or T2-weighted image of the head, another one, or no image at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lessgad.dicom.import_rules import ImportRules, find
from lessgad.dicom.series import SeriesHeader

Weighting = Literal["T1", "T2"]
_MR = {"1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.4.4"}
_NOT_AN_ACQUISITION = {
    **dict.fromkeys(("LOCALIZER", "SCOUT"), "a localizer"),
    **dict.fromkeys(("PROJECTION IMAGE", "MIP", "MINIP"), "a projection"),
    **dict.fromkeys(("SUBTRACTION", "SUB"), "a subtraction"),
    **dict.fromkeys(("P", "PHASE", "PHASE MAP", "REAL", "IMAGINARY", "R", "I"), "no magnitude image"),
    **dict.fromkeys(("ADC", "MPR", "REFORMATTED", "CSA REPORT", "CSA MPR", "SCREEN SAVE"), "computed, not acquired"),
}


@dataclass(frozen=True)
class Weighed:
    """Weighting of a series.

    Attributes:
        weighting: T1 or T2; None if it is neither or no rule decides.
        reason: The rule that decided.
    """

    weighting: Weighting | None
    reason: str


def not_mr(header: SeriesHeader) -> str:
    """Say why a series is no MR image; empty where it is one."""
    if header.modality != "MR":
        return f"modality {header.modality}, not MR" if header.modality else "no modality"
    return "" if header.sop_class_uid in _MR else f"{_sop_name(header.sop_class_uid)}, not an MR image"


def not_acquired(header: SeriesHeader) -> str:
    """Say why an MR series is no magnitude image as acquired; empty where ImageType does not speak against it."""
    for kind in header.image_type[2:]:
        if kind in _NOT_AN_ACQUISITION:
            return f"{_NOT_AN_ACQUISITION[kind]} (ImageType {kind})"
    if header.image_type[:2] == ("DERIVED", "SECONDARY"):
        return "computed, not acquired (ImageType DERIVED)"
    return ""


def weigh(header: SeriesHeader, rules: ImportRules) -> Weighed:
    """Find the weighting of a series from its description, or from TR, TE and flip angle.

    Args:
        header: Header of the series.
        rules: Rules by which series get their role.

    Returns:
        The weighting and the reason.
    """
    for name, words in (("description", header.description), ("protocol", header.protocol)):
        skipped = find(rules.skip, words)
        if skipped:
            return Weighed(None, f"skipped: {name} says {skipped[0].strip()}")
    for name, words in (("description", header.description), ("protocol", header.protocol)):
        t1, t2 = find(rules.t1, words), find(rules.t2, words)
        if t1 and not t2:
            return Weighed("T1", f"{name} says {t1[0].strip()}")
        if t2 and not t1:
            return Weighed("T2", f"{name} says {t2[0].strip()}")
    return _by_timing(header, rules)


def _by_timing(header: SeriesHeader, rules: ImportRules) -> Weighed:
    tr, te = header.repetition_time_ms, header.echo_time_ms
    codes = set(header.scanning_sequence)
    if not tr or not te or not codes & {"SE", "GR"} or "EP" in codes:
        return Weighed(None, "no word says T1 or T2, and no known sequence with TR and TE")
    said = f"TR {tr:g} ms, TE {te:g} ms"
    if "GR" in codes:
        limits = rules.gradient_echo_t1
        flips = (header.flip_angle_deg or limits.smallest_flip_deg) >= limits.smallest_flip_deg
        balanced = "SS" in header.sequence_variant and "SP" not in header.sequence_variant
        if te <= limits.longest_te and flips and not balanced:
            return Weighed("T1", f"gradient echo, {said}")
        return Weighed(None, f"gradient echo that is not T1-weighted, {said}")
    if tr <= rules.spin_echo_t1.longest_tr and te <= rules.spin_echo_t1.longest_te and "IR" not in codes:
        return Weighed("T1", f"spin echo, {said}")
    if tr >= rules.t2_weighted.shortest_tr and te >= rules.t2_weighted.shortest_te and "IR" not in codes:
        return Weighed("T2", f"spin echo, {said}")
    return Weighed(None, f"neither T1 nor T2: {said}")


def _sop_name(uid: str) -> str:
    from pydicom import config
    from pydicom.uid import UID

    name = UID(uid, config.IGNORE).name if uid else "no SOP class"
    return name if name != uid else "an unknown kind of object"
