# SPDX-License-Identifier: Apache-2.0
"""The first screen: one figure, two patients, checks; a page that stays small; references that are cited."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessgad.experiment_report.interval_check import coverage_check
from lessgad.experiment_report.repeat_scans import RepeatScans, repeat_check
from lessgad.report.claim_items import CLAIM_ITEMS
from lessgad.report.content import Check, ChecklistItem, FirstScreen, Picture, ReportContent
from lessgad.report.endpoint_figure import EndpointCurve, EndpointPoint, endpoint_figure
from lessgad.report.median_and_worst import PatientPlane, median_and_worst, median_and_worst_figure
from lessgad.report.page import render_page
from lessgad.report.page_budget import within_budget
from lessgad.report.references import BIBTEX, bibtex
from lessgad.report.style import to_png, to_svg

PNG = b"\x89PNG a picture"


def content(**changes):
    empty = ReportContent("T", "c", "2026-01-31", (), (), noise_free=False, proportional=False, tables=())
    return replace(empty, **changes)


def a_curve(name="recovery ≥ 0.9", n=12):
    points = tuple(
        EndpointPoint(dose, share, bound, n, share > 0.7)
        for dose, share, bound in ((0.0, 0.0, 0.0), (0.1, 0.4, 0.2), (0.5, 0.9, 0.6), (1.0, 1.0, 0.7))
    )
    return EndpointCurve(name, 0.5, points)


def test_the_figure_is_the_same_vectors_each_time():
    one, other = (to_svg(endpoint_figure([a_curve(), a_curve("SSIM ≥ 0.9")])) for _ in range(2))
    assert one == other
    root = ElementTree.fromstring(one[one.index("<svg") :])
    assert not list(root.iter("{http://www.w3.org/2000/svg}image"))


def test_marks_lie_at_their_dose_and_share():
    figure = endpoint_figure([a_curve()])
    (axes,) = figure.axes
    marks = [line for line in axes.lines if line.get_marker() in ("D", "s", "o")]
    assert {tuple(line.get_xydata()[0]) for line in marks} == {(0.0, 0.0), (10.0, 40.0), (50.0, 90.0), (100.0, 100.0)}
    stems = [line for line in axes.lines if line not in marks and len(set(line.get_xdata())) == 1]
    assert sorted(line.get_ydata()[0] for line in stems) == pytest.approx([0.0, 20.0, 60.0, 70.0])


def test_the_needed_share_is_written_beside_its_line():
    curves = [replace(a_curve(), needed=needed) for needed in (0.5, 0.6667, 0.8)]
    for curve, axes in zip(curves, endpoint_figure(curves).axes, strict=True):
        (label,) = axes.texts
        assert label.get_text().endswith(f"> {100 * curve.needed:.0f} %")
        assert label.xy[0] > 1  # right of the axes: over no mark
        assert label.xy[1] == pytest.approx(100 * curve.needed)


@pytest.mark.parametrize(
    ("coverage", "verdict", "said"),
    [
        ({("tumor_box", 0.1): 0.93, ("head", 0.1): 0.88}, "yes", "in 88–93 % of voxels"),
        ({("tumor_box", 0.1): 0.90}, "yes", "in 90 % of voxels"),
        ({("tumor_box", 0.3): 0.954, ("head", 0.3): 0.9}, "no", "95.4 % of voxels (85–95 % is accepted)"),
        (
            {("tumor_box", 0.3): 0.96, ("head", 0.3): 0.87},
            "no",
            "wider than needed: they overstate the error. Elsewhere: 87 %.",
        ),
        ({("head", 0.1): 0.80}, "no", "In the head at 10 %"),
        ({("head", 0.1): 0.84963}, "no", "in 84.96 % of voxels"),
        ({("head", 0.1): 0.80}, "no", "too narrow: they understate the error."),
    ],
)
def test_a_range_of_coverage_says_why_it_does_not_hold(coverage, verdict, said):
    check = coverage_check("?", coverage)
    assert check.verdict == verdict
    assert said in check.words


@pytest.mark.parametrize(
    ("counts", "verdict", "said"),
    [
        ((18, 18, 0), "yes", "It was scanned in all 18 studies."),
        ((18, 0, 18), "no", "It was simulated in all 18 studies, from"),
        ((18, 5, 13), "no", "It was scanned in 5 of 18 studies; in 13 it was simulated"),
        ((18, 5, 0), "yes", "It was scanned in 5 of 18 studies. 13 of 18 studies have none."),
        ((18, 0, 0), "unknown", "There is no repeat scan"),
        ((1, 1, 0), "yes", "the only study"),
    ],
)
def test_the_origin_of_the_repeat_scan_is_said(counts, verdict, said):
    check = repeat_check(RepeatScans(*counts))
    assert check.verdict == verdict
    assert said in check.words


def test_there_is_no_figure_of_nothing():
    assert endpoint_figure([]) is None
    assert (
        endpoint_figure([EndpointCurve("x", 0.5, (EndpointPoint(0.1, float("nan"), None, 0, passed=False),))]) is None
    )


@given(st.dictionaries(st.text("abc", min_size=1), st.floats(0, 1), min_size=1))
def test_the_median_patient_has_as_many_below_as_above(values):
    middle, worst = median_and_worst(values)
    assert values[worst] == min(values.values())
    below = sum(value < values[middle] for value in values.values())
    above = sum(value > values[middle] for value in values.values())
    assert below <= len(values) // 2
    assert above <= (len(values) - 1) // 2


@pytest.mark.parametrize("with_tumor", [True, False])
def test_median_and_worst_are_drawn(with_tumor):
    tumor = np.zeros((40, 50), bool)
    tumor[10:14, 20:25] = with_tumor
    image = np.random.default_rng(0).uniform(-1, 1, (40, 50))
    plane = PatientPlane("median patient: sub-1", (image, image, image), tumor, (2.0, 2.0), 0.57)
    assert to_png(median_and_worst_figure([plane, plane], 0.1))[:4] == b"\x89PNG"


@given(st.lists(st.integers(1, 50), max_size=12), st.lists(st.integers(1, 50), max_size=12), st.integers(0, 400))
def test_a_page_stays_within_its_budget_and_says_what_is_missing(sheets, preparations, most):
    def pictures(sizes):
        return tuple(Picture(b"x" * size, "a", "b") for size in sizes)

    kept = within_budget(content(sheets=pictures(sheets), preparations=pictures(preparations)), most)
    size = sum(len(picture.png) for picture in (*kept.sheets, *kept.preparations))
    assert size * 4 / 3 <= most
    assert kept.n_sheets_left_out == len(sheets) - len(kept.sheets)
    assert kept.n_preparations_left_out == len(preparations) - len(kept.preparations)
    assert kept.sheets == pictures(sheets)[: len(kept.sheets)]


def test_every_citation_has_an_entry_and_no_other_is_listed():
    text = bibtex(["Registered with elastix [klein2010elastix].", "As in [chen2025dose]."])
    keys = re.findall(r"@article\{(\w+),", text)
    assert sorted(keys) == ["chen2025dose", "klein2010elastix", "tejani2024claim"]
    for key, entry in BIBTEX.items():
        assert entry.startswith(f"@article{{{key},")
        assert entry.count("{") == entry.count("}")


def test_claim_has_44_items():
    assert len(CLAIM_ITEMS) == 44
    assert len({item for _, item in CLAIM_ITEMS}) == 44


def test_the_page_shows_the_first_screen_before_everything_else():
    svg = to_svg(endpoint_figure([a_curve()]))
    first = FirstScreen(
        asked="<asked>",
        found="10 % is enough.",
        judged="A dose is <judged>.",
        evidence="At 5 % it is not.",
        style="gain",
        checks=(Check("Are the low doses real scans?", "no", "An <upper> bound."),),
        figure=Picture(b"", "shares", "Shares.", svg=svg),
        images=(Picture(PNG, "one patient", "Two patients.", table="similarity"),) * 2,
    )
    page = render_page(content(first=first, checklist=(ChecklistItem(1, "title", "What it is", ""),)))
    assert page.index("10 % is enough.") < page.index("Contents") < page.index("CLAIM 2024</h2>")
    assert "&lt;asked&gt;" in page
    assert "An &lt;upper&gt; bound." in page
    assert page.index("10 % is enough.") < page.index("&lt;judged&gt;") < page.index("At 5 % it is not.")
    assert "data:image/svg+xml;base64," in page
    assert 'href="../results/similarity.csv"' in page
    assert re.search(r"What it is</td><td[^>]*>author</td>", page)


def test_a_simulated_repeat_is_doubted_where_the_low_doses_were_scanned():
    simulated, scanned = RepeatScans(12, 0, 12), RepeatScans(12, 12, 0)
    assert "looks worse" in repeat_check(simulated, measured=True).words
    assert "looks worse" not in repeat_check(simulated).words
    assert repeat_check(scanned, measured=True) == repeat_check(scanned)
