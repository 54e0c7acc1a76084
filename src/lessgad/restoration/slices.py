# SPDX-License-Identifier: Apache-2.0
"""Restore a stack of slices with a field: whole slices, or the published sliding window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from lessgad.errors import ModelError
from lessgad.restoration.settings import RestorationSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from lessgad.field.build import AnyField
    from lessgad.field.conditional_field import FieldOutput
    from lessgad.field.measured_enhancement import ScanFacts

PATCH_SIZE = (128, 160)
BACKGROUND = -1.0


class RestoredSlices(NamedTuple):
    """Result of restoring slices.

    Attributes:
        restored: The standard-dose image, (n, y, x), float32, clipped to [−1, 1].
        half_width: How far off the field says that it may be, before calibration; None where it does not say.
    """

    restored: Float[np.ndarray, "n y x"]
    half_width: Float[np.ndarray, "n y x"] | None


def restore_slices(
    field: AnyField,
    images: dict[str, Float[np.ndarray, "z y x"]],
    dose: float,
    spacing_mm: tuple[float, float],
    settings: RestorationSettings,
    numbers: Sequence[int] | None = None,
    facts: ScanFacts | None = None,
) -> Float[np.ndarray, "n y x"]:
    """Restore slices that are cut to the head box; see `restore_slices_in_full`.

    Args:
        field: The network.
        images: Input images by name, on [−1, 1].
        dose: Dose as a fraction of the standard dose, 0–1.
        spacing_mm: In-plane spacing, in mm.
        settings: Settings of the restoration.
        numbers: Slice numbers, from 0; None for all.
        facts: Facts of the scan for a kernel field; None for other fields.

    Returns:
        Restored slices on [−1, 1], (n, y, x).
    """
    return restore_slices_in_full(field, images, dose, spacing_mm, settings, numbers, facts).restored


def restore_slices_in_full(
    field: AnyField,
    images: dict[str, Float[np.ndarray, "z y x"]],
    dose: float,
    spacing_mm: tuple[float, float],
    settings: RestorationSettings,
    numbers: Sequence[int] | None = None,
    facts: ScanFacts | None = None,
) -> RestoredSlices:
    """Restore slices that are cut to the head box, a few at a time.

    Args:
        field: The network; its settings say which images it needs.
        images: `low_dose` and, where the field needs it, `pre_contrast`; `t2` where there is one; (z, y, x) on [−1, 1].
        dose: Fraction of the standard dose.
        spacing_mm: Spacing of rows (y) and columns (x), in mm.
        settings: Window and precision.
        numbers: Which slices to restore; None for all. The field may see those around them too.
        facts: Slice spacing, noise and dose curve of the scan; the kernel field needs them.

    Returns:
        Restored slices on [−1, 1], and the half-width of the intervals if the field predicts one.

    Raises:
        ModelError: A kernel field without the facts of the scan.
    """
    import torch

    from lessgad.field.position import position_grid_mm
    from lessgad.field.precision import autocast
    from lessgad.field.side_by_side import for_each

    n_slices, height, width = images["low_dose"].shape
    wanted = range(n_slices) if numbers is None else numbers
    device = next(field.parameters()).device
    position = position_grid_mm((height, width), spacing_mm, ((height - 1) / 2, (width - 1) / 2)).to(device)
    restored = np.empty((len(wanted), height, width), dtype=np.float32)
    half_width = np.empty_like(restored) if field.settings.interval else None
    sources = _sources(field, images, dose, wanted, facts)
    slides = _slides(field, settings)
    predict = _in_windows if slides else _whole

    def restore(first: int) -> None:
        part = slice(first, first + settings.slices_at_once)
        with torch.inference_mode(), autocast(device, settings.precision):
            result = predict(field, torch.from_numpy(sources(part)).to(device), dose, position)
            restored[part] = result[:, 0].float().clamp(-1, 1).cpu().numpy()
            if half_width is not None:
                half_width[part] = result[:, 1].float().cpu().numpy()

    parts = range(0, len(wanted), settings.slices_at_once)
    if slides:  # the published network fills the memory and the cores with a few windows
        for first in parts:
            restore(first)
    else:
        for_each(restore, parts, device)
    return RestoredSlices(restored, half_width)


def _sources(
    field: AnyField,
    images: dict[str, Float[np.ndarray, "z y x"]],
    dose: float,
    numbers: Sequence[int],
    facts: ScanFacts | None,
) -> Callable[[slice], Float[np.ndarray, "n c y x"]]:
    """Give what stacks the sources of a part of the wanted slices."""
    if field.settings.preset != "kernel":
        from lessgad.field.inputs import stacked_sources

        return lambda part: stacked_sources(images, numbers[part], field.settings)
    from lessgad.field.kernel_sources import kernel_sources
    from lessgad.field.measured_enhancement import measured_enhancement

    if facts is None:
        raise ModelError("A kernel field needs the slice spacing and the noise of the scan")
    evidence = measured_enhancement(images["pre_contrast"], images["low_dose"], dose, facts, numbers)
    return lambda part: kernel_sources(evidence.of(part), field.settings.n_neighbor_slices)


def _slides(field: AnyField, settings: RestorationSettings) -> bool:
    return settings.window == "sliding" or (settings.window == "auto" and field.settings.preset == "paper")


def _whole(field: AnyField, source: torch.Tensor, dose: float, position: torch.Tensor) -> torch.Tensor:
    n = len(source)
    return _channels(field.forward_in_full(source, source.new_full((n,), dose), position.expand(n, -1, -1, -1)))


def _channels(answer: FieldOutput) -> torch.Tensor:
    """Give the restored image and, behind it, the half-width if there is one."""
    import torch

    if answer.half_width is None:
        return answer.restored
    return torch.cat((answer.restored, answer.half_width), dim=1)


def _in_windows(field: AnyField, source: torch.Tensor, dose: float, position: torch.Tensor) -> torch.Tensor:
    """Blend windows; positions travel with the pixels, as channels behind the sources."""
    import torch
    from monai.inferers import sliding_window_inference

    n_sources = source.shape[1]
    background = source.new_tensor([BACKGROUND] * n_sources + [0.0, 0.0])[:, None, None]
    stacked = torch.cat((source, position.expand(len(source), -1, -1, -1)), dim=1) - background

    def predict(window: torch.Tensor) -> torch.Tensor:
        seen = window + background
        doses = seen.new_full((len(seen),), dose)
        return _channels(field.forward_in_full(seen[:, :n_sources], doses, seen[:, n_sources:]))

    # MONAI pads slices smaller than the window with one value: 0 is background once that is subtracted.
    return sliding_window_inference(
        stacked, PATCH_SIZE, sw_batch_size=4, predictor=predict, overlap=0.5, mode="gaussian", cval=0.0
    )
