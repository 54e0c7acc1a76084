# SPDX-License-Identifier: Apache-2.0
"""Figures 4 and 5 and the tables on segmentation, on made-up results."""

import math

import numpy as np
import pytest

from lessgad.evaluation.results.growth import GrowthRow
from lessgad.evaluation.results.overlap import OverlapRow
from lessgad.evaluation.results.tumor_size import TumorSizeRow
from lessgad.report.contour_gallery import ContourStudy, Outlined, contour_gallery
from lessgad.report.overlap_figure import overlap_figure, patient_mean
from lessgad.report.segmentation_tables import segmentation_tables
from lessgad.report.style import to_png

REGIONS = ["intrameatal", "extrameatal"]
DOSES = (0.1, 0.3)
CHOSEN = {"seed": 1, "n_resamples": 200}


def overlap_rows(n_patients, *, missed=()):
    """The standard dose reaches 0.9; a low dose loses 0.5 · (1 − dose), a restored one half of that."""
    rng = np.random.default_rng(3)
    images = [("standard", 1.0, 0.0)]
    images += [(image, dose, loss * (1 - dose)) for dose in DOSES for image, loss in (("low", 0.5), ("restored", 0.25))]
    rows = []
    for patient in range(n_patients):
        own = 0.02 * rng.standard_normal()
        for image, dose, loss in images:
            for region in (*REGIONS, "tumor"):
                gone = (patient, image) in missed
                dice = 0.0 if gone else 0.9 - loss + own
                distance = math.nan if gone else 1 + loss
                volume, error = (0.0, -1.0) if gone else (1.0, 0.0)
                of = (f"{patient:02d}", "", "test", dose, image, region)
                rows.append(OverlapRow(*of, dice, 2 * distance, distance, volume, error))
    return rows


def tables(rows, sizes=(), growth=()):
    found = segmentation_tables(rows, sizes, growth, REGIONS, **CHOSEN)
    return {table.title: table for table in found}


def test_figure_4_is_a_grid_with_the_standard_dose_as_a_line():
    figure = overlap_figure(overlap_rows(12), REGIONS, **CHOSEN)
    assert len(figure.axes) == 9
    assert [axes.get_title(loc="left") for axes in figure.axes[:3]] == ["intrameatal", "extrameatal", "whole tumor"]
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    ceiling, low, restored = (lines[label] for label in ("standard dose", "unrestored low dose", "restored"))
    assert ceiling.get_ydata()[0] == pytest.approx(0.9, abs=0.03)
    assert restored.get_ydata() - low.get_ydata() == pytest.approx([0.225, 0.175])
    assert len(figure.axes[0].containers) == 2  # bars: 95 % intervals
    assert to_png(figure)[:4] == b"\x89PNG"


def test_few_patients_are_drawn_one_by_one():
    figure = overlap_figure(overlap_rows(3), REGIONS, **CHOSEN)
    assert not figure.axes[0].containers
    assert len(figure.axes[0].lines) == 1 + 2 * (1 + 3)


def test_nothing_to_draw():
    assert overlap_figure([row for row in overlap_rows(2) if row.image == "standard"], REGIONS, **CHOSEN) is None
    assert tables([]) == {}


def test_a_missed_tumor_counts_in_dice_and_not_in_distances():
    rows = [
        row
        for row in overlap_rows(2, missed={(0, "low")})
        if (row.region, row.image, row.dose) == ("tumor", "low", 0.1)
    ]
    assert patient_mean(rows, "dice", 1, 200).mean == pytest.approx(rows[1].dice / 2)
    assert patient_mean(rows, "hd95_mm", 1, 200).mean == rows[1].hd95_mm


def test_tables_count_what_was_missed_beside_the_means():
    found = tables(overlap_rows(12, missed={(0, "low"), (1, "low")}))
    table = found["Segmentation of test studies"]
    lines = {(row[0], row[1]): dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert next(iter(lines)) == ("100 %", "standard dose")
    assert lines["10 %", "unrestored low dose"]["missed / false, whole tumor"] == "2 / 0"
    assert lines["10 %", "restored"]["missed / false, whole tumor"] == "0 / 0"
    assert lines["10 %", "restored"]["n"] == "12 / 12"
    assert "Dice of every patient" not in found


def test_statistics_compare_restored_with_low_dose_patient_by_patient():
    table = tables(overlap_rows(12))["Restored against low dose"]
    assert len(table.rows) == len(DOSES) * 3
    first = table.rows[0]
    assert first[:2] == ("10 %", "intrameatal")
    assert first[2].startswith("+0.225*")
    assert first[4].startswith("−0.45*")
    assert first[3] == "< 0.001"  # 2 of 4,096 patterns of signs are as far, times 2 doses: 0.00098


def test_few_patients_are_printed_instead_of_an_interval():
    table = tables(overlap_rows(3))["Dice of every patient"]
    assert [row[0] for row in table.rows] == ["00", "01", "02"]
    assert " → " in table.rows[0][2]


def test_classes_and_growth():
    of = {"patient": "P", "session": "b", "subset": "test", "dose": 0.1, "image": "low"}
    size = TumorSizeRow(**of, measured="extrameatal", diameter_mm=0.0, reference_diameter_mm=8.0, kanzaki="none",
                        reference_kanzaki="small")  # fmt: skip
    growth = GrowthRow("P", "a", "b", "test", 0.1, "low", 0.5, 0.1, 2.0, 1.0, "yes", "no", "label")
    found = tables([], [size], [growth])
    assert found["Diameter and class"].rows == (
        ("10 %", "unrestored low dose", "1 of 1", "1", "0.0", "8.0", "8.0", "1 / 1"),
    )
    assert found["Growth between visits"].rows == (
        ("10 %", "unrestored low dose", "+0.40", "–", "+1.0", "–", "1 / 0", "1 of 1", "1 / 1"),
    )


def test_figure_5_outlines_regions_in_every_image():
    x, y = np.meshgrid(np.linspace(-30, 30, 80), np.linspace(-30, 30, 80), indexing="ij")
    drawn = np.where((x - 3) ** 2 + y**2 < 49, np.where(x < 0, 1, 2), 0).astype(np.uint8)
    image = np.where(drawn > 0, 0.6, -0.4).astype(np.float32)
    nothing = np.zeros_like(drawn)
    columns = [
        (Outlined(f"{dose} %", image, nothing, "Dice 0.00"), Outlined("", image, drawn, "Dice 0.93"))
        for dose in (10, 30)
    ]
    study = ContourStudy(
        ("study 1",), REGIONS, (Outlined("", image, drawn, ""), Outlined("", image, drawn, "Dice 1.00")), columns,
        drawn > 0, (0.75, 0.75),
    )  # fmt: skip
    figure = contour_gallery(study)
    assert len(figure.axes) == 2 * 3
    words = [text.get_text() for text in figure.texts]
    for wanted in ("reference", "standard", "low dose", "restored", "10 %", "Dice 0.93"):
        assert wanted in words
    assert [len(axes.collections[0].get_segments()) > 0 for axes in figure.axes] == [
        True,
        True,
        False,
        True,
        False,
        True,
    ]
    assert to_png(figure)[:4] == b"\x89PNG"
