# SPDX-License-Identifier: Apache-2.0
"""The section says whose readings count, and which cannot tell."""

from test_answer_section import ENDPOINTS, LEVELS, an_answer, words

from lessgad.evaluation.answer_settings import AnswerSettings, Endpoint
from lessgad.evaluation.dose_answer import find_dose_answer
from lessgad.evaluation.outcomes import Outcome
from lessgad.evaluation.preregistration import Preregistration
from lessgad.evaluation.reader_gain import ReaderScore, reader_gains
from lessgad.report.answer_section import answer_section


def read_answer(by_dose, again=None):
    """By recovery and by readers; `by_dose`: dose → score of all 12 patients; `again`: second one of dose 1."""
    gain = Endpoint(metric="reader_gain", at_least=0.8)
    patients = [f"P{p:02d}" for p in range(12)]
    made = [
        Outcome(patient, "1", dose, "restored", "recovery", "", of_dose[0])
        for dose, of_dose in LEVELS.items()
        for patient in patients
    ]
    seconds = [] if again is None else [(1.0, again, True)]
    for dose, score, second in [(dose, score, False) for dose, score in by_dose.items()] + seconds:
        read = [ReaderScore(patient, "kim", patient, gain.area, dose, float(score), second) for patient in patients]
        made += read
    scores = [one for one in made if isinstance(one, ReaderScore)]
    outcomes = [one for one in made if isinstance(one, Outcome)] + list(reader_gains(scores))
    settings = AnswerSettings(endpoints=(ENDPOINTS[0], gain))
    return find_dose_answer(outcomes, settings, doses=tuple(LEVELS), patients=patients)


def test_a_dose_that_readers_did_not_read_says_whose_readings_count():
    section = answer_section(read_answer({0.0: 1, 0.3: 5, 1.0: 5}))
    assert section.headline == "30 % of the standard dose is the lowest dose shown to be sufficient."
    assert [row.cells[1].read_at for row in section.rows] == ["read at 30 %", "", "", ""]
    assert section.rows[2].cells[1].missing == "12 patients without a reading"
    shown = words(section)
    assert "read at 30 %" in shown
    assert "has the readings of the next lower dose that was" in shown
    assert "kept share of the readers’ gain from contrast (12 patients without a reading)" in section.evidence


def test_readings_that_cannot_tell_are_named_on_the_first_screen():
    section = answer_section(read_answer({0.1: 4, 0.3: 5}))
    assert "Kept share of the readers’ gain from contrast gives no verdict: no reader scored" in section.evidence
    assert section.headline.startswith("30 %")
    assert "next lower dose" not in words(section)


def test_second_readings_are_not_called_a_repeat_scan():
    section = answer_section(read_answer({0.0: 1, 0.1: 5, 0.3: 5, 0.5: 5, 1.0: 5}, again=4.0))
    assert section.rows[0].dose == "100 %, read again"
    assert "The standard dose, read again, fails kept share of the readers’ gain" in section.evidence
    assert "No study has a repeat scan" in words(section)


def test_an_endpoint_of_readers_that_joined_is_told():
    fixed = Preregistration("before results", (), "2026-01-05", "ab" * 32, readers_joined=True)
    assert "they were not among what was fixed in advance" in words(answer_section(an_answer(), fixed))
