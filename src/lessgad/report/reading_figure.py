# SPDX-License-Identifier: Apache-2.0
"""What readers answered, dose by dose, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lessgad.dose_fraction import percent
from lessgad.reader_study.question_summaries import CountRow
from lessgad.reader_study.questionnaire import Questionnaire
from lessgad.reader_study.questions import OTHER, ChoiceQuestion, Question, ReasonsQuestion, ScaleQuestion
from lessgad.report.style import INK, MUTED, RULE, new_figure, place, styled, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN, LEFT_IN, BARS_IN, GAP_IN = 8.2, 0.75, 4.9, 0.2
BAR_IN, REASON_IN, LABEL_IN, TITLE_IN, HEAD_IN = 0.3, 0.2, 0.165, 0.26, 0.2
_REASON = "#6b6b70"
#: From the good end to the bad one, even in lightness from either side.
_GOOD_TO_BAD = ("#0b5fa5", "#7fb0d8", "#d9d9dc", "#e8a58a", "#c1272d")
_LOWER_TO_HIGHER = ("#8a4f9e", "#c4a3cf", "#d9d9dc", "#e9c27a", "#d98200")
_WRITTEN_FROM = 0.04  # shares of a bar that hold a number


def answer_bars(questionnaire: Questionnaire, counts: Sequence[CountRow]) -> Figure | None:
    """Draw one bar per dose for every scale and choice, and counts for every reason.

    Args:
        questionnaire: Questionnaire of the study.
        counts: Counts of one reader, or of all together.

    Returns:
        The figure; None without data.
    """
    panels = [question for question in questionnaire.questions if any(row.question == question.key for row in counts)]
    panels = [
        question
        for question in panels
        if not isinstance(question, ReasonsQuestion) or _ticked(question, _of(counts, question))
    ]
    if not panels:
        return None
    heights = [_height(question, _of(counts, question)) for question in panels]
    with styled():
        figure = new_figure(WIDTH_IN, sum(heights) + 0.1)
        top = 0.05
        for question, height in zip(panels, heights, strict=True):
            write(figure, 0.05, top, question.wording, 8.5, "bold")
            of_question = _of(counts, question)
            if isinstance(question, ReasonsQuestion):
                _draw_reasons(figure, question, of_question, top + TITLE_IN)
            else:
                _draw_shares(figure, question, of_question, top + TITLE_IN)
            top += height
    return figure


def _draw_shares(figure: Figure, question: Question, counts: Sequence[CountRow], top: float) -> None:
    labels, colors = _labels(question), _colors(question)
    doses = _doses(counts)
    axes = _bar_axes(figure, top, len(doses))
    for place_of_bar, dose in enumerate(doses):
        at = {row.answer: row for row in counts if row.dose == dose}
        start = 0.0
        for answer, color in zip(labels, colors, strict=True):
            row = at[answer]
            axes.barh(place_of_bar, row.share, left=start, height=0.72, color=color, linewidth=0)
            if row.share >= _WRITTEN_FROM:
                ink = "white" if _is_dark(color) else INK
                axes.text(start + row.share / 2, place_of_bar, str(row.count), color=ink, ha="center", va="center")
            start += row.share
    _finish(axes, doses)
    axes.set_xlim(0, 1)
    for line, (label, color) in enumerate(zip(labels.values(), colors, strict=True)):
        _legend_line(figure, top + line * LABEL_IN, label, color)


def _draw_reasons(figure: Figure, question: ReasonsQuestion, counts: Sequence[CountRow], top: float) -> None:
    """How many readings each reason was ticked in: a column per dose, on one scale."""
    doses, ticked = _doses(counts), _ticked(question, counts)
    label = {option.key: option.label for option in question.options} | {OTHER: "other"}
    largest = max(row.count for row in counts)
    width = BARS_IN / len(doses)
    for column, dose in enumerate(doses):
        of_dose = {row.answer: row for row in counts if row.dose == dose}
        left = LEFT_IN + column * width
        write(figure, left, top, f"{_about(dose)}  of {max(row.n_readings for row in of_dose.values())}", 7.5)
        axes = place(figure, left, top + HEAD_IN, width - GAP_IN, REASON_IN * len(ticked))
        for line, key in enumerate(ticked):
            count = of_dose[key].count
            axes.barh(line, count, height=0.72, color=_REASON, linewidth=0)
            axes.text(count + 0.03 * largest, line, str(count), va="center", color=INK if count else MUTED)
        _finish(axes, [None] * len(ticked))
        axes.set_xlim(0, 1.2 * largest)
        axes.spines["left"].set_visible(True)
    for line, key in enumerate(ticked):
        below = top + HEAD_IN + REASON_IN * (line + 0.5) - 0.065
        write(figure, LEFT_IN + BARS_IN + GAP_IN, below, label[key], 7.5)


def _bar_axes(figure: Figure, top: float, n_bars: int) -> Axes:
    return place(figure, LEFT_IN, top, BARS_IN, BAR_IN * n_bars)


def _finish(axes: Axes, doses: Sequence[float | None]) -> None:
    axes.set_yticks(range(len(doses)), [_about(dose) for dose in doses])
    axes.set_ylim(len(doses) - 0.5, -0.5)
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(RULE)
        axes.spines[side].set_visible(False)


def _legend_line(figure: Figure, top: float, label: str, color: str) -> None:
    from matplotlib.patches import Rectangle

    width, height = figure.get_size_inches()
    left = LEFT_IN + BARS_IN + GAP_IN
    corner = (left / width, 1 - (top + 0.115) / height)
    figure.patches.append(
        Rectangle(corner, 0.11 / width, 0.11 / height, transform=figure.transFigure, color=color, linewidth=0)
    )
    write(figure, left + 0.17, top - 0.005, label, 7.5)


def _labels(question: Question) -> dict[str, str]:
    """Answers and how they are called, from the left of a bar to the right."""
    if isinstance(question, ScaleQuestion):
        return {str(step): f"{step} {label}" for step, label in enumerate(question.labels_with(), start=1)}
    return {option.key: option.label for option in question.options} if isinstance(question, ChoiceQuestion) else {}


def _colors(question: Question) -> list[str]:
    n = len(_labels(question))
    if isinstance(question, ScaleQuestion) and question.best_end != "first":
        ramp = _GOOD_TO_BAD[::-1] if question.best_end == "last" else _LOWER_TO_HIGHER
        return _spread(ramp, n)
    return _spread(_GOOD_TO_BAD, n)


def _spread(ramp: Sequence[str], n: int) -> list[str]:
    """Take n colors from end to end of a ramp, mixed where there are more."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    mixed = LinearSegmentedColormap.from_list("ramp", list(ramp))
    return [to_hex(mixed(k / (n - 1))) for k in range(n)]


def _is_dark(color: str) -> bool:
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(color)
    return 0.3 * red + 0.59 * green + 0.11 * blue < 0.55


def _doses(counts: Sequence[CountRow]) -> list[float | None]:
    return sorted({row.dose for row in counts}, key=lambda dose: (dose is None, dose or 0.0))


def _about(dose: float | None) -> str:
    return "" if dose is None else percent(dose)


def _of(counts: Sequence[CountRow], question: Question) -> list[CountRow]:
    return [row for row in counts if row.question == question.key]


def _ticked(question: ReasonsQuestion, counts: Sequence[CountRow]) -> list[str]:
    """Reasons that somebody ticked, the most frequent first."""
    total = {key: sum(row.count for row in counts if row.answer == key) for key in question.option_keys}
    return sorted((key for key in total if total[key]), key=lambda key: -total[key])


def _height(question: Question, counts: Sequence[CountRow]) -> float:
    if isinstance(question, ReasonsQuestion):
        return TITLE_IN + HEAD_IN + REASON_IN * len(_ticked(question, counts)) + 0.25
    return TITLE_IN + max(BAR_IN * len(_doses(counts)), LABEL_IN * len(_labels(question))) + 0.25
