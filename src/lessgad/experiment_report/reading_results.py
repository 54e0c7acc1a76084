# SPDX-License-Identifier: Apache-2.0
"""The reader study in the report, from what `lessgad reader results` wrote."""

from __future__ import annotations

from pathlib import Path

from lessgad.experiment.opened import Experiment
from lessgad.reader_study.readings_json import read_readings_json
from lessgad.reader_study.results import summarize_readings
from lessgad.report.content import Picture
from lessgad.report.reading_figure import answer_bars
from lessgad.report.reading_section import ReadingSection, pooled_over_readers, reading_section
from lessgad.report.style import to_svg


def readings_file(experiment: Experiment) -> Path:
    """Find the file of the readings, if there are any."""
    return experiment.folder.results / "readings.json"


def reading_results(experiment: Experiment) -> tuple[ReadingSection | None, Picture | None]:
    """Describe the readings in words and bars.

    Args:
        experiment: The opened experiment.

    Returns:
        Section and picture; None if no test cases were read.

    Raises:
        InputError: ``readings.json`` is damaged.
    """
    path = readings_file(experiment)
    if not path.exists():
        return None, None
    readings = read_readings_json(path)
    summary = summarize_readings(readings, experiment.settings.evaluation.n_resamples)
    if not summary.n_cases:
        return None, None
    figure = answer_bars(readings.questionnaire, pooled_over_readers(summary.counts))
    if figure is None:
        return reading_section(readings, summary), None
    alt = "For each question one bar per dose, divided by the frequency of each answer"
    who = "the reader" if summary.n_readers == 1 else f"all {summary.n_readers} readers together"
    what = "second scan at the standard dose" if readings.settings.hidden_repeat else "standard dose"
    hidden = f" 100 % is the hidden {what}." if readings.settings.reads_standard else ""
    caption = f"Frequency of each answer, {who}; the numbers count readings.{hidden}"
    return reading_section(readings, summary), Picture(b"", alt, caption, svg=to_svg(figure), table="reading_counts")
