# SPDX-License-Identifier: Apache-2.0
"""Keep the page small enough to send: pictures of single studies are left out beyond a limit."""

from __future__ import annotations

from dataclasses import replace

from lessgad.report.content import Picture, ReportContent

MOST_BYTES = 18_000_000  # of pictures as they are in the page; with all words it stays below 20 MB
_BASE64 = 4 / 3


def within_budget(content: ReportContent, most_bytes: int = MOST_BYTES) -> ReportContent:
    """Leave out preparation sheets, then sheets of whole slices, from the end, until the page is small enough.

    The content says how many pictures were left out.

    Args:
        content: Content of the report.
        most_bytes: Largest size of the page, in bytes.

    Returns:
        The content that fits.
    """
    room = most_bytes - _size([*_always(content)])
    sheets = _fitting(content.sheets, room)
    preparations = _fitting(content.preparations, room - _size(sheets))
    return replace(
        content,
        sheets=sheets,
        preparations=preparations,
        n_sheets_left_out=content.n_sheets_left_out + len(content.sheets) - len(sheets),
        n_preparations_left_out=content.n_preparations_left_out + len(content.preparations) - len(preparations),
    )


def _always(content: ReportContent) -> list[Picture]:
    first = content.first
    pictures = [*content.curves, *content.enhancement_curves, *content.galleries, *content.learning_curves]
    pictures += [p for p in (content.calibration, content.reading_bars) if p is not None]
    if first is not None:
        pictures += [*first.images, *([] if first.figure is None else [first.figure])]
    if content.segmentation is not None:
        pictures += [*content.segmentation.curves, *content.segmentation.contours]
    return pictures


def _fitting(pictures: tuple[Picture, ...], room: float) -> tuple[Picture, ...]:
    kept: list[Picture] = []
    for picture in pictures:
        room -= _size([picture])
        if room < 0:
            break
        kept.append(picture)
    return tuple(kept)


def _size(pictures: list[Picture] | tuple[Picture, ...]) -> float:
    return _BASE64 * sum(len(picture.png) + len(picture.svg.encode()) for picture in pictures)
