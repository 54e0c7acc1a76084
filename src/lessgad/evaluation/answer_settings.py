# SPDX-License-Identifier: Apache-2.0
"""What "enough contrast" means in an experiment: endpoints, each with a margin, set before test results are seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, field_validator, model_validator

from lessgad.settings import Settings

Metric = Literal["recovery", "missed_ml", "false_ml", "unsupported_ml", "artifact_ml", "dice_loss", "ssim", "psnr_db"]
MIN_PATIENTS = 8  # the bound is not known to hold its level under this many


@dataclass(frozen=True)
class MetricKind:
    """What a metric is to an endpoint.

    Attributes:
        name: For people.
        larger_is_better: Then the margin is a least value, else a largest one.
        largest: No margin lies above this; none lies below 0.
        needs_contrast: Whether it is bound to be bad without contrast, so that dose 0 must not meet the margin.
            False of a metric of what was invented: an image without contrast has invented nothing.
        area: Where it is taken unless an endpoint says otherwise; empty where there is only one way.
        unit: With its space; empty without.
        decimals: To print.
    """

    name: str
    larger_is_better: bool
    largest: float
    needs_contrast: bool = True
    area: str = ""
    unit: str = ""
    decimals: int = 2


METRICS: dict[Metric, MetricKind] = {
    "recovery": MetricKind("enhancement recovery", True, 1.0),
    "missed_ml": MetricKind("missed enhancement", False, 1e4, unit=" ml"),
    "false_ml": MetricKind("false enhancement", False, 1e4, needs_contrast=False, unit=" ml"),
    "unsupported_ml": MetricKind("unsupported enhancement", False, 1e4, needs_contrast=False, unit=" ml"),
    "artifact_ml": MetricKind("artifact volume", False, 1e4, needs_contrast=False, unit=" ml"),
    "dice_loss": MetricKind("loss of Dice", False, 1.0, area="tumor", decimals=3),
    "ssim": MetricKind("SSIM", True, 1.0, area="tumor_box", decimals=3),
    "psnr_db": MetricKind("PSNR", True, 200.0, area="tumor_box", unit=" dB", decimals=1),
}


class Endpoint(Settings):
    """One thing that a low dose must not be worse in than a margin.

    Attributes:
        metric: recovery, missed_ml, false_ml, unsupported_ml (of enhancement), artifact_ml (brighter or darker than
            both T1 and standard dose by 30 % of the signal of tissue), dice_loss (Dice with the standard
            dose − Dice with the low dose), ssim or psnr_db.
        at_least: The margin of recovery, ssim, psnr_db: the mean over patients must be shown to reach it.
        at_most: The margin of the others.
        area: tumor_box, tumor or head for ssim and psnr_db; a region for dice_loss.
    """

    metric: Metric
    at_least: float | None = None
    at_most: float | None = None
    area: str = ""

    @property
    def kind(self) -> MetricKind:
        """What its metric is."""
        return METRICS[self.metric]

    @property
    def margin(self) -> float:
        """The one of `at_least` and `at_most` that is set."""
        margin = self.at_least if self.kind.larger_is_better else self.at_most
        assert margin is not None  # noqa: S101 - the validator has seen to it
        return margin

    @model_validator(mode="before")
    @classmethod
    def _usual_area(cls, given: object) -> object:
        kind = METRICS.get(given.get("metric", "")) if isinstance(given, dict) else None
        return {"area": kind.area, **given} if isinstance(given, dict) and kind is not None else given

    @model_validator(mode="after")
    def _margin_of_its_metric(self) -> Endpoint:
        wanted, other = ("at_least", "at_most") if self.kind.larger_is_better else ("at_most", "at_least")
        if getattr(self, other) is not None or getattr(self, wanted) is None:
            better = "larger" if self.kind.larger_is_better else "smaller"
            raise ValueError(f"{self.metric} is better when {better}; give it {wanted} and a margin, and no {other}")
        if not 0 <= self.margin <= self.kind.largest:
            percent = self.kind.largest == 1 and 1 < self.margin <= 100
            raise ValueError(
                f"the margin of {self.metric} lies between 0 and {self.kind.largest:g}"
                + (f"; did you mean {self.margin / 100:g}?" if percent else "")
            )
        if bool(self.area) != bool(self.kind.area):
            raise ValueError(f"{self.metric} {'needs an area' if self.kind.area else 'has no areas: leave area out'}")
        return self


class AnswerSettings(Settings):
    """When a dose is enough: when every endpoint is shown to keep its margin.

    The margins by default are a start, not a standard: nine tenths of the enhancement, no more invented than a sphere
    of 1 cm (0.52 ml), and the similarity that the paper's network had at 30 to 40 % of the dose. What a margin should
    be is for those to say who read the images, before they see results.

    Attributes:
        endpoints: All must hold at a dose; at least one must be of a kind that needs contrast.
        method: Whose images are judged.
        min_patients: With fewer there is no answer.
        level: Of each one-sided bound; 0.025 gives bounds of 97.5 %.
    """

    endpoints: tuple[Endpoint, ...] = Field(
        default=(
            Endpoint(metric="recovery", at_least=0.9),
            Endpoint(metric="ssim", at_least=0.9),
            Endpoint(metric="false_ml", at_most=0.5),
        ),
        min_length=1,
    )
    method: str = Field(default="restored", min_length=1)
    min_patients: int = Field(default=10, ge=MIN_PATIENTS)
    level: float = Field(default=0.025, ge=0.001, le=0.05)

    @field_validator("endpoints")
    @classmethod
    def _can_fail_without_contrast(cls, endpoints: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
        named = [(endpoint.metric, endpoint.area) for endpoint in endpoints]
        twice = next((metric for place, (metric, area) in enumerate(named) if (metric, area) in named[:place]), None)
        if twice is not None:
            raise ValueError(f"{twice} is named twice")
        if not any(endpoint.kind.needs_contrast for endpoint in endpoints):
            useful = ", ".join(name for name, kind in METRICS.items() if kind.needs_contrast)
            raise ValueError(f"an image without contrast would meet these endpoints; name one of {useful} too")
        return endpoints
