# SPDX-License-Identifier: Apache-2.0
"""What a series is taken for: tags, words, time; and what decides nothing."""

from dataclasses import replace
from pathlib import Path

import pytest
from small_export import frames, header

from lessgad.dicom.contrast_dose import contrast_doses
from lessgad.dicom.import_rules import SeriesDecision, read_rules
from lessgad.dicom.roles import assign_roles
from lessgad.dicom.series import Contrast, PatientHeader, Series

RULES = read_rules()
CORONAL = tuple(
    replace(frame, orientation=(1.0, 0.0, 0.0, 0.0, 0.0, -1.0), position_mm=(0.0, 3.0 * number, 0.0))
    for number, frame in enumerate(frames(8))
)
GIVEN = Contrast(named=True, words="Dotarem")


def series(description="t1_tse_tra", minute=0, damage="", given_frames=None, **changes):
    number = changes.pop("number", minute + 1)
    head = header(description=description, number=number, series_uid=f"1.2.3.{minute}.{number}", **changes)
    return Series(head, given_frames or frames(8), f"2011061509{minute:02d}00", damage, Path("folder"))


def roles(*study, rules=RULES):
    return {one.series.header.number: one.suffix if one.role else None for one in assign_roles(study, rules)}


def reasons(*study, rules=RULES):
    return {one.series.header.number: one.reason for one in assign_roles(study, rules)}


def contrast(ml=None, words="Dotarem"):
    return Contrast(named=True, words=words, volume_ml=ml)


def test_contrast_tags_make_the_pair_and_time_the_rest():
    late = series("t1_se_cor", minute=25, given_frames=CORONAL)
    study = series(minute=0), series(minute=20, contrast=GIVEN), late
    assert roles(*study) == {1: "T1w", 21: "ce-gadolinium_T1w", 26: None}
    assert "before the first scan" in reasons(*study)[1]
    assert "another T1ce" in reasons(*study)[26]


@pytest.mark.parametrize(
    "words", ["t1_tra_ce", "T1 TRA KM", "Ax T1 +C", "t1_tra_post", "T1W gd", "T1 mit KM", "t1c_tra"]
)
def test_words_say_after_contrast(words):
    assert roles(series(minute=0), series(words, minute=20)) == {1: "T1w", 21: "ce-gadolinium_T1w"}


@pytest.mark.parametrize(
    "words", ["t1_tra_pre", "T1 TRA nativ", "T1 ohne KM", "T1 no contrast", "t1 pre contrast", "T1 -C"]
)
def test_words_say_before_contrast(words):
    late = series(words, minute=30)  # exported late, or repeated on another day: the words count
    assert roles(series("t1_tra_ce", minute=20), late) == {21: "ce-gadolinium_T1w", 31: "T1w"}


def test_an_absent_tag_decides_nothing():
    alone = reasons(series(minute=0), series(minute=20))
    assert set(alone.values()) == {"undecided: nothing says whether contrast agent had been given"}
    assert roles(series(minute=0)) == {1: None}


def test_a_tag_that_denies_contrast():
    denied = Contrast(denied=True, words="NONE")
    assert roles(series(contrast=denied), series("t1_ce", minute=9)) == {1: "T1w", 10: "ce-gadolinium_T1w"}


def test_doses_follow_the_volumes_of_the_study():
    scans = [series(minute=m, contrast=contrast(ml)) for m, ml in ((5, 1.5), (9, 4.5), (15, 15.0), (20, 14.5))]
    assert [found.dose for found in contrast_doses(scans, RULES)] == [0.1, 0.3, 1.0, 1.0]
    assert roles(series(minute=0), *scans[:3])[6] == "acq-dose10_ce-gadolinium_T1w"


@pytest.mark.parametrize(
    ("agent", "ml", "weight", "dose"),
    [
        ("Dotarem", 14.0, 70.0, 1.0),
        ("Dotarem", 1.4, 70.0, 0.1),
        ("Gadovist", 7.0, 70.0, 1.0),
        ("Gadovist", 2.1, 70.0, 0.3),
        ("Elucirem", 7.0, 70.0, 1.0),
        ("Elucirem", 2.8, 70.0, 0.4),
        ("Primovist", 7.0, 70.0, 1.0),
        ("Primovist", 0.7, 70.0, 0.1),
        ("MultiHance", 7.0, 70.0, 1.0),  # half of it is in use as a standard dose
        ("Dotarem", 1.4, None, 1.0),
        ("unheard of", 1.4, 70.0, 1.0),
    ],
)
def test_one_volume_alone_is_held_against_the_weight(agent, ml, weight, dose):
    scan = series(contrast=contrast(ml, agent), patient=PatientHeader("|1", "F", 50.0, weight))
    assert contrast_doses([scan], RULES)[0].dose == pytest.approx(dose)


def test_words_name_a_dose():
    doses = [contrast_doses([series(words)], RULES)[0].dose for words in ("t1 ce 10%", "t1_gd_30pc", "t1_ce_12,5 %")]
    assert doses == [0.1, 0.3, 0.125]


