# SPDX-License-Identifier: Apache-2.0
import math
from dataclasses import replace

import pytest

from lessgad.evaluation.results.discrepancy import DiscrepancyRow
from lessgad.evaluation.results.enhancement import EnhancementRow
from lessgad.evaluation.results.intervals import IntervalRow
from lessgad.evaluation.results.lesions import LesionRow
from lessgad.evaluation.results.thresholds import ThresholdRow
from lessgad.report.enhancement_section import enhancement_tables

WHO = {"patient": "01", "session": "", "subset": "test", "dose": 0.3}
ENHANCEMENT = EnhancementRow(
    **WHO, method="restored", recovery=0.8, false_ml=0.1, missed_ml=0.2,
    unsupported_ml=0.0, cnr=5.0, lbr=1.5, cep_percent=40.0,
)  # fmt: skip
THRESHOLD = ThresholdRow(
    "01", "", "test", threshold=0.3, noise=0.02, spread=0.1, tumor_median=0.5, tumor_over_spread=5.0
)
LESION = LesionRow(
    **WHO, method="restored", lesion=1, diameter_mm=4.0, size_group="3-5 mm",
    volume_ml=0.03, enhancing_ml=0.02, recovery=0.7, missed_ml=0.005,
)  # fmt: skip
INTERVAL = IntervalRow(**WHO, area="tumor", coverage=0.91, half_width=0.05, enhancement=0.4, standard_enhancement=0.43)
DISCREPANCY = DiscrepancyRow(**WHO, unsupported_ml=0.0, overlooked_ml=0.3, detectable_5mm=0.9, detectable_10mm=0.25)


def table(title, **rows):
    given = {"thresholds": (), "enhancement": (), "lesions": (), "intervals": (), "consistency": (), **rows}
    return next(one for one in enhancement_tables(**given) if title in one.title)


def test_nothing_measured_is_no_table():
    assert enhancement_tables((), (), (), (), ()) == ()
    assert enhancement_tables((), (replace(ENHANCEMENT, subset="validation"),), (), (), ()) == ()


def test_every_row_has_a_word_for_every_column():
    for one in enhancement_tables((THRESHOLD,), (ENHANCEMENT,), (LESION,), (INTERVAL,), (DISCREPANCY,)):
        assert one.rows
        assert all(len(row) == len(one.columns) for row in one.rows)


def test_patients_count_alike_however_many_studies_they_have():
    rows = [replace(ENHANCEMENT, session=str(n), recovery=1.0) for n in range(9)]
    rows.append(replace(ENHANCEMENT, patient="02", recovery=0.0))
    (row,) = table("Enhancement of test", enhancement=rows).rows
    assert row[2] == "0.50"
    assert row[-1] == "2 / 10"


def test_what_comes_from_contrast_is_what_dose_zero_does_not_show():
    rows = [ENHANCEMENT, replace(ENHANCEMENT, dose=0.0, recovery=0.3, unsupported_ml=math.nan)]
    without, with_contrast = table("Enhancement of test", enhancement=rows).rows
    assert without[2:4] == ("0.30", "–")
    assert without[6] == "–"
    assert with_contrast[2:4] == ("0.80", "0.50")
    (alone,) = table("Enhancement of test", enhancement=[ENHANCEMENT]).rows
    assert alone[3] == "–"


def test_lesions_by_size():
    rows = [LESION, replace(LESION, lesion=2, size_group=">10 mm", missed_ml=0.0)]
    rows.append(replace(LESION, method="unrestored"))
    small, large = table("lesions by size", lesions=rows).rows
    assert small == ("30 %", "3–5 mm", "0.70", "25 %", "1 / 1")
    assert large[3] == "0 %"


def test_whether_the_interval_of_the_tumor_held():
    rows = [replace(INTERVAL, patient=p, standard_enhancement=e) for p, e in (("01", 0.43), ("02", 0.46))]
    rows += [replace(INTERVAL, patient=p, area=a) for p in ("01", "02") for a in ("tumor_box", "head")]
    (row,) = table("Coverage of the intervals", intervals=rows).rows
    assert row[1:3] == ("91 %", "91 %")
    assert row[6] == "1 of 2"


@pytest.mark.parametrize(("level", "words"), [(0.9, "90 %"), (math.inf, "inf %")])
def test_what_passes_unseen(level, words):
    (row,) = table("Discrepancy between", consistency=[replace(DISCREPANCY, detectable_5mm=level)]).rows
    assert row[3] in (words, "–")


def test_a_tumor_that_hardly_enhances_is_told_apart():
    clear = [replace(THRESHOLD, patient=str(n)) for n in range(3)]
    unclear = [replace(THRESHOLD, patient="3", tumor_median=0.0), replace(THRESHOLD, subset="validation")]
    assert (
        "their recovery is undefined"
        not in table("Enhancement of test", enhancement=[ENHANCEMENT], thresholds=clear).note
    )
    both = table("Enhancement of test", enhancement=[ENHANCEMENT], thresholds=[*clear, *unclear])
    assert "In 1 of 4 studies" in both.note
