# SPDX-License-Identifier: Apache-2.0
"""Words that readers of technical English stumble over: docstrings, messages and docs say it in standard terms."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: A pattern, and what to write in its place.
BANNED = {
    r"\bshall\b": "must, should, or is to",
    r"\b(?:lies?|look|looks|lying|called) otherwise\b|\botherwise than\b": "differently; has its own position",
    r"\bbe it\b": "26-connected, for example",
    r"\bas in files of before\b|\bof before\b": "as in older files",
    r"\bknows? better\b": "is more accurate",
    r"\bhelped nobody\b": "no gain on validation patients",
    r"\bwhom nothing\b": "held-out test patients",
    r"\btakes care that\b": "normalizes so that, ensures that",
    r"\bwas promised\b": "nominal",
    r"\bthe day then\b": "a typical session",
    r"\bnobody (?:listens|could ever)\b": "name who, or what is ignored",
    r": Likewise\.$": "say what it is, so that it makes sense in a tooltip",
    r": Of both\.$": "say what it is, so that it makes sense in a tooltip",
    r"^\s+\w+: How\.$": "say what it is, so that it makes sense in a tooltip",
}
FOLDERS = ("src", "docs", "examples")
TEXTS = [
    *sorted(path for folder in FOLDERS for kind in ("*.py", "*.md", "*.j2") for path in (ROOT / folder).rglob(kind)),
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
]


@pytest.mark.parametrize("pattern", BANNED)
def test_no_text_has_words_that_the_style_bans(pattern):
    banned = re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    found = [
        f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}: {match[0].strip()}"
        for path in TEXTS
        for text in [path.read_text(encoding="utf-8")]
        for match in banned.finditer(text)
    ]
    assert not found, f"write {BANNED[pattern]!r}:\n" + "\n".join(found)


def test_the_patterns_find_what_they_are_for():
    bad = "it shall; lies otherwise; be it at a corner; of before\n    x: Likewise.\n    settings: How.\n"
    hits = [pattern for pattern in BANNED if re.search(pattern, bad, re.IGNORECASE | re.MULTILINE)]
    assert len(hits) == 6
    assert len(TEXTS) > 400
