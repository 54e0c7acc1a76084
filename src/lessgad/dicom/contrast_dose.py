# SPDX-License-Identifier: Apache-2.0
"""How much contrast agent a T1-weighted scan was made with: none, a part of the standard dose, all of it, or unknown.

Contrast tags decide first, then words, then the order of time: an absent tag decides nothing. A dose comes from
ContrastBolusVolume and from words; where the two disagree, nothing is decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lessgad.dicom.import_rules import ImportRules, find
from lessgad.dicom.series import Series, SeriesHeader
from lessgad.dose.relaxivity import agent_named
from lessgad.dose.standard_dose import amount_mmol, relative_standard_dose
from lessgad.dose_fraction import percent

_SAME_DOSE = 0.03
_WEIGHT_TELLS = 2.5


@dataclass(frozen=True)
class ContrastDose:
    """Facts of the dose of a scan.

    Attributes:
        dose: Fraction of the standard dose; 0 before contrast; None where nothing decides.
        reason: The rule that decided.
    """

    dose: float | None
    reason: str


def contrast_doses(
    scans: Sequence[Series], rules: ImportRules, after_contrast: Sequence[Series] = ()
) -> list[ContrastDose]:
    """Find the doses of all T1-weighted scans of one study.

    Args:
        scans: Scans in any order.
        rules: Words and limits.
        after_contrast: Scans of the study that the user says were made after contrast.

    Returns:
        One for each scan, in their order.
    """
    known = [_after_contrast(scan.header, rules) for scan in scans]
    with_contrast = [*after_contrast, *(scan for scan, (after, _) in zip(scans, known, strict=True) if after)]
    first = min((scan.order for scan in with_contrast if scan.started), default=None)
    volumes = [volume for scan, (after, _) in zip(scans, known, strict=True) if after and (volume := _volume(scan))]
    found = []
    for scan, (after, reason) in zip(scans, known, strict=True):
        if after is None and first is not None and scan.started:
            after = scan.order > first
            reason = f"acquired {'after' if after else 'before'} the first scan that is known to be after contrast"
        if after is None:
            found.append(ContrastDose(None, "nothing says whether contrast agent had been given"))
        elif not after:
            found.append(ContrastDose(0.0, reason))
        else:
            found.append(_dose(scan.header, reason, volumes, rules))
    return found


def _volume(scan: Series) -> float:
    return max(scan.header.contrast.volume_ml or 0.0, 0.0)


def _after_contrast(header: SeriesHeader, rules: ImportRules) -> tuple[bool | None, str]:
    if header.contrast.named:
        return True, "contrast tags"
    words = f"{header.description} {header.protocol}"
    for text in (header.description, header.protocol):
        without = find(rules.no_contrast, text)
        if without:
            return False, f"words say {without[0].strip()}"
        given = find(rules.contrast, text)
        if given:
            return True, f"words say {given[0].strip()}"
    if find(rules.low_dose, words) or find(rules.some_low_dose, words):
        return True, "words name a dose"
    return (False, "contrast tags say none") if header.contrast.denied else (None, "")


def _dose(header: SeriesHeader, reason: str, volumes: list[float], rules: ImportRules) -> ContrastDose:
    """Find the dose of a scan after contrast."""
    by_volume, measure = _dose_over_largest(header, volumes, rules)
    by_weight, weighed = (None, "") if by_volume is not None else _dose_for_weight(header, rules)
    by_words = _dose_by_words(header, rules)
    if by_words is not None:
        against = (by_volume, measure) if by_volume is not None else (by_weight, weighed)
        if not _agree(by_words, by_volume, by_weight):
            said = f"{against[1]} say {percent(against[0] or 0)} of the dose"
            return ContrastDose(None, f"words say {percent(by_words)}, {said}")
        if by_volume is None:
            return ContrastDose(by_words, f"words say {percent(by_words)}")
    if by_volume is not None:
        return ContrastDose(by_volume, f"{reason}, {measure}")
    if by_weight is not None:
        return ContrastDose(by_weight, f"{reason}, {weighed}")
    if find(rules.some_low_dose, f"{header.description} {header.protocol}"):
        return ContrastDose(None, "a low dose of unknown size")
    return ContrastDose(1.0, reason)


def _agree(by_words: float, by_volume: float | None, by_weight: float | None) -> bool:
    """Whether words agree with the volume; with the weight, to which the usual dose is rounded, within a factor."""
    if by_volume is not None:
        return abs(by_words - by_volume) <= _SAME_DOSE
    return by_weight is None or 1 / _WEIGHT_TELLS <= by_words / by_weight <= _WEIGHT_TELLS


def _dose_by_words(header: SeriesHeader, rules: ImportRules) -> float | None:
    for words in (header.description, header.protocol):
        found = find(rules.low_dose, words)
        if found:
            return float(found[1].replace(",", ".")) / 100 or None
    return None


def _dose_over_largest(header: SeriesHeader, volumes: list[float], rules: ImportRules) -> tuple[float | None, str]:
    """Compute the share of the largest volume of the study; None if the study has only one volume."""
    volume = header.contrast.volume_ml
    if not volume or volume < 0 or not volumes or min(volumes) >= rules.standard_from * max(volumes):
        return None, ""
    share = volume / max(volumes)
    return (1.0 if share >= rules.standard_from else round(share, 3)), f"{volume:g} of {max(volumes):g} ml"


def _dose_for_weight(header: SeriesHeader, rules: ImportRules) -> tuple[float | None, str]:
    """Compute the share of the usual dose for the weight and the agent."""
    volume = header.contrast.volume_ml
    agent, weight = agent_named(header.contrast.words), header.patient.weight_kg
    if not volume or volume < 0 or agent is None or not weight or weight < 0:
        return None, ""
    standard_mmol = weight * rules.standard_mmol_per_kg * relative_standard_dose(agent)
    share = amount_mmol(agent, volume) / standard_mmol
    return (1.0 if share >= rules.standard_by_weight_from else max(round(share, 2), 0.01)), f"{volume:g} ml by weight"
