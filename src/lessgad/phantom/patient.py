# SPDX-License-Identifier: Apache-2.0
"""Who is in the cohort: age, sex, tumor and its growth, protocol; and the scans of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lessgad.dose.standard_dose import relative_standard_dose
from lessgad.phantom.anatomy import build_head
from lessgad.phantom.coils import Shading
from lessgad.phantom.growth import place
from lessgad.phantom.protocol import ScanProtocol, draw_protocol
from lessgad.phantom.scanner import LOW_DOSES, ScannedSession, scan
from lessgad.phantom.schwannoma import Schwannoma, draw_schwannoma
from lessgad.phantom.subject import Subject, draw_subject
from lessgad.phantom.tissues import Relaxation, Tissue, relaxation
from lessgad.phantom.warp import Warp, draw_warp

T2_SPREAD = 0.05
LARGEST_DIAMETER_MM = 39.0  # the paper's cohort has no giant schwannoma


@dataclass(frozen=True)
class Patient:
    """One patient of the cohort.

    Attributes:
        number: 1 for the first.
        age: Years, at the first session.
        sex: M or F.
        tumors: The tumor at each session.
        protocol: Protocol of all scans.
        seed: Seed of head, deformation, tissues and scans.
    """

    number: int
    age: int
    sex: str
    tumors: tuple[Schwannoma, ...]
    protocol: ScanProtocol
    seed: tuple[int, int]


def draw_patient(number: int, seed: int) -> Patient:
    """Draw a patient from the seed of the cohort and a number, independent of the number of patients.

    Size class, protocol and number of sessions run through additive (golden ratio) sequences, so that small cohorts
    have them in about the right proportions too: Kanzaki classes and age as in the paper, a second session for one in
    three.

    Args:
        number: Number of the patient, from 1.
        seed: Random seed.

    Returns:
        The patient.
    """
    start = np.random.default_rng([seed, 0]).random(2)
    rng = np.random.default_rng([seed, number])
    class_quantile, protocol_quantile = (start + number * np.array([0.6180339887498949, 0.7548776662466927])) % 1
    tumor = draw_schwannoma(rng, float(class_quantile))
    age = int(np.clip(round(rng.normal(58.5, 14.7)), 29, 83))
    sex = "M" if rng.random() < 39 / 72 else "F"
    later = tumor.grown(float(rng.uniform(1, 3)), float(rng.uniform(0.8, 2.0)))
    later = replace(later, diameter_mm=min(later.diameter_mm, LARGEST_DIAMETER_MM))
    tumors = (tumor, later) if (number + seed) % 3 == 0 else (tumor,)
    protocol = draw_protocol(rng, float(protocol_quantile))
    return Patient(number, age, sex, tumors, protocol, (seed, number))


def scan_patient(
    patient: Patient, low_doses: Sequence[float] = LOW_DOSES, n_repeats: int = 0, shading: Shading = "cosines"
) -> list[ScannedSession]:
    """Build the head of the patient once, and scan it at each session.

    Args:
        patient: The patient to scan.
        low_doses: Low doses to scan, 0–1.
        n_repeats: Number of further scans at the standard dose.
        shading: Family of the bias fields.

    Returns:
        The scans of each session.
    """
    studies = []
    for session, (subject, warp) in enumerate(subjects(patient)):
        session_rng = np.random.default_rng([*patient.seed, 2 + session])
        studies.append(scan(subject, patient.protocol, warp, session_rng, low_doses, n_repeats, shading))
    return studies


def subjects(patient: Patient) -> Iterator[tuple[Subject, Warp]]:
    """Give the patient at each session: the same head and tissues, with a grown tumor.

    Args:
        patient: The patient.

    Yields:
        Subject and warp of each session.
    """
    rng = np.random.default_rng([*patient.seed, 1])
    warp = draw_warp(rng, patient.sex)
    head = build_head(rng, patient.age)
    tissue = _draw_tissue(patient, rng)
    physics_seed = int(rng.integers(2**31))
    protocol = patient.protocol
    for tumor in patient.tumors:
        growth, with_tumor = place(tumor, head, float(np.mean(warp.scale[:2])))
        same = np.random.default_rng(physics_seed)
        sequence, agent = protocol.sequence, protocol.agent
        yield draw_subject(with_tumor, growth, tissue, sequence, agent, protocol.field_strength_t, same), warp


def _draw_tissue(patient: Patient, rng: np.random.Generator) -> Relaxation:
    """Draw relaxation times and uptake around the table's, as they differ between people; the tumor has its own uptake.

    The uptake is that after the standard dose of the patient's agent.
    """
    table = relaxation(patient.protocol.field_strength_t)
    n = len(table.t1_ms)
    uptake = table.uptake_mm * np.exp(table.uptake_spread * rng.standard_normal(n))
    uptake[Tissue.TUMOR] = patient.tumors[0].uptake_mm
    uptake *= relative_standard_dose(patient.protocol.agent)
    t1_ms = table.t1_ms * np.exp(table.t1_spread * rng.standard_normal(n))
    t2_ms = np.minimum(table.t2_ms * np.exp(T2_SPREAD * rng.standard_normal(n)), t1_ms)
    water = table.water.copy()
    if "gradient" in patient.protocol.sequence.kind:
        water[Tissue.ARTERY] = water[Tissue.VEIN]  # no refocusing pulse that flowing blood could miss
    return replace(table, t1_ms=t1_ms, t2_ms=t2_ms, water=water, uptake_mm=uptake)
