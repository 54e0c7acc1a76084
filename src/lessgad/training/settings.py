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
    """Weights of the parts of the training loss; 0 leaves a part out.

    Attributes:
        l1: Mean absolute error; divided by the missing share of the dose if one model serves all doses.
        adversarial: Hinge loss against a discriminator that is trained together with the network.
        feature_matching: Distance between that discriminator's features of restored and standard-dose images.
        shifts: Mean square of the shifts that the encoder predicts.
        interval: Pinball loss of the half-width, if the network predicts one.
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
        """Whether a discriminator is trained together with the network."""
        return self.adversarial > 0 or self.feature_matching > 0


PAPER_LOSSES = LossWeights(l1=100.0, adversarial=1.0, feature_matching=10.0, shifts=10.0)


class TrainingSettings(Settings):
    """Settings of the training of a network.

    Attributes:
        models: `conditioned`: one model that is told the dose; `per_dose`: the paper's one model for each dose;
            `pretrained`: the model that ships with lessgad, without any training, so that all patients are test
            patients.
        start: `pretrained`: a network of preset `kernel` starts from the weights that ship with lessgad, and its
            weights are averaged with them in the proportion that is best on validation patients; `scratch`: random
            weights, as networks of other presets always have.
        n_samples: Length of training of each model, in patches.
        batch_size: Number of patches that a process computes at a time.
        accumulate: Number of batches whose gradients are summed before a step of the optimizer. A step sees
            batch_size × accumulate × number of processes patches.
        patch_size: Rows (y) and columns (x) of a patch.
        losses: Weights of the parts of the loss.
        learning_rate: Learning rate of the network; constant for half of the samples, then linear to zero.
        discriminator_learning_rate: Learning rate of the discriminator, with the same schedule; the paper's is four
            times that of the network.
        discriminator_noise: SD of the noise on the images that the discriminator sees, on the scale of [−1, 1].
        betas: β₁ and β₂ of Adam, for the network and the discriminator.
        weight_decay: Weight decay of the network.
        gradient_norm: Largest norm of the gradient of the network; None does not clip it.
        tumor_share: Share of patches that hold tumor, from studies that have a mask.
        flip: Mirror half of the patches left to right.
        vary_enhancement: SD of the logarithm of the factors that make the enhancement of each patch weaker or stronger
            from place to place, so that the network reads it from the low dose; 0 leaves it.
        vary_position: Strength of the misalignment augmentation, 0–1: each low dose gets its own head position. Edges
            then differ from those of the T1 as between two separate scans, at every dose.
        vary_noise: Share of patches whose noise is not that of the simulation but 0.5 to 4 times as strong.
        t2_dropout: Share of patches without T2, so that a network with a T2 input works without one.
        precision: `auto` takes bf16 where the GPU or the processor computes in it, else fp32. `fp16`, for older GPUs,
            scales the loss so that small gradients are not lost.
        validate_every: Samples between two validations.
        n_validation_slices: Slices per validation study, evenly through the tumor.
        seed: Seed of the weights and of everything drawn at random.
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
