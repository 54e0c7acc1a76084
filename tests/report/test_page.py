# SPDX-License-Identifier: Apache-2.0
"""The page is whole, self-contained and safe, and says what the numbers say."""

import base64
import hashlib
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from lessgad.evaluation.results.similarity import SimilarityRow
from lessgad.report import tables
from lessgad.report.content import DoubtfulStudy, Fact, FailedStudy, Picture, ReportContent, SubsetCount
from lessgad.report.findings import signed
from lessgad.report.page import amplification, p_words, render_page

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
EVIL = "<script>alert('x')</script>\"><img src=x onerror=y>"
VOID = {"meta", "img", "br", "link", "hr", "input"}


def table4(made, **options):
    return tables.table4(made, seed=0, n_resamples=200, **options)


class Balance(HTMLParser):
    """Checks that tags close in order; collects what tags load."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.stack, self.loaded, self.tags, self.text, self.attributes = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        self.loaded += [value for name, value in attrs if name in {"src", "href", "srcset", "data", "action"}]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack, f"</{tag}> closes nothing"
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if self.stack and self.stack[-1] != "style":
            self.text.append(data)


def parsed(page):
    parser = Balance()
    parser.feed(page)
    parser.close()
    assert parser.stack == []
    return parser


def words(page):
    return re.sub(r"\s+", " ", " ".join(parsed(page).text))


def rows(n_patients, gain_db, baseline_db=None):
    made = []
    for p in range(n_patients):
        for dose in (0.1, 0.5):
            base = 20.0 + p + 5 * dose
            values = {
                "unrestored": (base, 0.6),
                "restored": (base + gain_db + 0.01 * p, 0.6 + 0.01 * gain_db + 0.001 * p),
            }
            if baseline_db is not None:
                values["subtract_and_scale"] = (baseline_db, 0.9 + 0.002 * p)
            for method, (psnr, ssim) in values.items():
                made += [
                    SimilarityRow(f"p{p:02d}", "", "test", dose, method, area, psnr, ssim)
                    for area in ("tumor_box", "head")
                ]
    return made


def a_report(n_patients=12, gain_db=2.0, baseline_db=None, **changes):
    made = rows(n_patients, gain_db, baseline_db)
    picture = Picture(PNG, "what it shows", "what to see")
    content = ReportContent(
        title="A report",
        cohort="Twelve made-up patients",
        written_on="2026-01-31",
        subsets=(SubsetCount("train", 8, 9, 1), SubsetCount("test", n_patients, n_patients)),
        facts=(Fact("Inputs", "T1 and low dose"),),
        noise_free=True,
        proportional=True,
        tables=(table4(made), table4(made, area="head")),
        curves=(picture,),
        calibration=picture,
        galleries=(picture,),
        sheets=(picture,),
        learning_curves=(picture,),
        preparations=(picture, picture, picture),
        failures=(FailedStudy("p99", "prepare", "no second peak"),),
        settings="seed: 1\n",
        versions=(Fact("lessgad", "0.0.0"),),
    )
    return replace(content, **changes)


@pytest.mark.parametrize("n_patients", [3, 12])
def test_page_is_balanced_and_has_its_parts(n_patients):
    page = render_page(a_report(n_patients))
    parser = parsed(page)
    assert page.startswith("<!DOCTYPE html>")
    assert parser.tags.count("h1") == 1
    assert parser.tags.count("main") == 1
    assert parser.tags.count("img") == 1 + 1 + 2 + 1 + 3
    assert 'lang="en"' in page
    assert "Research software, not a medical device" in words(page)


def test_page_loads_nothing_from_elsewhere_and_runs_nothing():
    page = render_page(a_report())
    parser = parsed(page)
    for target in parser.loaded:
        assert target.startswith(("data:image/png;base64,", "#", "../results/", "references.bib"))
    assert not {"script", "link", "iframe", "object", "form", "base"} & set(parser.tags)
    assert not re.search(r"https?://", page)
    assert "url(" not in page
    assert "@import" not in page
    assert not re.search(r"(/home/|/tmp/|/root/|[A-Z]:\\)", page)


def test_policy_allows_exactly_the_style_that_is_there():
    page = render_page(a_report())
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert "style" not in {name for _, attributes in parsed(page).attributes for name in attributes}


def test_ids_are_unique_and_links_lead_to_them():
    parser = parsed(render_page(a_report()))
    ids = [attributes["id"] for _, attributes in parser.attributes if "id" in attributes]
    assert len(ids) == len(set(ids))
    for target in parser.loaded:
        if target.startswith("#"):
            assert target[1:] in ids


def test_every_picture_has_words_and_is_the_picture():
    for tag, attributes in parsed(render_page(a_report())).attributes:
        if tag == "img":
            assert attributes["alt"]
            assert base64.b64decode(attributes["src"].split(",")[1]) == PNG


def test_whatever_comes_in_is_shown_and_not_run():
    evil = Picture(PNG, EVIL, EVIL)
    report = a_report(
        title=EVIL,
        cohort=EVIL,
        written_on=EVIL,
        subsets=(SubsetCount(EVIL, 1, 1),),
        facts=(Fact(EVIL, EVIL),),
        curves=(evil,),
        calibration=evil,
        galleries=(evil,),
        learning_curves=(evil,),
        preparations=(evil,),
        failures=(FailedStudy(EVIL, EVIL, EVIL),),
        cautions=(DoubtfulStudy(EVIL, EVIL),),
        settings=EVIL,
        versions=(Fact(EVIL, EVIL),),
        tables=(table4([replace(row, patient=EVIL, method=row.method) for row in rows(1, 1.0)]),),
    )
    page = render_page(report)
    parser = parsed(page)
    assert "script" not in parser.tags
    assert not any("onerror" in attributes for _, attributes in parser.attributes)
    assert EVIL in "".join(parser.text)


def test_doubtful_studies_are_named_with_what_is_doubtful():
    said = words(render_page(a_report(cautions=(DoubtfulStudy("p07", "T1ce: 3 % of the foreground is saturated"),))))
    assert "Studies to look at" in said
    assert "p07 T1ce: 3 % of the foreground is saturated" in said
    assert "Studies to look at" not in words(render_page(a_report()))


def test_external_method_with_a_malicious_name():
    made = rows(12, 1.0)
    made += [replace(row, method=EVIL) for row in made if row.method == "restored"]
    parser = parsed(render_page(a_report(tables=(table4(made),))))
    assert "script" not in parser.tags


def test_report_without_results_says_so():
    empty = a_report(
        tables=(), curves=(), calibration=None, galleries=(), learning_curves=(), preparations=(), failures=()
    )
    assert "No test study has been restored yet" in words(render_page(empty))


def test_every_cell_of_table_4_says_its_n():
    page = render_page(a_report(12, tables=(table4(rows(12, 2.0)),)))
    body = re.findall(r"<td>(.*?)</td>", page, re.DOTALL)
    cells = [cell for cell in body if "±" in cell or "(+" in cell]
    assert len(cells) == 2 * 2 * 2 + 2 * 2
    assert all("n = 12" in cell for cell in cells)


def test_single_patients_are_shown_only_where_they_are_few():
    assert "Every patient" in words(render_page(a_report(3)))
    assert "p02" in words(render_page(a_report(3)))
    assert "Every patient" not in words(render_page(a_report(12)))


@pytest.mark.parametrize("noise_free", [True, False])
@pytest.mark.parametrize("proportional", [True, False])
def test_note_on_subtract_and_scale_depends_on_the_simulation(noise_free, proportional):
    said = words(render_page(a_report(noise_free=noise_free, proportional=proportional)))
    assert ("without noise , as a mix" in said) == (noise_free and proportional)
    assert ("has independent noise" in said) == (not noise_free)
    assert ("makes it too bright" in said) == (not proportional)


@pytest.mark.parametrize(("value", "text"), [(0.04, "0.0 dB"), (-0.04, "0.0 dB"), (-1.26, "−1.3 dB"), (3.0, "+3.0 dB")])
def test_gains_have_signs(value, text):
    assert signed(value, "psnr_db") == text


def test_numbers_in_words():
    assert p_words(0.0004) == "p < 0.001"
    assert p_words(0.0123) == "p = 0.012"
    assert p_words(math.nan) == p_words(None) == ""
    assert amplification(0.1) == "13.5"
    assert amplification(0.3) == "4.1"
