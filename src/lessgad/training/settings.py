# SPDX-License-Identifier: Apache-2.0
"""The settings of training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lessgad.settings import Settings

PatchLength = Annotated[int, Field(ge=8, le=4096)]
Decay = Annotated[float, Field(ge=0, lt=1)]


Weight = Annotated[float, Field(ge=0)]


class LossWeights(Settings):
    """What training makes small, as a weighted sum; 0 leaves a part out.

    Attributes:
        l1: Mean absolute error; over the missing share of the dose where one model serves all doses.
        adversarial: Hinge loss against a discriminator that learns beside the field.
        feature_matching: Distance between that discriminator's features of restored and standard-dose images.
        shifts: Mean square of the shifts.
        interval: Pinball loss of the interval, where the field gives one.
    """

    l1: Weight = 1.0
    adversarial: Weight = 0.0
    feature_matching: Weight = 0.0
    shifts: Weight = 0.0
    interval: Weight = 0.1

    @model_validator(mode="after")
    def _something(self) -> LossWeights:
        if not any(self.model_dump(exclude={"interval"}).values()):
            raise ValueError("at least one weight other than that of the interval must be above 0")
        return self

    @property
    def needs_discriminator(self) -> bool:
        """Whether a discriminator learns beside the field."""
        return self.adversarial > 0 or self.feature_matching > 0


PAPER_LOSSES = LossWeights(l1=100.0, adversarial=1.0, feature_matching=10.0, shifts=10.0)


class TrainingSettings(Settings):
    """How a field is trained.

    Attributes:
        models: `conditioned`: one model that is told the dose; `per_dose`: the paper's one model for each dose;
            `pretrained`: the model that ships with lessgad, without any training, so that all patients are test
            patients.
        start: `pretrained`: a field of preset `kernel` starts from the weights that ship with lessgad, and the result
            is averaged with them as serves validation patients best; `scratch`: from random weights, as fields of
            other presets always do.
        n_samples: Length of training of each model, in patches.
        batch_size: Patches at a time.
        accumulate: Times that many before a step is taken. With several processes each of them sees that many:
            a step has batch_size × accumulate × processes.
        patch_size: Rows (y) and columns (x) of a patch.
        losses: What is made small.
        learning_rate: Of the field's Adam; constant for half of the samples, then linear to zero.
        discriminator_learning_rate: Of the discriminator's, likewise; the paper's is four times the field's.
        discriminator_noise: SD of the noise on the images that the discriminator learns from.
        betas: Of both.
        weight_decay: Of the field's Adam.
        gradient_norm: Gradients of the field are clipped to it; None leaves them.
        tumor_share: Share of patches that hold tumor, from studies that have a mask.
        flip: Mirror half of the patches left to right.
        vary_enhancement: Spread (SD of the logarithm) of the factors by which the enhancement is made weaker or
            stronger from place to place in each patch, so that it is read from the low dose; 0 leaves it.
        vary_position: By how much each low dose lies otherwise than the T1ce of its pair, as a scan of its own does:
            edges then differ from those of the T1 as they do between two scans, and not by a share of the dose.
        vary_noise: Share of patches whose noise is not that of the simulation but 0.5 to 4 times as strong.
        t2_dropout: Share of patches whose T2 is left out, where the field sees one, so that it can do without.
        precision: `auto` takes bf16 where the GPU or the processor computes in it, else fp32. `fp16`, for older GPUs,
            scales the loss so that small gradients are not lost.
        validate_every: Samples between two validations.
        n_validation_slices: Slices per validation study, evenly through the tumor.
        seed: Of weights and of everything drawn.
    """

    models: Literal["conditioned", "per_dose", "pretrained"] = "conditioned"
    start: Literal["pretrained", "scratch"] = "pretrained"
    n_samples: int = Field(default=40_000, ge=1)
    batch_size: int = Field(default=4, ge=1)
    accumulate: int = Field(default=1, ge=1)
    patch_size: tuple[PatchLength, PatchLength] = (128, 160)
    losses: LossWeights = LossWeights()
    learning_rate: float = Field(default=1e-3, gt=0)
    discriminator_learning_rate: float = Field(default=4e-4, gt=0)
    discriminator_noise: float = Field(default=0.05, ge=0)
    betas: tuple[Decay, Decay] = (0.9, 0.999)
    weight_decay: float = Field(default=0.0, ge=0)
    gradient_norm: float | None = Field(default=1.0, gt=0)
    tumor_share: float = Field(default=0.5, ge=0, le=1)
    flip: bool = True
    vary_enhancement: float = Field(default=0.4, ge=0, le=1)
    vary_position: float = Field(default=1.0, ge=0, le=1)
    vary_noise: float = Field(default=0.0, ge=0, le=1)
    t2_dropout: float = Field(default=0.2, ge=0, le=1)
    precision: Literal["auto", "bf16", "fp16", "fp32"] = "auto"
    validate_every: int = Field(default=2_000, ge=1)
    n_validation_slices: int = Field(default=8, ge=1)
    seed: int = Field(default=1, ge=0)


#: Of a kernel field: the pretrained weights need few patches and small steps.
FINE_TUNING = TrainingSettings(
    n_samples=8_000, batch_size=8, patch_size=(96, 96), learning_rate=3e-4, vary_enhancement=0.0, vary_noise=0.6
)
