# SPDX-License-Identifier: Apache-2.0
"""What the JSON sidecar of a phantom's scan says: what a scanner would have known."""

from __future__ import annotations

import math

from lessgad.phantom.patient import Patient
from lessgad.volume import Volume

_VARIANTS = {"spin_echo": "SK", "gradient_echo": "SK_SP", "inversion_gradient_echo": "SK_SP_MP"}


def sidecar(patient: Patient, image: Volume, dose: float) -> dict[str, object]:
    """Collect the BIDS fields of a scan; times in seconds, the flip angle in degrees.

    For a scan with contrast they give the agent and its dose, as a share of the standard dose of the agent. They reveal
    nothing else about the phantom.

    Args:
        patient: The patient to scan.
        image: The scanned image.
        dose: Dose as a fraction of the standard dose, 0–1.

    Returns:
        Value of each field.
    """
    protocol = patient.protocol
    sequence = protocol.sequence
    fields: dict[str, object] = {
        "Modality": "MR",
        "MagneticFieldStrength": protocol.field_strength_t,
        "ScanningSequence": "_".join(protocol.row.scanning_sequence),
        "SequenceVariant": _VARIANTS[sequence.kind],
        "MRAcquisitionType": "3D" if protocol.is_3d else "2D",
        "RepetitionTime": sequence.repetition_time_ms / 1000,
        "EchoTime": sequence.echo_time_ms / 1000,
        "FlipAngle": round(math.degrees(sequence.flip_angle_rad), 3),
        "SliceThickness": round(image.spacing_mm[2], 4),
    }
    if sequence.inversion_time_ms:
        fields["InversionTime"] = sequence.inversion_time_ms / 1000
    if sequence.kind == "spin_echo" and sequence.n_pulses > 1:
        fields["EchoTrainLength"] = sequence.n_pulses
    if dose > 0:
        fields["ContrastBolusIngredient"] = "GADOLINIUM"
        fields["ContrastBolusAgent"] = protocol.agent
        fields["ContrastBolusDoseFraction"] = dose
    return fields