def test_words_against_volume_and_doses_of_unknown_size_are_left_to_the_user():
    pair = series("t1_ce_50pc", minute=5, contrast=contrast(1.5)), series("t1_ce", minute=9, contrast=contrast(15.0))
    assert contrast_doses(pair, RULES)[0].dose is None
    assert "words say 50 %, 1.5 of 15 ml say 10 %" in contrast_doses(pair, RULES)[0].reason
    assert "unknown size" in contrast_doses([series("t1 low dose gd")], RULES)[0].reason


def test_words_against_the_weight():
    scans = [series("t1_ce_10pc", contrast=contrast(ml)) for ml in (1.4, 14.0)]
    assert contrast_doses(scans[:1], RULES)[0].dose == 0.1
    assert "14 ml by weight say 100 %" in contrast_doses(scans[1:], RULES)[0].reason


def test_an_irregular_scan_still_tells_the_largest_volume():
    bent = series(minute=24, contrast=contrast(15.0), given_frames=(*frames(3), *frames(3)))
    study = series(minute=0), series(minute=20, contrast=contrast(3.0)), bent
    assert roles(*study) == {1: "T1w", 21: "acq-dose20_ce-gadolinium_T1w", 25: None}


def test_the_pair_is_the_two_that_are_most_alike():
    gradient = {"scanning_sequence": ("GR",)}
    study = (
        series("t1_fl3d", minute=0, **gradient),
        series("t1_tse", minute=5),
        series("t1_tse_ce", minute=20, contrast=GIVEN),
        series("t2_tse", minute=25),
        series("t2_tse", minute=30, given_frames=frames(4)),
    )
    assert roles(*study) == {1: None, 6: "T1w", 21: "ce-gadolinium_T1w", 26: "T2w", 31: None}


def test_a_repeat_replaces_what_failed():
    study = series(minute=0), series(minute=4), series(minute=20, contrast=GIVEN), series(minute=24, contrast=GIVEN)
    assert roles(*study) == {1: None, 5: "T1w", 21: None, 25: "ce-gadolinium_T1w"}


def test_an_irregular_or_damaged_series_is_left_out_and_its_twin_taken():
    bent = series(minute=24, contrast=GIVEN, given_frames=(*frames(3), *frames(3)))
    study = series(minute=0), series(minute=20, contrast=GIVEN), bent, series(minute=30, damage="a truncated file")
    assert roles(*study) == {1: "T1w", 21: "ce-gadolinium_T1w", 25: None, 31: None}
    found = {one.series.header.number: one for one in assign_roles(study, RULES)}
    assert found[25].irregular
    assert "duplicate slices" in found[25].reason
    assert found[31].reason == "a truncated file"


def test_a_decision_in_the_file_comes_first(tmp_path):
    (tmp_path / "rules.yaml").write_text(
        "series:\n"
        "  - {description: '^head.*gk', role: standard_dose}\n"
        "  - {number: 5, role: low_dose, dose: 0.2}\n"
        "  - {patient: '1', study_date: '2011', number: 9, role: skip}\n"
        "  - {protocol: survey, role: pre_contrast}\n"
    )
    rules = read_rules(tmp_path / "rules.yaml")
    study = (
        series("survey", number=1, protocol="Survey"),
        series("t1", minute=4, number=5),
        series("t1_ce", minute=8, number=9),
        series("head gk", minute=9, number=10, scanning_sequence=()),
        series("t2", minute=11, number=12, modality="CT"),
    )
    expected = {1: "T1w", 5: "acq-dose20_ce-gadolinium_T1w", 9: None, 10: "ce-gadolinium_T1w", 12: None}
    assert roles(*study, rules=rules) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a", "The rules are a list at the top"),
        ("no_such_key: 1", "no_such_key"),
        ("t1: ['(']", "is not a regular expression"),
        ("series: [{role: low_dose, number: 1}]", "must be given with role: low_dose"),
        ("series: [{role: t2, number: 1, dose: 0.1}]", "must be given with role: low_dose"),
        ("series: [{role: t2}]", "needs a condition"),
        ("series: [{role: low_dose, number: 1, dose: 10}]", "Did you mean 0.1?"),
        ("series: [{role: low_dose, number: 1, dose: 1.0}]", "between 0 and 1"),
        ("standard_mmol_per_kg: -1", "standard_mmol_per_kg"),
        ("a: [", "not valid YAML"),
    ],
)
def test_a_wrong_rules_file_is_one_line(tmp_path, text, words):
    from lessgad.errors import SettingsError

    (tmp_path / "rules.yaml").write_text(text)
    with pytest.raises(SettingsError, match=r"rules\.yaml") as caught:
        read_rules(tmp_path / "rules.yaml")
    assert words in str(caught.value)


def test_a_decision_fits_where_all_its_conditions_do():
    from lessgad.dicom.roles import decision_for

    rules = RULES.model_copy(update={"series": (SeriesDecision(role="skip", number=3, patient="1"),)})
    assert decision_for(header(number=3), "", rules) is not None
    assert decision_for(header(number=4), "", rules) is None
    other = replace(header(number=3), patient=PatientHeader("|2", "", None, None))
    assert decision_for(other, "", rules) is None
