# SPDX-License-Identifier: Apache-2.0
"""What "enough contrast" means in an experiment: endpoints, each with a margin, set before test results are seen."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from lessgad.evaluation.endpoint_metrics import HALF, METRICS, Metric, MetricKind
from lessgad.evaluation.non_inferiority import keeps_margin
from lessgad.settings import Settings

MIN_PATIENTS = 8
LARGEST_RATIO = 10.0


class Endpoint(Settings):
    """One thing that a low dose must not be worse in than a margin.

    Attributes:
        metric: recovery, missed_ml, missed_share (of the enhancing tumor), false_ml, unsupported_ml (of enhancement),
            artifact_ml (brighter or darker than both T1 and standard dose by 30 % of the signal of tissue),
            lesions_lost (lesions whose recovery is under half of the repeat's), reader_gain (what a dose keeps of the
            gain of readers' scores from contrast, as a share), dice_loss (Dice with the standard dose − Dice with the
            low dose), ssim or psnr_db.
        at_least: The margin of recovery, reader_gain, ssim, psnr_db. With `relative_to: repeat` a ratio to the repeat's
            recovery, or a difference from the repeat's SSIM or PSNR (−0.05).
        at_most: The margin of all other metrics, or an upper margin of recovery beside `at_least`.
        relative_to: ``repeat``: each value is compared with that of a second scan at the standard dose in the same
            study; null: values are taken as they are.
        share: More than this share of all patients must be shown to keep the margin, from 0.5 to 0.95. Default: 0.5
            for what is relative to the repeat, recovery, readers, SSIM, PSNR, loss of Dice; 0.8 for lesions lost; else
            0.6667.
        area: tumor_box, tumor or head for ssim and psnr_db; a region for dice_loss; for reader_gain the key of a
            question of the reader study.
    """

    metric: Metric
    at_least: float | None = None
    at_most: float | None = None
    relative_to: Literal["repeat"] | None = None
    share: float = Field(default=0.5, ge=0.5, le=0.95)
    area: str = ""

    @property
    def kind(self) -> MetricKind:
        """Properties of its metric."""
        return METRICS[self.metric]

    @property
    def is_relative(self) -> bool:
        """Whether it compares with the repeat; lesions are lost only in comparison with it."""
        return self.relative_to is not None or self.metric == "lesions_lost"

    @property
    def needs_mask(self) -> bool:
        """Whether it is measured at the tumor."""
        return self.metric != "artifact_ml" and self.area != "head" and not self.kind.read

    @property
    def margins(self) -> tuple[float, ...]:
        """The one that is set, or both, the lower one first."""
        return tuple(margin for margin in (self.at_least, self.at_most) if margin is not None)

    def kept_by(self, value: float) -> bool:
        """Say whether a value keeps the margin, or both; NaN does not."""
        least, most = self.at_least, self.at_most
        return (least is None or keeps_margin(value, least, larger_is_better=True)) and (
            most is None or keeps_margin(value, most, larger_is_better=False)
        )

    @model_validator(mode="before")
    @classmethod
    def _usual_area_and_share(cls, given: object) -> object:
        kind = METRICS.get(given.get("metric", "")) if isinstance(given, dict) else None
        if not isinstance(given, dict) or kind is None:
            return given
        # Two scans at one dose differ to either side by chance: no dose can be better than the repeat in most patients.
        share = kind.share if given.get("relative_to") is None else HALF
        return {"area": kind.area, "share": share, **given}

    @model_validator(mode="after")
    def _margin_of_its_metric(self) -> Endpoint:
        wanted, other = ("at_least", "at_most") if self.kind.larger_is_better else ("at_most", "at_least")
        both = getattr(self, other) is not None and not self.kind.may_be_an_interval
        if both or getattr(self, wanted) is None:
            better = "larger" if self.kind.larger_is_better else "smaller"
            raise ValueError(f"{self.metric} is better when {better}; give it {wanted} and a margin, and no {other}")
        if self.relative_to is not None and self.kind.comparison is None:
            raise ValueError(f"{self.metric} cannot be compared with the repeat: leave relative_to out")
        low, high = self._limits()
        beyond = next((margin for margin in self.margins if not low <= margin <= high), None)
        if beyond is not None:
            percent = self.kind.largest == 1 and 1 < beyond <= 100
            raise ValueError(
                f"the margin of {self.metric} must lie between {low:g} and {high:g}"
                + (f"; did you mean {beyond / 100:g}?" if percent else "")
            )
        if len(self.margins) == 2 and not self.margins[0] < self.margins[1]:
            raise ValueError(f"at_least of {self.metric} must lie below its at_most")
        if bool(self.area) != bool(self.kind.area):
            raise ValueError(f"{self.metric} {'needs an area' if self.kind.area else 'has no areas: leave area out'}")
        return self

    def _limits(self) -> tuple[float, float]:
        """Least and largest margin that can be meant."""
        if self.kind.may_be_an_interval:
            return 0.0, LARGEST_RATIO if self.at_most is not None else self.kind.largest
        differs = self.relative_to is not None and self.kind.comparison == "difference"
        return -self.kind.largest if differs else 0.0, self.kind.largest


REPEAT: Literal["repeat"] = "repeat"
DEFAULT_ENDPOINTS = (
    Endpoint(metric="recovery", relative_to=REPEAT, at_least=0.9, at_most=1.1),
    Endpoint(metric="lesions_lost", at_most=0),
    Endpoint(metric="missed_share", relative_to=REPEAT, at_most=0.1),
    Endpoint(metric="false_ml", relative_to=REPEAT, at_most=0.5),
    Endpoint(metric="artifact_ml", relative_to=REPEAT, at_most=1.0),
    Endpoint(metric="ssim", relative_to=REPEAT, at_least=-0.05),
)
WITH_SEGMENTATION = Endpoint(metric="dice_loss", at_most=0.05)
WITH_READERS = Endpoint(metric="reader_gain", at_least=0.8)


class AnswerSettings(Settings):
    """When a dose is enough: when every endpoint is shown to keep its margin.

    The default margins are a start, not a standard; docs/answer.md says where each comes from. What a margin should be
    is for those to say who read the images, before they see results.

    Attributes:
        endpoints: All must hold at a dose; at least one must be of a kind that needs contrast.
        method: Method whose images are evaluated.
        min_patients: Smallest number of test patients for an answer.
        level: Level of each one-sided test; 0.025 gives 97.5 % confidence.
        readers: Whether readings, where there are any, add the endpoint `reader_gain` ≥ 0.8, unless one of readers is
            named.
    """

    endpoints: tuple[Endpoint, ...] = Field(default=DEFAULT_ENDPOINTS, min_length=1)
    method: str = Field(default="restored", min_length=1)
    min_patients: int = Field(default=10, ge=MIN_PATIENTS)
    level: float = Field(default=0.025, ge=0.001, le=0.05)
    readers: bool = True

    @property
    def readings_join(self) -> bool:
        """Whether readings, where there are any, add an endpoint: `readers` is on, and none of readers was named."""
        return self.readers and not any(endpoint.kind.read for endpoint in self.endpoints)

    def completed(self, *, segmented: bool = False, read: bool = False) -> AnswerSettings:
        """Add the endpoints that depend on the experiment.

        Args:
            segmented: Whether images are segmented: adds the loss of Dice, unless endpoints were named.
            read: Whether readers read images: adds the readers' gain from contrast, if `readings_join`.

        Returns:
            The settings.
        """
        named = "endpoints" in self.model_fields_set
        dice = [WITH_SEGMENTATION] if segmented and not named else []
        readers = [WITH_READERS] if read and self.readings_join else []
        if not dice and not readers:
            return self
        given = self.model_dump(exclude_unset=True)
        return AnswerSettings.model_validate({**given, "endpoints": (*self.endpoints, *dice, *readers)})

    @field_validator("endpoints")
    @classmethod
    def _can_fail_without_contrast(cls, endpoints: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
        named = [(endpoint.metric, endpoint.area, endpoint.relative_to) for endpoint in endpoints]
        twice = next((key[0] for place, key in enumerate(named) if key in named[:place]), None)
        if twice is not None:
            raise ValueError(f"{twice} is named twice")
        if not any(endpoint.kind.needs_contrast for endpoint in endpoints):
            useful = ", ".join(name for name, kind in METRICS.items() if kind.needs_contrast)
            raise ValueError(f"an image without contrast would meet these endpoints; add one of {useful}")
        return endpoints
