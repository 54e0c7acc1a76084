# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lessgad.cohort.visits import Visits
from lessgad.evaluation.growth import growth_rows
from lessgad.evaluation.results.overlap import OverlapRow
from lessgad.evaluation.results.tumor_size import TumorSizeRow
from lessgad.evaluation.settings import ProgressionSettings
from lessgad.report.size_tables import growth_table

USUAL = ProgressionSettings()


def rows(session, volume, true_volume, diameter, true_diameter, patient="P", image="low"):
    of = {"patient": patient, "session": session, "subset": "test", "dose": 0.1, "image": image}
    error = volume - true_volume
    overlap = OverlapRow(
        **of, region="tumor", dice=0.5, hd95_mm=1.0, asd_mm=1.0, volume_ml=volume, volume_error_ml=error
    )
    size = TumorSizeRow(
        **of,
        measured="tumor",
        diameter_mm=diameter,
        reference_diameter_mm=true_diameter,
        kanzaki="small",
        reference_kanzaki="small",
    )
    return overlap, size


def growth(*visits):
    overlaps, sizes = zip(*visits, strict=True)
    return growth_rows(overlaps, sizes, USUAL)


def test_the_change_between_consecutive_visits():
    first, second = growth(
        rows("b", 1.5, 1.1, 12.0, 11.0), rows("a", 1.0, 1.0, 10.0, 10.0), rows("c", 1.4, 1.4, 11.0, 13.5)
    )
    assert (first.first_session, first.session, second.first_session, second.session) == ("a", "b", "b", "c")
    assert first.volume_change_ml == pytest.approx(0.5)
    assert first.reference_volume_change_ml == pytest.approx(0.1)
    assert (first.diameter_change_mm, first.reference_diameter_change_mm) == (2.0, 1.0)
    assert (first.progression, first.reference_progression, first.flipped) == ("yes", "no", True)
    assert (second.progression, second.reference_progression) == ("no", "yes")


@pytest.mark.parametrize(
    ("volume", "diameter", "called"),
    [(1.19, 11.9, "no"), (1.2, 10.0, "yes"), (1.0, 12.0, "yes"), (0.5, 5.0, "no"), (0.0, 0.0, "no")],
)
def test_either_threshold_is_enough(volume, diameter, called):
    (row,) = growth(rows("a", 1.0, 1.0, 10.0, 10.0), rows("b", volume, 1.0, diameter, 10.0))
    assert row.progression == called
    assert row.reference_progression == "no"


def test_a_tumor_that_appears_has_grown_and_nothing_that_stays_nothing_has_not():
    (row,) = growth(rows("a", 0.0, 0.0, 0.0, 0.0), rows("b", 0.01, 0.0, 1.0, 0.0))
    assert (row.progression, row.reference_progression) == ("yes", "no")


def test_one_visit_images_of_one_visit_alone_and_other_patients_are_no_pairs():
    assert growth(rows("a", 1.0, 1.0, 1.0, 1.0)) == []
    assert growth(rows("a", 1.0, 1.0, 1.0, 1.0), rows("b", 1.0, 1.0, 1.0, 1.0, image="restored")) == []
    assert growth(rows("a", 1.0, 1.0, 1.0, 1.0), rows("b", 1.0, 1.0, 1.0, 1.0, patient="Q")) == []


def test_sessions_are_in_the_order_of_their_numbers():
    """As text, 10 comes before 2: a tumor that only shrank would have grown."""
    found = growth(rows("1", 1.0, 1.0, 10.0, 10.0), rows("2", 0.8, 0.8, 9.0, 9.0), rows("10", 0.5, 0.5, 7.0, 7.0))
    assert [(row.first_session, row.session) for row in found] == [("1", "2"), ("2", "10")]
    assert {(row.progression, row.reference_progression, row.order) for row in found} == {("no", "no", "label")}


def test_between_sessions_whose_order_is_not_known_nothing_is_progression():
    (row,) = growth(rows("preop", 2.0, 2.0, 20.0, 20.0), rows("postop", 0.1, 0.1, 3.0, 3.0))
    assert (row.order, row.progression, row.reference_progression, row.flipped) == (
        "unknown",
        "undefined",
        "undefined",
        False,
    )
    assert np.isnan([row.volume_change_ml, row.reference_volume_change_ml, row.diameter_change_mm]).all()


def test_dates_decide():
    visits = {"P": Visits(("preop", "postop"), "acq_time")}
    overlaps, sizes = zip(rows("preop", 2.0, 2.0, 20.0, 20.0), rows("postop", 0.1, 0.1, 3.0, 3.0), strict=True)
    (row,) = growth_rows(overlaps, sizes, USUAL, visits)
    assert (row.first_session, row.session, row.order, row.progression) == ("preop", "postop", "acq_time", "no")


def test_the_table_says_how_the_order_is_known_and_for_whom_not():
    known = growth(rows("1", 1.0, 1.0, 10.0, 10.0), rows("2", 1.5, 1.0, 12.0, 10.0))
    unknown = growth(
        rows("preop", 2.0, 2.0, 20.0, 20.0, patient="Q"), rows("postop", 3.0, 3.0, 23.0, 23.0, patient="Q")
    )
    table = growth_table([*known, *unknown])
    assert "in the order of the numbers or letters in their labels" in table.note
    assert "Left out, as nobody knows which of their sessions was the earlier: 1 (Q)" in table.note
    assert table.rows[0][-1] == "1 / 1"
