# SPDX-License-Identifier: Apache-2.0
"""Which labels of the masks are tumor: as chosen on the command line, or by their names in dseg.tsv."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lessgad.errors import SettingsError

#: Labels that people draw beside a tumor.
NOT_TUMOR = {"edema", "oedema", "cochlea", "labyrinth", "brain", "background", "brainstem", "cerebellum"}


def tumor_regions(options: Sequence[str], names: Mapping[int, str]) -> dict[str, tuple[int, ...]]:
    """Find the label values of each tumor region.

    Args:
        options: ``name=1,2`` each; none takes every label that is a tumor by its name.
        names: What the labels mean, as a dseg.tsv states it.

    Returns:
        Label values by region.

    Raises:
        SettingsError: An option cannot be read, or names a region twice.
    """
    return _chosen(options) or labels_by_name({v: n for v, n in names.items() if n.lower() not in NOT_TUMOR})


def labels_by_name(names: Mapping[int, str]) -> dict[str, tuple[int, ...]]:
    """Group label values by name; two labels of one name make one region, and 0 is the background.

    Args:
        names: Meaning of the labels.

    Returns:
        Label values by name.
    """
    labels: dict[str, tuple[int, ...]] = {}
    for value, name in names.items():
        if value > 0:
            labels[name] = (*labels.get(name, ()), value)
    return labels


def _chosen(options: Sequence[str]) -> dict[str, tuple[int, ...]]:
    regions: dict[str, tuple[int, ...]] = {}
    for name, labels in map(_parse_region, options):
        if name in regions:
            raise SettingsError(f"The region {name} is named twice", remedy=f"Give all its labels in one: {name}=1,4")
        regions[name] = labels
    return regions


def _parse_region(option: str) -> tuple[str, tuple[int, ...]]:
    name, separator, values = option.partition("=")
    try:
        labels = tuple(int(value) for value in values.split(","))
    except ValueError:
        labels = ()
    if not (name.isidentifier() and separator and labels and all(label > 0 for label in labels)):
        raise SettingsError(
            f"--region {option} is not understood",
            remedy="Write a name and its labels, such as enhancing=4 or tumor=1,4",
        )
    return name, labels
