# SPDX-License-Identifier: Apache-2.0
"""What each series of a study is taken for, and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from lessgad.dicom.candidate import Candidate
from lessgad.dicom.contrast_dose import ContrastDose, contrast_doses
from lessgad.dicom.geometry import regular_grid
from lessgad.dicom.import_rules import ImportRules, Role, SeriesDecision
from lessgad.dicom.pairing import best_pair, closest
from lessgad.dicom.series import Series, SeriesHeader
from lessgad.dicom.weighting import Weighed, not_acquired, not_mr, weigh
from lessgad.dose_fraction import percent
from lessgad.errors import SeriesError


def assign_roles(study: Sequence[Series], rules: ImportRules) -> tuple[Candidate, ...]:
    """Decide on all series of one study.

    Args:
        study: Series of the study in order of time.
        rules: Rules by which series get their role.

    Returns:
        One candidate per series, in that order; at most one of each role and dose has a role.
    """
    found = [_judged(series, rules) for series in study]
    open_t1 = [candidate for candidate in found if candidate.is_t1]  # irregular ones tell doses and times too
    decided = [one.series for one in found if one.dose]
    named = contrast_doses([one.series for one in open_t1], rules, decided)
    doses = {id(one): dose for one, dose in zip(open_t1, named, strict=True)}
    found = [_with_dose(one, doses[id(one)]) if id(one) in doses else one for one in found]
    return tuple(_one_of_each(found))


def decision_for(header: SeriesHeader, started: str, rules: ImportRules) -> SeriesDecision | None:
    """Find the first decision of the user that fits a series.

    Args:
        header: Header of the series.
        started: Date and time of the series.
        rules: Rules by which series get their role.

    Returns:
        The decision; None without one.
    """
    return next((decision for decision in rules.series if _fits(decision, header, started)), None)


def _fits(decision: SeriesDecision, header: SeriesHeader, started: str) -> bool:
    words = ((decision.description, header.description), (decision.protocol, header.protocol))
    if any(pattern is not None and not re.search(pattern, text, re.IGNORECASE) for pattern, text in words):
        return False
    if decision.number is not None and decision.number != header.number:
        return False
    if decision.patient is not None and decision.patient != header.patient.identity.split("|", 1)[-1]:
        return False
    return decision.study_date is None or started.startswith(decision.study_date)


def _judged(series: Series, rules: ImportRules) -> Candidate:
    """Judge one series without its neighbors; a T1-weighted one waits as ``pre_contrast`` without a dose."""
    header = series.header
    refused = not_mr(header)
    if refused:
        return Candidate(series, None, None, refused)
    decision = decision_for(header, series.started, rules)
    if decision is not None:
        role, dose, reason = decision.role, decision.dose, "decided in the rules file"
        if role == "skip":
            return Candidate(series, None, None, reason)
        if role in ("pre_contrast", "standard_dose"):
            dose = 0.0 if role == "pre_contrast" else 1.0
        return _with_grid(Candidate(series, role, dose, reason))
    computed = not_acquired(header)
    weighed = Weighed(None, computed) if computed else weigh(header, rules)
    if weighed.weighting is None:
        return Candidate(series, None, None, weighed.reason)
    is_t1 = weighed.weighting == "T1"
    return _with_grid(Candidate(series, "pre_contrast" if is_t1 else "t2", None, weighed.reason, is_t1=is_t1))


def _with_grid(candidate: Candidate) -> Candidate:
    try:
        if candidate.series.damage:
            raise SeriesError(candidate.series.damage)
        return replace(candidate, grid=regular_grid(candidate.series.frames))
    except SeriesError as error:
        return replace(candidate, role=None, reason=error.problem, irregular=True)


def _with_dose(candidate: Candidate, found: ContrastDose) -> Candidate:
    if candidate.irregular:
        return candidate
    if found.dose is None:
        return replace(candidate, role=None, reason=f"undecided: {found.reason}")
    role: Role = "pre_contrast" if found.dose == 0 else "standard_dose" if found.dose == 1 else "low_dose"
    return replace(candidate, role=role, dose=found.dose, reason=f"{candidate.reason}; {found.reason}")


def _one_of_each(found: list[Candidate]) -> list[Candidate]:
    """Keep one T1, one T1ce, one scan of each low dose and one T2; the others say which was preferred."""
    before = [one for one in found if one.role == "pre_contrast"]
    after = [one for one in found if one.role == "standard_dose"]
    kept: set[int] = set()
    pair = best_pair(before, after)
    kept.update(id(one) for one in pair if one is not None)
    like = pair[1] or pair[0]
    for label in {one.suffix for one in found if one.role in ("low_dose", "t2")}:
        kept.add(id(closest([one for one in found if one.role in ("low_dose", "t2") and one.suffix == label], like)))
    return [one if one.role is None or id(one) in kept else _second_choice(one) for one in found]


def _second_choice(candidate: Candidate) -> Candidate:
    words = {"pre_contrast": "another T1", "standard_dose": "another T1ce", "t2": "another T2"}
    name = words.get(str(candidate.role)) or f"another scan at {percent(candidate.dose or 0)}"
    return replace(candidate, role=None, reason=f"{name} of this study fits better")
