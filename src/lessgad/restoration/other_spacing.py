# SPDX-License-Identifier: Apache-2.0
"""Restore a scan at another in-plane spacing than its own: the field is a function of the place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from lessgad.errors import ModelError
from lessgad.preparation.head import HeadBox
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.volumes import RestoredVolume, restore_volume
from lessgad.volume import Volume

if TYPE_CHECKING:
    import torch

    from lessgad.field.build import AnyField
    from lessgad.field.measured_enhancement import ScanFacts


def resample_in_plane(volume: Volume, spacing_mm: tuple[float, float], *, order: int = 3) -> Volume:
    """Resample slices to another spacing by cubic interpolation; the corner of the field of view stays.

    Args:
        volume: Volume in transverse order.
        spacing_mm: Wanted along x and y.
        order: Order of the splines; 1 for linear interpolation, which never leaves the range of its neighbors.

    Returns:
        A volume of n' = round(n · spacing / wanted) voxels along each; beyond the last centers the edge is repeated.
    """
    from scipy import ndimage

    scanned = zip(volume.array.shape[:2], volume.spacing_mm[:2], spacing_mm, strict=True)
    n = [max(1, round(m * own / wanted)) for m, own, wanted in scanned]
    places = _places(n, volume.spacing_mm[:2], spacing_mm)
    at = np.meshgrid(*places, indexing="ij")
    array = np.stack(
        [
            ndimage.map_coordinates(np.asarray(volume.array[:, :, k], np.float32), at, order=order, mode="nearest")
            for k in range(volume.array.shape[2])
        ],
        axis=2,
    )
    ratios = np.array([wanted / own for wanted, own in zip(spacing_mm, volume.spacing_mm, strict=False)])
    affine = volume.affine.copy()
    affine[:3, 3] += affine[:3, :2] @ ((ratios - 1) / 2)
    affine[:3, :2] *= ratios
    return Volume(array, affine, volume.frame)


def restore_at_spacing(
    field: AnyField,
    images: dict[str, Float[np.ndarray, "x y z"]],
    dose: float,
    head_box: HeadBox,
    spacing_mm: tuple[float, float, float],
    wanted_mm: tuple[float, float],
    settings: RestorationSettings,
    facts: ScanFacts | None = None,
) -> RestoredVolume:
    """Restore a volume in transverse order at another in-plane spacing, on the grid of `resample_in_plane`.

    Features are those of the images as scanned, interpolated; intensities and positions are those of each place.
    A kernel field restores on the grid of the scan, and its image is interpolated. Outside the head box the low dose
    is passed on, interpolated.

    Args:
        field: The network, of preset `kernel` or `compact`.
        images: `low_dose` and, where the field needs it, `pre_contrast`; `t2` where there is one; on [−1, 1].
        dose: Fraction of the standard dose.
        head_box: The part of each slice to restore.
        spacing_mm: Spacing of the images along x, y and z, in mm.
        wanted_mm: Along x and y.
        settings: Precision and slices at once.
        facts: Noise and dose curve of the scan, which the kernel field needs.

    Returns:
        The restored volume at that spacing.

    Raises:
        ModelError: The published network, whose features lie on the pixels.
    """
    import torch

    from lessgad.field.conditional_field import ConditionalField
    from lessgad.field.inputs import images_seen, stacked_sources
    from lessgad.field.kernel_field import KernelField
    from lessgad.field.position import position_grid_mm
    from lessgad.field.precision import autocast

    if isinstance(field, KernelField):
        volume = restore_volume(field, images, dose, head_box, spacing_mm, settings, facts)
        return _interpolated(volume, spacing_mm, wanted_mm)
    if not isinstance(field, ConditionalField):
        raise ModelError(
            "The published network cannot restore at another spacing", remedy="Use a model of preset kernel or compact"
        )
    seen = images_seen(images, field.settings.inputs)
    scanned = {name: Volume(image, np.diag([*spacing_mm, 1.0])) for name, image in seen.items()}
    there = {name: resample_in_plane(image, wanted_mm).array for name, image in scanned.items()}
    both = [{name: image.transpose(2, 1, 0) for name, image in stack.items()} for stack in (seen, there)]
    x, y = _places(there["low_dose"].shape[:2], spacing_mm[:2], wanted_mm)
    middle = (head_box.x_start + head_box.x_stop - 1) / 2, (head_box.y_start + head_box.y_stop - 1) / 2
    center = tuple((m + 0.5) * own / to - 0.5 for m, own, to in zip(middle, spacing_mm, wanted_mm, strict=False))
    device = next(field.parameters()).device
    position = position_grid_mm((len(y), len(x)), (wanted_mm[1], wanted_mm[0]), (center[1], center[0])).to(device)
    rows, columns = (torch.from_numpy(places.astype(np.float32)).to(device) for places in (y, x))
    inside = np.ix_(_between(x, head_box.x_start, head_box.x_stop), _between(y, head_box.y_start, head_box.y_stop))
    restored = np.array(there["low_dose"], dtype=np.float32)
    half_width = np.zeros_like(restored) if field.settings.interval else None
    with torch.inference_mode(), autocast(device, settings.precision):
        for first in range(0, restored.shape[2], settings.slices_at_once):
            part = slice(first, first + settings.slices_at_once)
            numbers = range(restored.shape[2])[part]
            source, source_there = (
                torch.from_numpy(stacked_sources(stack, numbers, field.settings)).to(device) for stack in both
            )
            doses = source.new_full((len(source),), dose)
            answer = field.forward_onto(
                source, doses, source_there, position.expand(len(source), -1, -1, -1), rows, columns
            )
            restored[..., part][inside] = _volume(answer.restored.clamp(-1, 1))[inside]
            if half_width is not None and answer.half_width is not None:
                half_width[..., part][inside] = _volume(answer.half_width)[inside]
    return RestoredVolume(restored, half_width)


def _interpolated(
    volume: RestoredVolume, spacing_mm: tuple[float, float, float], wanted_mm: tuple[float, float]
) -> RestoredVolume:
    affine = np.diag([*spacing_mm, 1.0])
    image, half_width = (
        None if array is None else resample_in_plane(Volume(array, affine), wanted_mm).array for array in volume
    )
    assert image is not None  # noqa: S101 - for the type checker
    return RestoredVolume(image, None if half_width is None else np.maximum(half_width, 0))


def _volume(slices: torch.Tensor) -> Float[np.ndarray, "x y z"]:
    array: Float[np.ndarray, "z y x"] = slices[:, 0].float().cpu().numpy()
    return array.transpose(2, 1, 0)


def _between(places: Float[np.ndarray, " n"], start: int, stop: int) -> Bool[np.ndarray, " n"]:
    return (places >= start - 0.5) & (places < stop - 0.5)


def _places(n: Sequence[int], spacing_mm: Sequence[float], wanted_mm: Sequence[float]) -> list[Float[np.ndarray, " _"]]:
    """Where the centers of the wanted pixels lie, in pixels of the scan; the corner of the first is the same."""
    return [(np.arange(count) + 0.5) * to / own - 0.5 for count, own, to in zip(n, spacing_mm, wanted_mm, strict=True)]
