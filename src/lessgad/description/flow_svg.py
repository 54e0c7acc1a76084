# SPDX-License-Identifier: Apache-2.0
"""Draw the flow of Figure 1 as SVG: boxes from top to bottom, exclusions to the right."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from html import escape

from lessgad.description.exclusions import Exclusion
from lessgad.description.flow import FlowStep, counted, flow_in_words

WIDTH, BOX_WIDTH, SIDE_WIDTH = 700.0, 330.0, 310.0
_LINE, _PAD, _GAP, _MARGIN = 17.0, 10.0, 26.0, 8.0
_CHARACTERS, _SIDE_CHARACTERS = 50, 46
_FONT = 'font-family="DejaVu Sans, Verdana, Arial, sans-serif" font-size="12" fill="#1d1d1f"'


def flow_svg(steps: Sequence[FlowStep]) -> str:
    """Draw the steps; the picture says in a description what it shows."""
    parts: list[str] = []
    top = _MARGIN
    for number, step in enumerate(steps):
        lines = [piece for line in step.lines for piece in textwrap.wrap(line, _CHARACTERS)]
        height = 2 * _PAD + _LINE * (1 + len(lines))
        parts += _box(_MARGIN, top, BOX_WIDTH, height, [step.title, *lines], "#eef3f8")
        bottom = top + height
        side_bottom = bottom
        if step.excluded:
            words = _side_lines(step.excluded)
            side_height = 2 * _PAD + _LINE * len(words)
            left = WIDTH - _MARGIN - SIDE_WIDTH
            parts += _box(left, top, SIDE_WIDTH, side_height, words, "#ffffff")
            parts.append(_arrow(_MARGIN + BOX_WIDTH, top + height / 2, left, top + height / 2))
            side_bottom = top + max(side_height, height)
        top = max(bottom, side_bottom) + _GAP
        if number + 1 < len(steps):
            middle = _MARGIN + BOX_WIDTH / 2
            parts.append(_arrow(middle, bottom, middle, top))
    height = top - _GAP + _MARGIN
    description = escape(flow_in_words(steps))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" role="img" '
        f'aria-labelledby="flow-title flow-words">'
        f'<title id="flow-title">Figure 1: flow of patients and studies</title>'
        f'<desc id="flow-words">{description}</desc>'
        f'<defs><marker id="flow-head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
        f'orient="auto"><path d="M0 0L8 4L0 8z" fill="#6b6b70"/></marker></defs>{"".join(parts)}</svg>\n'
    )


def _side_lines(excluded: Sequence[Exclusion]) -> list[str]:
    n_all = sum(len(exclusion.studies) for exclusion in excluded)
    lines = [f"Excluded: {counted(n_all, 'study', 'studies')}"]
    for exclusion in excluded:
        lines += textwrap.wrap(
            f"{len(exclusion.studies)}: {exclusion.reason}", _SIDE_CHARACTERS, subsequent_indent="   "
        )
    return lines


def _box(left: float, top: float, width: float, height: float, lines: Sequence[str], fill: str) -> list[str]:
    """Draw a rectangle with a bold first line and plain further ones."""
    parts = [
        f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="3" fill="{fill}" '
        f'stroke="#6b6b70" stroke-width="1"/>'
    ]
    for number, line in enumerate(lines):
        weight = ' font-weight="bold"' if number == 0 else ""
        y = top + _PAD + _LINE * (number + 0.75)
        parts.append(f'<text x="{left + _PAD:g}" y="{y:g}" {_FONT}{weight}>{escape(line)}</text>')
    return parts


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="#6b6b70" stroke-width="1.2" '
        f'marker-end="url(#flow-head)"/>'
    )
