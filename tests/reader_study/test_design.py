# SPDX-License-Identifier: Apache-2.0
"""What is read by whom in which order: drawn, balanced, the same whenever it is asked for."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lessgad.errors import ReaderStudyError
from lessgad.reader_study.design import readings_of, sample_cases
from lessgad.reader_study.drawing import drawn_order, opaque_id
from lessgad.reader_study.settings import ReaderStudySettings

KEY = "a key that nobody knows"
TEST = [(f"p{patient}", f"s{session}") for patient in range(12) for session in range(1 + patient % 4)]
VALIDATION = [(f"v{patient}", "") for patient in range(4)]
OPEN = ReaderStudySettings()
BLINDED = ReaderStudySettings(mode="blinded", sittings=3, repeat_share=0.25, hidden_standard=True)


def test_one_or_two_studies_of_each_patient_and_practice_from_validation():
    cases = sample_cases(TEST, VALIDATION, OPEN, KEY)
    read = [case for case in cases if not case.practice]
    n_of = Counter(case.patient for case in read)
    assert n_of == {f"p{patient}": min(2, 1 + patient % 4) for patient in range(12)}
    assert [case.practice for case in cases] == [True] * 2 + [False] * len(read)
    assert all(case.patient.startswith("v") for case in cases if case.practice)
    assert len({(case.patient, case.session) for case in cases}) == len({case.id for case in cases}) == len(cases)


def test_a_limit_takes_one_study_of_every_patient_before_the_second_of_any():
    cases = sample_cases(TEST, VALIDATION, ReaderStudySettings(max_cases=14, n_practice=0), KEY)
    n_of = Counter(case.patient for case in cases)
    assert len(n_of) == 12
    assert sorted(n_of.values()) == [1] * 10 + [2] * 2


def test_which_studies_are_read_depends_on_the_seed_and_on_no_order():
    cases = sample_cases(TEST, VALIDATION, OPEN, KEY)
    assert sample_cases(reversed(TEST), VALIDATION[::-1], OPEN, KEY) == cases
    drawn = {
        frozenset((c.patient, c.session) for c in sample_cases(TEST, [], ReaderStudySettings(seed=seed), KEY))
        for seed in range(8)
    }
    assert len(drawn) > 1


def test_without_a_test_study_there_is_nothing_to_read():
    with pytest.raises(ReaderStudyError, match="no study of a test patient"):
        sample_cases([], VALIDATION, OPEN, KEY)


def test_open_is_the_same_for_all_readers_and_labeled():
    cases = sample_cases(TEST, VALIDATION, OPEN, KEY)
    one, two = (readings_of(reader, cases, OPEN, KEY) for reader in ("R1", "R2"))
    assert [r.case for r in one] == [r.case for r in two]
    assert {r.id for r in one}.isdisjoint(r.id for r in two)
    for reading in one:
        assert [panel.title for panel in reading.panels] == [
            "T1",
            "standard dose",
            "restored from 10 %",
            "restored from 30 %",
        ]
        assert reading.pair == ("A", "B")
        assert [reading.dose(letter) for letter in reading.letters] == [0.1, 0.3]


def test_blinded_orders_and_letters_differ_from_reader_to_reader_and_tell_nothing():
    cases = sample_cases(TEST, VALIDATION, BLINDED, KEY)
    one, two = (readings_of(reader, cases, BLINDED, KEY) for reader in ("R1", "R2"))
    assert readings_of("R1", cases, BLINDED, KEY) == one
    assert [r.case.id for r in one] != [r.case.id for r in two]
    assert {(r.case.id, r.letters, tuple(map(r.dose, r.letters))) for r in one} != {
        (r.case.id, r.letters, tuple(map(r.dose, r.letters))) for r in two
    }
    for reading in one:
        assert reading.letters == ("A", "B", "C")
        assert sorted(map(reading.dose, reading.letters)) == [0.1, 0.3, 1.0]
        assert [panel.title for panel in reading.panels if panel.letter] == ["A", "B", "C"]


def test_letters_are_balanced_over_many_cases():
    many = [(f"p{patient}", "") for patient in range(600)]
    settings = ReaderStudySettings(mode="blinded", hidden_standard=True, n_practice=0)
    orders = Counter(
        tuple(map(r.dose, r.letters)) for r in readings_of("R1", sample_cases(many, [], settings, KEY), settings, KEY)
    )
    assert len(orders) == 6
    expected = 100
    chi_square = sum((n - expected) ** 2 / expected for n in orders.values())
    assert chi_square < 20.5  # the 99.9 % quantile of 5 degrees of freedom


@given(share=st.floats(0, 0.5), sittings=st.integers(2, 5), seed=st.integers(0, 99))
def test_repeats_come_one_sitting_later_and_once(share, sittings, seed):
    settings = ReaderStudySettings(mode="blinded", sittings=sittings, repeat_share=share, seed=seed)
    cases = sample_cases(TEST, VALIDATION, settings, KEY)
    readings = readings_of("R1", cases, settings, KEY)
    n_cases = len(cases) - 2
    first = {r.case.id: r for r in readings if r.occasion == 1}
    again = [r for r in readings if r.occasion == 2]
    assert len(first) == len(cases)
    assert len({r.id for r in readings}) == len(readings)
    assert len({r.case.id for r in again}) == len(again)
    assert abs(len(again) - share * n_cases) <= 0.5
    assert all(r.sitting == first[r.case.id].sitting + 1 and not r.case.practice for r in again)
    assert [r.sitting for r in readings] == sorted(r.sitting for r in readings)
    sizes = Counter(r.sitting for r in readings if r.occasion == 1 and not r.case.practice)
    assert max(sizes.values()) - min(sizes.values()) <= 1


def test_a_second_time_is_drawn_anew():
    settings = ReaderStudySettings(mode="blinded", sittings=2, repeat_share=0.5)
    many = [(f"p{patient}", "") for patient in range(200)]
    readings = readings_of("R1", sample_cases(many, [], settings, KEY), settings, KEY)
    first = {r.case.id: r for r in readings if r.occasion == 1}
    same = [first[r.case.id].panels == r.panels for r in readings if r.occasion == 2]
    assert len(same) == 100
    assert 35 <= sum(same) <= 65  # half of them, give or take three SD


@given(st.sets(st.text("abc", min_size=1), max_size=8), st.text("abc", min_size=4, max_size=4))
def test_who_joins_later_leaves_the_order_of_the_others(names, late):
    with_late = drawn_order({*names, late}, str, 1, "purpose")
    assert [name for name in with_late if name in names] == [
        name for name in drawn_order(names, str, 1, "purpose") if name in names
    ]


def test_the_draw_never_changes():
    assert "".join(drawn_order("abcdefgh", str, 1, "order")) == "habefdgc"  # by sha256sum in a shell
    assert opaque_id("key", "case", "p1", "") == opaque_id("key", "case", "p1", "")
    assert opaque_id("key", "case", "p1", "") != opaque_id("other key", "case", "p1", "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"doses": (0.1, 0.1)},
        {"doses": (10.0,)},
        {"doses": (0.3, 1.0)},
        {"doses": (0.1, 0.2, 0.3, 0.4, 0.5)},
        {"hidden_standard": True},
        {"hidden_repeat": True},
        {"mode": "blinded", "hidden_standard": True, "hidden_repeat": True},
        {"repeat_share": 0.2},
    ],
)
def test_a_design_that_cannot_be_done_is_refused(wrong):
    with pytest.raises(ValidationError):
        ReaderStudySettings(**wrong)


def test_no_question_tells_which_letter_hides_the_standard_dose():
    hidden = ReaderStudySettings(doses=(0.1, 0.3), mode="blinded", hidden_standard=True)
    shown = hidden.model_copy(update={"hidden_standard": False})
    cases = sample_cases([("1", ""), ("2", "")], [], hidden, KEY)
    assert [reading.pair for reading in readings_of("r", cases, hidden, KEY)] == [None, None]
    readings = readings_of("r", cases, shown, KEY)
    assert [reading.pair for reading in readings] == [("A", "B"), ("A", "B")]
    assert all({reading.dose("A"), reading.dose("B")} == {0.1, 0.3} for reading in readings)


def test_a_second_scan_can_stand_for_the_hidden_standard_dose():
    settings = ReaderStudySettings(doses=(0.0, 0.3), mode="blinded", hidden_repeat=True)
    assert settings.read_doses == (0.0, 0.3, 1.0)
    (reading,) = readings_of("r", sample_cases([("1", "")], [], settings, KEY), settings, KEY)
    assert sorted((panel.dose, panel.image) for panel in reading.panels if panel.letter) == [
        (0.0, "restored"),
        (0.3, "restored"),
        (1.0, "repeat"),
    ]
    assert [panel.image for panel in reading.panels if not panel.letter] == ["pre_contrast", "standard_dose"]
    assert reading.pair is None
