# SPDX-License-Identifier: Apache-2.0
"""What a DICOM series says about its scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Vendor = Literal["siemens", "ge", "philips"]


@dataclass(frozen=True)
class DicomScan:
    """One series of one session of a patient.

    Attributes:
        vendor: Vendor whose conventions the files follow.
        patient_label: Without ``sub-``, e.g. ``07``.
        patient_sex: M, F or O.
        patient_age: Years, at this session.
        session: 1 for the first; one session is one DICOM study.
        series_number: Within the session.
        description: SeriesDescription and ProtocolName, e.g. ``t1_mpr_tra_ce``.
        field_strength_t: Field strength in tesla.
        scanning_sequence: DICOM codes: SE, GR, IR.
        mr_acquisition_type: 2D or 3D.
        repetition_time_ms: TR as the vendor counts it. Of an inversion-prepared 3D sequence Siemens gives that of the
            whole cycle (about 2000 ms), GE and Philips that between excitations (about 8 ms).
        echo_time_ms: TE.
        flip_angle_deg: Flip angle.
        inversion_time_ms: TI; given exactly where the sequence has IR.
        echo_train_length: Echoes per excitation; above 1 is a turbo (fast) sequence.
        sequence_variant: DICOM codes; where there are none, what the vendor usually writes.
        scan_options: DICOM codes or the vendor's own, e.g. ``FAST_GEMS``.
        contrast_agent: Name of the agent; None before contrast.
        contrast_volume_ml: Volume of the agent that was injected.
        uid_seed: All UIDs derive from this, the patient, the session and the series. Two cohorts need two seeds.
    """

    vendor: Vendor
    patient_label: str
    patient_sex: str
    patient_age: int
    session: int
    series_number: int
    description: str
    field_strength_t: float
    scanning_sequence: tuple[str, ...]
    mr_acquisition_type: Literal["2D", "3D"]
    repetition_time_ms: float
    echo_time_ms: float
    flip_angle_deg: float
    inversion_time_ms: float | None = None
    echo_train_length: int | None = None
    sequence_variant: tuple[str, ...] = ()
    scan_options: tuple[str, ...] = ()
    contrast_agent: str | None = None
    contrast_volume_ml: float | None = None
    uid_seed: str = "phantom"

    @property
    def is_gradient_echo(self) -> bool:
        """Whether the echo comes from a gradient, not from a refocusing pulse."""
        return "GR" in self.scanning_sequence
