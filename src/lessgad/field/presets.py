# SPDX-License-Identifier: Apache-2.0
"""The settings of the field, and the presets that name good ones."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from lessgad.settings import Settings

InputImage = Literal["pre_contrast", "low_dose", "t2"]
#: Shape of the kernel field; what the settings do not name is this.
KERNEL = {
    "n_neighbor_slices": 2,
    "channels": (32, 64, 96, 96),
    "normalisation": "none",
    "feature_channels": 48,
    "field_width": 24,
    "scaled_difference": False,
}
CONTEXT_OF_KERNEL = 6  # the widest average reaches 6.25 mm
NOT_PUBLISHED = {"interval": False, "scaled_difference": False, "told_the_dose": False, "n_neighbor_slices": 0}


class FieldSettings(Settings):
    """The shape of a conditional neural field.

    Attributes:
        preset: `kernel`: averages of what was measured, weighted for each pixel by a network, and a small residual
            (`field.kernel_field`); of what follows, only the shape of the encoder counts for it. `compact`, for a CPU:
            features on a coarser grid, positions in mm, nothing normalized over space.
            `paper`: the published network exactly; of what follows, only inputs and told_the_dose count for it.
        inputs: Images that the field sees, in this order. `low_dose` must be one of them. The T1 tells what is
            contrast and what was bright before; without it there is next to no gain under noise. A `t2` may be missing
            in some studies.
        output: `residual`: low dose + (1 − dose) × what the field says, so that the full dose comes back unchanged.
            `tanh`: the field says the image itself, as published.
        interval: Whether the field also says how far off each pixel may be; the published network does not.
        scaled_difference: Whether the field also sees the difference between low dose and T1, scaled toward the full
            dose, where the T1 is an input: what a subtraction would give, held back where noise would drown it.
        told_the_dose: Whether the dose is an input; needed for one model that serves all doses.
        n_neighbor_slices: How many slices above, and as many below, the field sees beside the one that it restores:
            noise differs from slice to slice, anatomy less. 0, as published, sees that slice alone.
        stem: Downsampling of the encoder's first layer, in pixels.
        channels: Feature channels at the stride of the stem and at each doubling of it.
        n_blocks: Residual blocks at each of these strides.
        normalisation: `channel`: layer norm over the channels of each pixel before each block; `none`.
        feature_channels: Channels of the top-down path, from which the shifts are predicted.
        shift_stride: Pixels between the places where shifts are predicted; between them they are interpolated.
        field_width: Width of the pixel-wise network.
        n_hidden_layers: Its hidden layers.
        n_frequencies: Octaves of the position encoding.
        longest_wave_mm: Longest wave of the position encoding.
    """

    preset: Literal["kernel", "compact", "paper"] = "compact"
    inputs: tuple[InputImage, ...] = ("pre_contrast", "low_dose")
    output: Literal["residual", "tanh"] = "residual"
    interval: bool = True
    scaled_difference: bool = True
    told_the_dose: bool = True
    n_neighbor_slices: int = Field(default=1, ge=0, le=4)
    stem: Literal[2, 4] = 2
    channels: tuple[Annotated[int, Field(ge=4, le=1024)], ...] = Field(default=(16, 32, 64, 96), min_length=1)
    n_blocks: int = Field(default=2, ge=1, le=32)
    normalisation: Literal["channel", "none"] = "channel"
    feature_channels: int = Field(default=32, ge=4, le=1024)
    shift_stride: Literal[2, 4, 8] = 2
    field_width: int = Field(default=16, ge=4, le=512)
    n_hidden_layers: int = Field(default=2, ge=1, le=16)
    n_frequencies: int = Field(default=4, ge=0, le=12)
    longest_wave_mm: float = Field(default=256.0, gt=0)

    @model_validator(mode="before")
    @classmethod
    def _as_published(cls, given: object) -> object:
        """Fill in the values of the presets paper and kernel; the published network sees only the low dose."""
        if isinstance(given, dict) and given.get("preset") == "paper":
            return {"inputs": ("low_dose",), **NOT_PUBLISHED, "output": "tanh", **given}
        if isinstance(given, dict) and given.get("preset") == "kernel":
            return {**KERNEL, **given}
        return given

    @model_validator(mode="after")
    def _paper_gives_the_image_alone(self) -> FieldSettings:
        if self.preset == "paper" and self.output != "tanh":
            raise ValueError("preset paper predicts the image itself: output must be tanh")
        if self.preset == "paper" and self.interval:
            raise ValueError("preset paper predicts no interval: interval must be false")
        if self.preset == "kernel" and self.inputs != ("pre_contrast", "low_dose"):
            raise ValueError("preset kernel takes the T1 and the low dose: inputs must be [pre_contrast, low_dose]")
        if self.preset == "kernel" and not (self.told_the_dose and self.output == "residual"):
            raise ValueError(
                "preset kernel is told the dose and adds to the T1: set told_the_dose: true and output: residual"
            )
        if self.preset == "paper" and self.n_neighbor_slices:
            raise ValueError("preset paper takes one slice: n_neighbor_slices must be 0")
        return self

    @model_validator(mode="after")
    def _shifts_on_a_stride_of_the_encoder(self) -> FieldSettings:
        if self.shift_stride not in self.strides:
            raise ValueError(
                f"shift_stride {self.shift_stride} is not one of the encoder's strides "
                f"({', '.join(map(str, self.strides))}): choose one of them, or change the stem or the number "
                "of channels"
            )
        return self

    @field_validator("inputs")
    @classmethod
    def _low_dose_once(cls, inputs: tuple[InputImage, ...]) -> tuple[InputImage, ...]:
        if "low_dose" not in inputs or len(set(inputs)) != len(inputs):
            raise ValueError(
                "inputs must include low_dose and name each image once, for example [pre_contrast, low_dose]"
            )
        return inputs

    @property
    def sees_difference(self) -> bool:
        """Whether the scaled difference is among what the field sees."""
        return self.scaled_difference and "pre_contrast" in self.inputs

    @property
    def n_slices_seen(self) -> int:
        """The slice to restore and its neighbors."""
        return 2 * self.n_neighbor_slices + 1

    @property
    def n_context_slices(self) -> int:
        """Slices above and below that a result depends on, averages in three dimensions included."""
        return CONTEXT_OF_KERNEL if self.preset == "kernel" else self.n_neighbor_slices

    @property
    def slices_in_words(self) -> str:
        """The text that follows the names of the inputs."""
        n = self.n_neighbor_slices
        return f", each with {n} slice{'s' if n > 1 else ''} above and below" if n else ""

    @property
    def n_images(self) -> int:
        """Channels of a source: each input with the slices seen, from the lowest to the highest."""
        return len(self.inputs) * self.n_slices_seen

    @property
    def n_sources(self) -> int:
        """Channels that the field sees of a pixel, its position aside."""
        return self.n_images + self.told_the_dose + self.sees_difference * self.n_slices_seen

    def channels_of(self, image: InputImage) -> slice:
        """Where the slices seen of an input stand among the channels of a source."""
        first = self.inputs.index(image) * self.n_slices_seen
        return slice(first, first + self.n_slices_seen)

    @property
    def strides(self) -> tuple[int, ...]:
        """Pixels between features, finest first."""
        return tuple(self.stem * 2**level for level in range(len(self.channels)))

    @property
    def stride(self) -> int:
        """Size of the coarsest feature pixel; slices are padded to multiples of it."""
        return self.strides[-1]

    @property
    def reach(self) -> int:
        """Distance in pixels beyond which one pixel cannot affect another (an upper bound of the receptive radius)."""
        convolutions = sum(stride * 2 * self.n_blocks for stride in self.strides)  # each 3×3 reaches one feature pixel
        down = sum(self.strides)  # stem and each downsampling
        top_down = sum(2 * stride for stride in self.strides if stride >= self.shift_stride)  # smoothing, interpolation
        return convolutions + down + top_down
