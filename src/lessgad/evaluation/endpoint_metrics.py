# SPDX-License-Identifier: Apache-2.0
"""What each metric is to an endpoint: its good side, its comparison with the repeat, the usual share of patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Metric = Literal[
    "recovery",
    "missed_ml",
    "missed_share",
    "false_ml",
    "unsupported_ml",
    "artifact_ml",
    "lesions_lost",
    "reader_gain",
    "dice_loss",
    "ssim",
    "psnr_db",
]
Comparison = Literal["ratio", "difference"]

HALF, TWO_THIRDS, FOUR_FIFTHS = 0.5, 0.6667, 0.8
LOST_UNDER = 0.5  # of the recovery that the repeat has in a lesion


@dataclass(frozen=True)
class MetricKind:
    """Properties of a metric that an endpoint can use.

    Attributes:
        name: Name for display.
        larger_is_better: Then the margin is a least value, else a largest one.
        largest: No absolute margin lies above this; none lies below 0.
        share: More than this share of patients must be shown to keep the margin, unless an endpoint says differently
            or is relative to the repeat.
        comparison: How a value is compared with that of the repeat; None where that cannot be done.
        needs_contrast: Whether it is bound to be bad without contrast, so that dose 0 must not meet the margin. False
            of a metric of what was falsely shown: an image without contrast has invented nothing.
        area: Area that is measured unless an endpoint names another; empty if the metric has only one.
        unit: Unit with its leading space; empty without.
        decimals: Number of printed decimals.
        may_be_an_interval: Whether too much is as bad as too little, so that an endpoint may have both margins.
        read: Whether readers measure it; then there are values only at the doses that they read.
    """

    name: str
    larger_is_better: bool
    largest: float
    share: float
    comparison: Comparison | None = "difference"
    needs_contrast: bool = True
    area: str = ""
    unit: str = ""
    decimals: int = 2
    may_be_an_interval: bool = False
    read: bool = False


METRICS: dict[Metric, MetricKind] = {
    "recovery": MetricKind("enhancement recovery", True, 1.0, HALF, "ratio", may_be_an_interval=True),
    "missed_ml": MetricKind("missed enhancement", False, 1e4, TWO_THIRDS, unit=" ml"),
    "missed_share": MetricKind("missed share of the enhancing tumor", False, 1.0, TWO_THIRDS),
    "false_ml": MetricKind("false enhancement", False, 1e4, TWO_THIRDS, needs_contrast=False, unit=" ml"),
    "unsupported_ml": MetricKind(
        "unsupported enhancement", False, 1e4, TWO_THIRDS, comparison=None, needs_contrast=False, unit=" ml"
    ),
    "artifact_ml": MetricKind("artifact volume", False, 1e4, TWO_THIRDS, needs_contrast=False, unit=" ml"),
    "lesions_lost": MetricKind("lesions lost", False, 100.0, FOUR_FIFTHS, comparison=None, decimals=0),
    "reader_gain": MetricKind(
        "kept share of the readers’ gain from contrast",
        True,
        1.0,
        HALF,
        comparison=None,
        area="lesion_detectability",
        read=True,
    ),
    "dice_loss": MetricKind("loss of Dice", False, 1.0, HALF, comparison=None, area="tumor", decimals=3),
    "ssim": MetricKind("SSIM", True, 1.0, HALF, area="tumor_box", decimals=3),
    "psnr_db": MetricKind("PSNR", True, 200.0, HALF, area="tumor_box", unit=" dB", decimals=1),
}
