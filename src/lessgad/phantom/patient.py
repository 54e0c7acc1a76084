# SPDX-License-Identifier: Apache-2.0
"""Who is in the cohort: age, sex, tumour and its growth, sequence; and the scans of each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lessgad.phantom.anatomy import build_head
from lessgad.phantom.scanner import Study, scan
from lessgad.phantom.schwannoma import Schwannoma, draw_schwannoma, place
from lessgad.phantom.sequences import SEQUENCES, Sequence
from lessgad.phantom.tissues import Relaxation, Tissue, relaxation
from lessgad.phantom.warp import draw_warp

LARGEST_DIAMETER_MM = 39.0  # the paper's cohort has no giant schwannoma


@dataclass(frozen=True)
class Patient:
    """One patient of the cohort.

    Attributes:
        number: 1 for the first.
        age: Years, at the first session.
        sex: M or F.
        tumors: The tumour at each session.
        sequence: Of all scans.
        seed: Of head, deformation, tissues and scans.
    """

    number: int
    age: int
    sex: str
    tumors: tuple[Schwannoma, ...]
    sequence: Sequence
    seed: tuple[int, int]


def draw_patient(number: int, seed: int) -> Patient:
    """Draw a patient from the cohort's seed and a number, whatever the number of patients.

    Size class, sequence and number of sessions run through additive (golden ratio) sequences, so that small cohorts
    have them in about the right proportions too: Kanzaki classes and age as in the paper, a second session for one in
    three.
    """
    start = np.random.default_rng([seed, 0]).random(2)
    rng = np.random.default_rng([seed, number])
    class_quantile, sequence_quantile = (start + number * np.array([0.6180339887498949, 0.7548776662466927])) % 1
    tumor = draw_schwannoma(rng, float(class_quantile))
    age = int(np.clip(round(rng.normal(58.5, 14.7)), 29, 83))
    sex = "M" if rng.random() < 39 / 72 else "F"
    later = tumor.grown(float(rng.uniform(1, 3)), float(rng.uniform(0.8, 2.0)))
    later = replace(later, diameter_mm=min(later.diameter_mm, LARGEST_DIAMETER_MM))
    tumors = (tumor, later) if (number + seed) % 3 == 0 else (tumor,)
    sequence = SEQUENCES[int(sequence_quantile * len(SEQUENCES))]
    return Patient(number, age, sex, tumors, sequence, (seed, number))


def scan_patient(patient: Patient) -> list[Study]:
    """Build the patient's head once and scan it at each session."""
    rng = np.random.default_rng([*patient.seed, 1])
    warp = draw_warp(rng, patient.sex)
    head = build_head(rng)
    tissue = _draw_tissue(patient, rng)
    studies = []
    for session, tumor in enumerate(patient.tumors):
        growth, with_tumor = place(tumor, head, float(np.mean(warp.scale[:2])))
        session_rng = np.random.default_rng([*patient.seed, 2 + session])
        studies.append(scan(with_tumor, growth, warp, tissue, patient.sequence, session_rng))
    return studies


def _draw_tissue(patient: Patient, rng: np.random.Generator) -> Relaxation:
    """Relaxation times within 4 % and uptake within 15 % (SD) of the table; the tumour's own uptake."""
    table = relaxation(patient.sequence.field_strength_t)
    n = len(table.t1_ms)
    uptake = table.uptake_mm * np.exp(0.15 * rng.standard_normal(n))
    uptake[Tissue.TUMOR] = patient.tumors[0].uptake_mm
    t1_ms = table.t1_ms * np.exp(0.04 * rng.standard_normal(n))
    return Relaxation(t1_ms, table.t2_ms * np.exp(0.04 * rng.standard_normal(n)), table.water, uptake)
