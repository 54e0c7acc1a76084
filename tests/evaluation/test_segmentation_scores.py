# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from lessgad.evaluation.results.overlap import OverlapRow, image_order, read_overlap, write_overlap
from lessgad.evaluation.segmentation_scores import Segmented, overlap_rows, tumor_size_row
from lessgad.evaluation.slice_diameter import diameters_of_discs, slice_diameter_mm

OF = Segmented("P", "", "test", 0.1, "low")
SPACING = (1.0, 1.0, 2.0)
REGIONS = ["intrameatal", "extrameatal"]


def numbers(*boxes):
    array = np.zeros((12, 12, 4), dtype=np.uint8)
    for number, (x, y) in enumerate(boxes, start=1):
        array[slice(*x), slice(*y), 1:3] = number
    return array


def test_each_region_and_their_union():
    drawn = numbers(((0, 2), (0, 2)), ((2, 6), (0, 2)))
    found = numbers(((0, 3), (0, 2)), ((3, 6), (0, 2)))  # the border is off by one, the union is right
    rows = {row.region: row for row in overlap_rows(OF, found, drawn, REGIONS, SPACING)}
    assert rows["intrameatal"].dice == pytest.approx(2 * 8 / (8 + 12))
    assert rows["extrameatal"].dice == pytest.approx(2 * 12 / (16 + 12))
    assert (rows["tumor"].dice, rows["tumor"].hd95_mm, rows["tumor"].volume_error_ml) == (1, 0, 0)
    assert rows["tumor"].volume_ml == pytest.approx(24 * 2 / 1000)
    assert rows["extrameatal"].reference_ml == pytest.approx(16 * 2 / 1000)


def test_a_region_called_tumor_is_the_union():
    assert [row.region for row in overlap_rows(OF, numbers(), numbers(((0, 2), (0, 2))), ["tumor"], SPACING)] == [
        "tumor"
    ]


def test_missed_false_and_truly_nothing():
    drawn, nothing = numbers(((0, 2), (0, 2))), numbers()
    missed = overlap_rows(OF, nothing, drawn, ["core"], SPACING)[0]
    false = overlap_rows(OF, drawn, nothing, ["core"], SPACING)[0]
    neither = overlap_rows(OF, nothing, nothing, ["core"], SPACING)[0]
    assert (missed.missed, missed.false, missed.dice) == (True, False, 0)
    assert (false.missed, false.false, false.dice) == (False, True, 0)
    assert (neither.missed, neither.false, math.isnan(neither.dice)) == (False, False, True)


def test_diameter_and_class():
    drawn = numbers(((0, 2), (0, 2)), ((2, 5), (0, 4)))
    found = numbers(((0, 2), (0, 2)))
    row = tumor_size_row(OF, found, drawn, REGIONS, SPACING)
    assert (row.measured, row.diameter_mm) == ("extrameatal", 0)
    of_discs = diameters_of_discs(drawn[..., 1] == 2, SPACING[:2])
    assert row.reference_diameter_mm == pytest.approx(sum(of_discs) / 2)
    assert (row.kanzaki, row.reference_kanzaki) == ("intrameatal", "small")
    other = tumor_size_row(OF, found, drawn, ["core", "enhancing"], SPACING)
    assert (other.measured, other.kanzaki) == ("tumor", "undefined")
    assert other.reference_diameter_mm == pytest.approx(slice_diameter_mm(drawn[..., 1] > 0, SPACING[:2]))
    assert 5 < other.reference_diameter_mm < math.hypot(5, 4)  # between centers and between corners


def test_rows_survive_the_table(tmp_path):
    rows = overlap_rows(OF, numbers(), numbers(((0, 2), (0, 2))), REGIONS, SPACING)
    write_overlap(tmp_path / "overlap.csv", rows)
    header = "patient,session,subset,dose,image,region,dice,hd95_mm,asd_mm,volume_ml,volume_error_ml\n"
    assert (tmp_path / "overlap.csv").read_text().startswith(header)
    back = read_overlap(tmp_path / "overlap.csv")
    assert sorted(map(repr, back)) == sorted(map(repr, rows))
    assert all(isinstance(row, OverlapRow) for row in back)


def test_images_come_in_the_order_of_what_was_done_to_them():
    images = ["mine", "restored", "denoise", "low", "standard", "subtract_and_scale"]
    assert sorted(images, key=image_order) == ["standard", "low", "subtract_and_scale", "denoise", "restored", "mine"]
