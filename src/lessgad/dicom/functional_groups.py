# SPDX-License-Identifier: Apache-2.0
"""Find an attribute of one frame, in a classic image or in the functional groups of an enhanced one.

An enhanced file holds many frames. What all frames share is in SharedFunctionalGroupsSequence, what one frame has of
its own in PerFrameFunctionalGroupsSequence. Source: DICOM PS3.3 C.7.6.16.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

#: Deepest nesting that is looked into: Philips keeps classic attributes in a private sequence of each frame.
_DEEPEST = 2


def n_frames(dataset: Dataset) -> int:
    """Count the frames of a file; 1 for a classic image."""
    try:
        return max(int(dataset.get("NumberOfFrames") or 1), 1)
    except (TypeError, ValueError):
        return 1


def value_of(dataset: Dataset, keyword: str, frame: int = 0) -> Any:  # noqa: ANN401 - the VR gives the type
    """Give the value of an attribute for one frame.

    Args:
        dataset: A file without its pixels.
        keyword: DICOM's keyword.
        frame: Index of the frame, from 0.

    Returns:
        The value closest to the frame: its own group, then the shared one, then the file; None where there is none or
        it is empty.
    """
    for place in (*_groups(dataset, "PerFrameFunctionalGroupsSequence", frame), *_shared(dataset), dataset):
        value = place.get(keyword)
        if value is not None and value != "" and not (hasattr(value, "__len__") and len(value) == 0):
            return value
    return None


def words_of(dataset: Dataset, keyword: str, frame: int = 0) -> tuple[str, ...]:
    """Give the values of an attribute as stripped words; empty where there is none.

    Args:
        dataset: A DICOM dataset.
        keyword: DICOM keyword of the attribute.
        frame: Number of the frame, from 0.

    Returns:
        The values without surrounding spaces; empty if the attribute is missing.
    """
    value = value_of(dataset, keyword, frame)
    if value is None:
        return ()
    values = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else list(value)
    return tuple(str(one).strip() for one in values if str(one).strip())


def numbers_of(dataset: Dataset, keyword: str, frame: int = 0) -> tuple[float, ...]:
    """Give the values of an attribute as numbers; empty where there is none or one is no finite number.

    Args:
        dataset: A DICOM dataset.
        keyword: DICOM keyword of the attribute.
        frame: Number of the frame, from 0.

    Returns:
        The values; empty if the attribute is missing or a value is not a finite number.
    """
    value = value_of(dataset, keyword, frame)
    if value is None:
        return ()
    values = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else list(value)
    try:
        numbers = tuple(float(one) for one in values)
    except (TypeError, ValueError):
        return ()
    return numbers if all(abs(number) < float("inf") for number in numbers) else ()


def number_of(dataset: Dataset, keyword: str, frame: int = 0) -> float | None:
    """Give the first value of an attribute as a number.

    Args:
        dataset: A DICOM dataset.
        keyword: DICOM keyword of the attribute.
        frame: Number of the frame, from 0.

    Returns:
        The number; None if there is none.
    """
    numbers = numbers_of(dataset, keyword, frame)
    return numbers[0] if numbers else None


def _shared(dataset: Dataset) -> tuple[Dataset, ...]:
    return tuple(_groups(dataset, "SharedFunctionalGroupsSequence", 0))


def _groups(dataset: Dataset, keyword: str, index: int) -> Iterator[Dataset]:
    items = dataset.get(keyword) or []
    if index < len(items):
        yield from _nested(items[index], _DEEPEST)


def _nested(dataset: Dataset, depth: int) -> Iterator[Dataset]:
    """Give the items of the sequences of a group, public ones first, and what they hold."""
    from pydicom.sequence import Sequence

    items = [item for element in dataset if isinstance(element.value, Sequence) for item in element.value]
    yield from items
    if depth > 1:
        for item in items:
            yield from _nested(item, depth - 1)
