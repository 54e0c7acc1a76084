# SPDX-License-Identifier: Apache-2.0
"""The labels of a segmentation: regions in the order of experiment.yaml, numbered from 1."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int, Integer, UInt8

from lessgad.errors import ModelError, SettingsError

Regions = Mapping[str, tuple[int, ...]]
_NO_SHARED = "Give each label to one region alone, or set segmentation: null"


def check_regions(regions: Regions) -> None:
    """Raise SettingsError where there are no regions, or two of them share a label: a voxel has one label."""
    if not regions:
        raise SettingsError(
            "Segmentation needs regions, and the cohort has none",
            remedy="Name them under cohort.regions, or set segmentation: null",
        )
    owner: dict[int, str] = {}
    for name, values in regions.items():
        for value in values:
            if value in owner:
                raise SettingsError(
                    f"The regions {owner[value]} and {name} share label {value}, which segmentation does not allow",
                    remedy=_NO_SHARED,
                )
            owner[value] = name


def renumbered(labels: Int[np.ndarray, "x y z"], regions: Regions) -> UInt8[np.ndarray, "x y z"]:
    """Number the voxels of each region from 1, in the order of the regions; voxels in no region become 0.

    Args:
        labels: Labels of the mask.
        regions: Label values of each region.

    Returns:
        Number of the region of each voxel.
    """
    numbers = np.zeros(labels.shape, dtype=np.uint8)
    for number, values in enumerate(regions.values(), start=1):
        numbers[np.isin(labels, values)] = number
    return numbers


def labels_of_model(
    names: Mapping[str, Sequence[int]], regions: Regions, given: Regions | None, path: Path
) -> dict[str, tuple[int, ...]]:
    """Find the labels of a model that make up each region, as given or by name.

    Args:
        names: Labels of the model, by name.
        regions: Regions of the experiment.
        given: `segmentation.labels`.
        path: Path of the model's dataset.json, for errors.

    Returns:
        Labels of each region.

    Raises:
        ModelError: A region is not among the model's labels, or a label that is given is not one of the model's.
    """
    offered = ", ".join(f"{name} ({' and '.join(map(str, values))})" for name, values in names.items()) or "none"
    if given is not None:
        known = {value for values in names.values() for value in values}
        unknown = sorted({value for values in given.values() for value in values} - known)
        missing = [name for name in regions if name not in given]
        other = [name for name in given if name not in regions]
        if unknown or missing or other:
            wrong = f"label {unknown[0]}" if unknown else f"no labels for {missing[0]}" if missing else other[0]
            raise ModelError(
                f"segmentation.labels names {wrong}; it must give each region ({', '.join(regions)}) labels "
                f"of the model: {offered}",
                path=path,
            )
        return {name: tuple(given[name]) for name in regions}
    by_name = {_plain(name): tuple(values) for name, values in names.items()}
    missing = [name for name in regions if _plain(name) not in by_name]
    if missing:
        raise ModelError(
            f"The labels of the model are {offered}; the regions are {', '.join(regions)}",
            path=path,
            remedy=f"Say under segmentation.labels which labels make up {missing[0]}",
        )
    return {name: by_name[_plain(name)] for name in regions}


def numbered_by_region(predicted: Integer[np.ndarray, "x y z"], labels: Regions) -> UInt8[np.ndarray, "x y z"]:
    """Convert labels of a model to numbers of regions; a label of two regions counts for the first.

    Args:
        predicted: Labels of the model.
        labels: Labels of the model for each region.

    Returns:
        Number of the region of each voxel.
    """
    numbers = np.zeros(predicted.shape, dtype=np.uint8)
    for number, values in reversed(list(enumerate(labels.values(), start=1))):
        numbers[np.isin(predicted, values)] = number
    return numbers


def dseg_tsv(regions: Regions) -> str:
    """Spell the table that says what the numbers mean, as BIDS asks."""
    return "index\tname\n" + "".join(f"{number}\t{name}\n" for number, name in enumerate(regions, start=1))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
