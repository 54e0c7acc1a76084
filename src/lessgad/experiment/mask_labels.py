# SPDX-License-Identifier: Apache-2.0
"""Which labels the masks of a cohort hold, and whether the regions of the tumor are among them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from lessgad.errors import SettingsError, VolumeError
from lessgad.volume import read_volume

LEAST_MASKS = 3  # read at least, so that labels beside the tumor are seen too


def labels_in_masks(masks: Iterable[Path], wanted: Collection[int]) -> set[int]:
    """Read masks until every wanted label was found, or all masks were read; 0 is no label.

    Masks that cannot be read are passed over; `lessgad run` names them.

    Args:
        masks: Files of the masks.
        wanted: Labels to look for.

    Returns:
        The labels that were found.
    """
    found: set[int] = set()
    for number, path in enumerate(masks, start=1):
        try:
            found |= {int(value) for value in np.unique(read_volume(path, labels=True).array)} - {0}
        except VolumeError:
            continue
        if number >= LEAST_MASKS and set(wanted) <= found:
            break
    return found


def check_regions_are_drawn(regions: Mapping[str, Sequence[int]], found: Collection[int]) -> None:
    """Raise SettingsError for a region with a label that no mask holds.

    Args:
        regions: Regions as chosen on the command line.
        found: Labels of the masks; empty where none could be read, and nothing is known then.
    """
    for name, values in regions.items():
        missing = [value for value in values if value not in found]
        if missing and found:
            raise SettingsError(
                f"--region {name} names label {missing[0]}, which no mask holds; the masks hold "
                f"{', '.join(map(str, sorted(found)))}",
                remedy="Correct --region, or choose other masks with --derivative",
            )


def not_tumor_words(
    found: Collection[int], regions: Mapping[str, Sequence[int]], names: Mapping[int, str]
) -> list[str]:
    """Say which labels of the masks are in no region and therefore do not count as tumor.

    Args:
        found: Labels that the masks hold.
        regions: Label values of each region.
        names: Meaning of the labels.

    Returns:
        At most one line.
    """
    counted = {value for values in regions.values() for value in values}
    left = sorted(set(found) - counted)
    if not left or not counted:
        return []
    named = ", ".join(f"{value} ({names[value]})" if value in names else str(value) for value in left)
    is_one = len(left) == 1
    return [
        f"{'label' if is_one else 'labels'} {named} of the masks {'is' if is_one else 'are'} in no region and "
        f"{'does' if is_one else 'do'} not count as tumor"
    ]
