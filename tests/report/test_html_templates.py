# SPDX-License-Identifier: Apache-2.0
"""Numbers are not torn from their units at the end of a line."""

from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from lessgad.report.html_templates import report_templates, unbroken


@pytest.mark.parametrize(
    ("words", "tied"),
    [
        ("at 30 % of the dose", "at 30~% of the dose"),
        ("2.5 ml, 3 mm and 12.0 dB", "2.5~ml, 3~mm and 12.0~dB"),
        ("3 mmHg and 18 patients", "3 mmHg and 18 patients"),
        ("gain (n = 18 / 20)", "gain (n~=~18~/~20)"),
    ],
)
def test_numbers_are_tied_to_units(words, tied):
    assert unbroken(words).replace("\u00a0", "~") == tied


@given(st.text())
def test_nothing_else_is_changed(words):
    assert unbroken(words).replace("\u00a0", " ") == words.replace("\u00a0", " ")
    assert unbroken(unbroken(words)) == unbroken(words)


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        ("the tumor's box", "the tumor’s box"),
        ("'quoted'", "'quoted'"),
        ("5' 30''", "5' 30''"),
        ("patients' scans", "patients' scans"),
    ],
)
def test_an_apostrophe_within_a_word_is_curly(words: str, printed: str):
    assert report_templates().from_string("{{ words }}").render(words=Markup(words)) == words
    assert unescape(report_templates().from_string("{{ words }}").render(words=words)) == printed
