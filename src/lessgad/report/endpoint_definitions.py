# SPDX-License-Identifier: Apache-2.0
"""What each endpoint of the dose answer measures, in words that a radiologist uses."""

from __future__ import annotations

from collections.abc import Sequence

from lessgad.evaluation.answer_settings import Endpoint
from lessgad.evaluation.endpoint_metrics import METRICS, Metric

REPEAT_SCAN = (
    "repeat scan",
    "A second scan of the same study at the standard dose, or a simulation of one. It shows the differences between "
    "two scans at one dose. Where an endpoint compares with it, the row “100 %, repeat scan” compares the first scan "
    "with the second.",
)
_MEANING: dict[Metric, str] = {
    "recovery": "Share of the tumor’s enhancement at the standard dose that the restored image shows; 1 is ideal.",
    "missed_ml": "Volume of the tumor that enhances at the standard dose but not in the restored image.",
    "missed_share": "Share of the enhancing tumor that does not enhance in the restored image.",
    "false_ml": "Volume outside the tumor that enhances in the restored image but not at the standard dose.",
    "unsupported_ml": "Volume of the restored image that is too bright for the acquired low-dose scan.",
    "artifact_ml": "Volume of the head that is much brighter or darker than both the T1 and the standard-dose scan.",
    "lesions_lost": "Lesions with less than half of the enhancement that they have in the repeat scan.",
    "reader_gain": "Score at a dose minus score without contrast (dose 0), divided by the same difference at the "
    "standard dose. Scores are means over the readers and studies of a patient; 1 means that no gain is lost. A "
    "patient without a gain meets it if the dose is scored no lower than no contrast. In the row “100 %, repeat scan”, "
    "readers scored the standard dose a second time.",
    "dice_loss": "Overlap (Dice) of the automatic segmentation with the drawn tumor: how much smaller it is than at "
    "the standard dose.",
    "ssim": "Structural similarity to the standard-dose scan; 1 is identical.",
    "psnr_db": "Peak signal-to-noise ratio: similarity to the standard-dose scan in dB; higher is better.",
}


def definitions(endpoints: Sequence[Endpoint]) -> tuple[tuple[str, str], ...]:
    """Explain each metric of the endpoints once, and the repeat scan where an endpoint compares with it.

    Args:
        endpoints: Endpoints of the answer.

    Returns:
        Name and meaning of each.
    """
    metrics = dict.fromkeys(endpoint.metric for endpoint in endpoints)
    found = [(METRICS[metric].name, _MEANING[metric]) for metric in metrics]
    return (*found, *([REPEAT_SCAN] if any(endpoint.is_relative for endpoint in endpoints) else []))
