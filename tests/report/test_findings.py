# SPDX-License-Identifier: Apache-2.0
"""What the report says of the table, in words."""

import math
from dataclasses import replace

import pytest

from lessgad.evaluation.results.similarity import SimilarityRow
from lessgad.report import tables
from lessgad.report.findings import findings


def table4(made):
    return tables.table4(made, seed=0, n_resamples=200)


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


@pytest.mark.parametrize(("gain_db", "verdict"), [(2.0, "gain"), (-2.0, "loss")])
def test_verdict_follows_the_interval(gain_db, verdict):
    found = findings(table4(rows(12, gain_db)))
    assert [finding.verdict for finding in found] == [verdict, verdict]


def test_no_gain_is_said_plainly():
    made = rows(12, 0.0)
    balanced = []
    for row in made:
        change = (row.method == "restored") * (-1) ** int(row.patient[1:]) * (1 + 0.01 * int(row.patient[1:]))
        balanced.append(replace(row, psnr_db=20.0 + change, ssim=0.6 + 0.01 * change))
    found = findings(table4(balanced))
    assert {finding.verdict for finding in found} == {"no gain"}
    assert found[0].sentences.startswith("No gain was shown")


def test_psnr_and_ssim_that_differ_are_mixed():
    made = [replace(row, ssim=row.ssim - 0.1 * (row.method == "restored")) for row in rows(12, 2.0)]
    assert findings(table4(made))[0].verdict == "mixed"


def test_few_patients_are_counted_and_nothing_is_claimed():
    found = findings(table4(rows(3, 2.0)))[0]
    assert found.verdict == "open"
    assert "PSNR rose in 3 of 3 patients (+2.0 to +2.0 dB)" in found.sentences


def test_better_baseline_is_named():
    assert "did better" in findings(table4(rows(12, 2.0, 90.0)))[0].sentences
    assert "less well" in findings(table4(rows(12, 2.0, 5.0)))[0].sentences
    assert "exactly" in findings(table4(rows(12, 2.0, math.inf)))[0].sentences


def test_a_baseline_that_differs_in_no_printed_digit_did_as_well():
    table = table4(rows(12, 2.0, 90.0))
    ours = table.cell(0.1, "restored").psnr_db.mean
    for off, words in ((0.0, "did as well"), (0.3, "did better"), (-0.3, "did less well")):
        made = [
            replace(row, psnr_db=ours + off) if row.method == "subtract_and_scale" else row
            for row in rows(12, 2.0, 90.0)
        ]
        assert words in findings(table4(made))[0].sentences


def test_the_best_method_without_a_network_is_the_one_that_is_named():
    """A strong baseline must not hide behind a weak one."""
    made = rows(12, 2.0, 5.0)
    made += [replace(row, method="denoise_and_scale", psnr_db=60.0) for row in made if row.method == "restored"]
    sentences = findings(table4(made))[0].sentences
    assert "Subtract-and-scale with the difference denoised, which needs no network, did better" in sentences
    assert "(mean PSNR 60.0 against" in sentences
