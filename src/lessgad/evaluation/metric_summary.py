# SPDX-License-Identifier: Apache-2.0
"""One metric of one method at one dose, read in two ways that always stand side by side.

*As in the paper*: mean ± SD over studies, a star where a Wilcoxon signed-rank test against the
unrestored images gives p < 0.001. *Patient-level*: mean gain over the unrestored images with its 95 %
confidence interval and a sign-flip p, corrected over the doses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from lessgad.evaluation.patient_level import N_RESAMPLES, PatientLevelGain, holm, patient_level_gain
from lessgad.evaluation.rank_tests import signed_rank


@dataclass(frozen=True)
class MetricSummary:
    """Summary of one metric of one method at one dose.

    Attributes:
        n_finite: Studies that `mean` and `sd` are of.
        n_infinite: Studies whose value is infinite, left out of both.
        n_undefined: Studies whose value is NaN, left out of both.
        mean: Mean over studies; NaN without any.
        sd: Sample standard deviation over studies; NaN under two.
        p_wilcoxon: Two-sided p against unrestored, over studies; None where nothing was compared.
        star: Whether that is below 0.001; never under 11 studies.
        gain: Gain over unrestored, patient-level, over the studies that have both; None where nothing was compared.
        p_holm: The gain's p, corrected over doses; None before `correct_over_doses` or without a gain.
    """

    n_finite: int
    n_infinite: int
    n_undefined: int
    mean: float
    sd: float
    p_wilcoxon: float | None = None
    star: bool = False
    gain: PatientLevelGain | None = None
    p_holm: float | None = None


def summarize(values: Float[np.ndarray, " studies"]) -> MetricSummary:
    """Average one value per study; infinite and undefined values are counted instead."""
    finite = values[np.isfinite(values)]
    return MetricSummary(
        n_finite=len(finite),
        n_infinite=int(np.isinf(values).sum()),
        n_undefined=int(np.isnan(values).sum()),
        mean=float(finite.mean()) if len(finite) else math.nan,
        sd=float(finite.std(ddof=1)) if len(finite) > 1 else math.nan,
    )


def compare(
    summary: MetricSummary,
    gains: Float[np.ndarray, " studies"],
    patients: Sequence[str],
    seed: int,
    n_resamples: int = N_RESAMPLES,
) -> MetricSummary:
    """Add both comparisons with the unrestored images to a summary.

    Args:
        summary: Summary of the method's values.
        gains: Method − unrestored, for each study that has both, in the metric's unit.
        patients: Patient of each study.
        seed: Seed of the bootstrap and the sign flips.
        n_resamples: Draws of each.

    Returns:
        The completed summary.
    """
    test = signed_rank(gains)
    gain = patient_level_gain(gains, patients, seed, n_resamples)
    return replace(summary, p_wilcoxon=test.p, star=test.star, gain=gain)


def correct_over_doses(summaries: Sequence[MetricSummary]) -> list[MetricSummary]:
    """Add Holm's correction to the summaries of one method and metric, one per dose."""
    p_values = holm([summary.gain.p if summary.gain is not None else math.nan for summary in summaries])
    return [
        replace(summary, p_holm=p) if summary.gain is not None else summary
        for summary, p in zip(summaries, p_values, strict=True)
    ]


def as_text(summary: MetricSummary, decimals: int) -> str:
    """Write values as the paper does: ``21.60 ± 3.73*``; infinite ones as their number, ``∞ (48)``.

    Args:
        summary: The summary.
        decimals: Number of decimals.

    Returns:
        The text.
    """
    parts = []
    if summary.n_finite:
        spread = "" if math.isnan(summary.sd) else f" ± {summary.sd:.{decimals}f}"
        parts.append(f"{summary.mean:.{decimals}f}{spread}{'*' if summary.star else ''}")
    if summary.n_infinite:
        parts.append(f"∞ ({summary.n_infinite})")
    return ", ".join(parts) or "–"
