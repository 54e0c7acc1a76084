# SPDX-License-Identifier: Apache-2.0
"""Answer sets made up for tests: one with the paper's counts, and readers whose agreement is known."""

import numpy as np

from lessgad.reader_study.design import sample_cases
from lessgad.reader_study.protocol import ReadingProtocol
from lessgad.reader_study.questionnaire import default_questionnaire
from lessgad.reader_study.readings import reading_rows
from lessgad.reader_study.responses import problems
from lessgad.reader_study.settings import ReaderStudySettings

KEY = "a key that nobody knows"
QUESTIONS = default_questionnaire()
LOW, HIGH = 0.1, 0.3


def protocol(n_patients=14, **settings):
    """Two studies of each of the first patients, one of the others, 22 in all for 14 patients."""
    design = ReaderStudySettings(**settings)
    test = [(f"P{k:02}", str(s)) for k in range(n_patients) for s in range(2 if k < 8 else 1)]
    return ReadingProtocol(
        settings=design,
        questionnaire=QUESTIONS,
        cases=sample_cases(test, [("V1", ""), ("V2", "")], design, KEY),
        key=KEY,
    )


def steps(**counts):
    """``steps(two=3, three=10)`` is ten times 3 and three times 2, as a list."""
    names = ("one", "two", "three", "four", "five")
    return [names.index(name) + 1 for name, n in counts.items() for _ in range(n)]


def reasons(*ticked):
    return [{"chosen": list(keys), "other": ""} for keys in ticked]


OUTSIDE, LACK, DARK, CYSTS = ("outside_tumor", "lack_of_enhancement", "decreased_brightness", "cysts_imperceptible")
TABLE_5 = {
    ("image_quality", LOW): steps(two=2, three=17, four=3),
    ("image_quality", HIGH): steps(two=1, three=13, four=7, five=1),
    ("lesion_detectability", LOW): steps(two=1, three=12, four=8, five=1),
    ("lesion_detectability", HIGH): steps(two=3, three=18, four=1),
    ("enhancement_pattern", LOW): ["different"] * 15 + ["similar"] * 7,
    ("enhancement_pattern", HIGH): ["different"] * 6 + ["similar"] * 16,
    ("sufficient", LOW): ["no"] * 12 + ["yes"] * 10,
    ("sufficient", HIGH): ["no"] * 3 + ["yes"] * 19,
    ("diagnostic_value", None): steps(two=2, three=7, four=10, five=3),
    # 20 reasons of 15 scans, 6 of 6
    ("pattern_difference", LOW): reasons(
        *[(OUTSIDE, LACK)] * 3, *[(OUTSIDE, DARK)] * 2, *[(OUTSIDE,)] * 3, *[(LACK,)] * 3, *[(DARK,)] * 3, (CYSTS,)
    ),
    ("pattern_difference", HIGH): reasons(*[("intrameatal_overestimated",)] * 4, *[("different_brightness",)] * 2),
}


def paper_rows(of=None):
    """One reader's readings of 22 cases, with the counts of the paper's Table 5; practice is answered, too."""
    of = of or protocol()
    rows = []
    number = 0
    for reading in of.readings_of("R1"):
        answers = {}
        for (question, dose), given in TABLE_5.items():
            letter = next((letter for letter in reading.letters if reading.dose(letter) == dose), "")
            if number < len(given):
                turned = reading.pair and dose is None and reading.dose(reading.pair[0]) > reading.dose(reading.pair[1])
                answer = 6 - given[number] if turned else given[number]
                answers[f"{question}.{letter}" if letter else question] = answer
        assert problems(QUESTIONS, reading, answers) == []
        rows += reading_rows(QUESTIONS, "R1", reading, answers, seconds=120.0, handed_in="2026-01-01T00:00:00Z")
        number += not reading.case.practice
    return rows


def random_rows(of, readers, seed, noise=0.7):
    """Readers who see the same truth with an error of their own each time."""
    random = np.random.default_rng(seed)
    truth, rows = {}, []
    for reader in readers:
        for reading in of.readings_of(reader):
            answers = {}
            for letter in reading.letters:
                dose = reading.dose(letter)
                seen = truth.setdefault(reading.case.id, random.normal(3.9, 0.8)) - 3 * dose
                for question in ("image_quality", "lesion_detectability"):
                    answers[f"{question}.{letter}"] = int(np.clip(np.rint(seen + noise * random.normal()), 1, 5))
                different = seen + noise * random.normal() > 3.3
                answers[f"enhancement_pattern.{letter}"] = "different" if different else "similar"
                if different:
                    answers[f"pattern_difference.{letter}"] = {"chosen": [OUTSIDE, "other"], "other": "=1+1"}
                answers[f"sufficient.{letter}"] = "no" if seen + noise * random.normal() > 3.5 else "yes"
            if reading.pair:
                answers["diagnostic_value"] = int(random.integers(2, 6))
            answers["comment"] = "-, as before" if random.random() < 0.2 else ""
            assert problems(QUESTIONS, reading, answers) == []
            rows += reading_rows(QUESTIONS, reader, reading, answers, seconds=float(random.uniform(60, 300)))
    return rows
