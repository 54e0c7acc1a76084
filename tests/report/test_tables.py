# SPDX-License-Identifier: Apache-2.0
import csv
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import wilcoxon

from lessgad.evaluation.metric_summary import as_text
from lessgad.evaluation.patient_level import cluster_bootstrap_interval, holm, sign_flip_p
from lessgad.evaluation.results.similarity import SimilarityRow
from lessgad.report.tables import CSV_COLUMNS, table4, write_table4

INF, NAN = float("inf"), float("nan")
DOSES = (0.0, 0.1, 0.5)


def similarities(n_patients, n_sessions=2, doses=DOSES):
    """Unrestored, subtracted and restored; the restored gain of a study is 1 + noise, of SSIM a hundredth of it."""
    random = np.random.default_rng(0)
    rows = []
    for patient in range(n_patients):
        for session in range(n_sessions):
            base, gain = 20 + random.normal(), 1 + random.normal()
            for dose in doses:
                study = (f"P{patient:02}", f"{session}", "test", dose)
                before = base - 20 * np.log10(1 - dose)
                rows.append(SimilarityRow(*study, "unrestored", "tumor_box", before, before / 100))
                rows.append(SimilarityRow(*study, "restored", "tumor_box", before + gain, (before + gain) / 100))
                if dose > 0:
                    rows.append(SimilarityRow(*study, "subtract_and_scale", "tumor_box", INF, 1.0))
    return rows


def test_cells_are_what_the_statistics_say_of_their_rows():
    rows = similarities(12)
    table = table4(rows, seed=4)
    cell = table.cell(0.1, "restored")
    restored, before = (
        np.array([row.psnr_db for row in rows if (row.dose, row.method) == (0.1, method)])
        for method in ("restored", "unrestored")
    )
    patient_gains = (restored - before).reshape(12, 2).mean(axis=1)
    psnr = cell.psnr_db
    assert (cell.n_studies, cell.n_patients, psnr.n_finite) == (24, 12, 24)
    assert (psnr.mean, psnr.sd) == (pytest.approx(restored.mean()), pytest.approx(restored.std(ddof=1)))
    assert psnr.p_wilcoxon == pytest.approx(wilcoxon(restored, before).pvalue)
    assert psnr.star == (psnr.p_wilcoxon < 0.001)
    assert psnr.gain.mean == pytest.approx(patient_gains.mean())
    assert psnr.gain.interval == pytest.approx(cluster_bootstrap_interval(patient_gains, 4))
    assert psnr.gain.p == pytest.approx(sign_flip_p(patient_gains, 4))
    at_each_dose = [table.cell(dose, "restored").psnr_db for dose in DOSES]
    assert [summary.p_holm for summary in at_each_dose] == holm([summary.gain.p for summary in at_each_dose])
    assert cell.ssim.gain.mean == pytest.approx(psnr.gain.mean / 100)
    assert table.patient_gains == ()


def test_unrestored_is_compared_with_nothing():
    summary = table4(similarities(12), seed=0).cell(0.1, "unrestored").psnr_db
    assert (summary.gain, summary.p_wilcoxon, summary.p_holm, summary.star) == (None, None, None, False)


def test_doses_and_methods_are_in_order_and_dose_0_has_no_subtraction():
    rows = [*similarities(3), replace(similarities(1)[0], method="alien", dose=0.5)]
    table = table4(reversed(rows), seed=0)
    assert table.doses == DOSES
    assert table.methods == ("unrestored", "subtract_and_scale", "restored", "alien")
    assert table.cell(0.0, "subtract_and_scale") is None
    assert table.cell(0.1, "subtract_and_scale") is not None
    assert [(cell.dose, cell.method) for cell in table.cells][:3] == [
        (0.0, "unrestored"), (0.0, "restored"), (0.1, "unrestored"),
    ]  # fmt: skip
    assert repr(table) == repr(table4(rows, seed=0))


def test_infinite_similarity_is_counted_not_averaged():
    psnr = table4(similarities(12), seed=0).cell(0.5, "subtract_and_scale").psnr_db
    assert (psnr.n_finite, psnr.n_infinite, psnr.gain.n_infinite, psnr.gain.interval) == (0, 24, 24, None)
    assert as_text(psnr, 1) == "∞ (24)"


def test_huge_but_finite_similarity_is_printed_as_it_is():
    rows = [row if row.psnr_db < INF else replace(row, psnr_db=131.25) for row in similarities(12)]
    assert as_text(table4(rows, seed=0).cell(0.5, "subtract_and_scale").psnr_db, 1) == "131.2 ± 0.0*"


def test_under_ten_patients_every_patient_is_given_instead_of_an_interval():
    rows = similarities(9, n_sessions=2)
    table = table4(rows, seed=0)
    assert table.cell(0.1, "restored").psnr_db.gain.interval is None
    gains = [gain for gain in table.patient_gains if (gain.dose, gain.method) == (0.1, "restored")]
    assert [gain.patient for gain in gains] == [f"P{i:02}" for i in range(9)]
    assert {gain.n_studies for gain in gains} == {2}
    assert np.mean([gain.psnr_db for gain in gains]) == pytest.approx(table.cell(0.1, "restored").psnr_db.gain.mean)
    subtracted = [gain for gain in table.patient_gains if gain.method == "subtract_and_scale"]
    assert {gain.psnr_db for gain in subtracted} == {None}
    assert all(gain.ssim > 0 for gain in subtracted)


@pytest.mark.parametrize(("n_studies", "starred"), [(10, False), (11, True)])
def test_under_eleven_studies_there_are_no_stars(n_studies, starred):
    rows = [row for row in similarities(n_studies, n_sessions=1) if row.method != "restored"]
    assert table4(rows, seed=0).cell(0.1, "subtract_and_scale").ssim.star is starred


def test_gains_are_of_studies_that_have_both_images():
    rows = similarities(12)
    table = table4([row for row in rows if not (row.patient == "P03" and row.method == "unrestored")], seed=0)
    cell = table.cell(0.1, "restored")
    assert (cell.n_studies, cell.n_patients) == (24, 12)
    assert (cell.psnr_db.gain.n_studies, cell.psnr_db.gain.n_patients) == (22, 11)
    alone = table4([row for row in rows if row.method == "restored"], seed=0).cell(0.1, "restored")
    assert alone.psnr_db.gain.n_patients == 0


def test_other_subsets_and_areas_are_left_out():
    rows = similarities(12)
    others = [replace(row, subset="train", patient="X") for row in rows] + [replace(row, area="head") for row in rows]
    assert repr(table4([*rows, *others], seed=0)) == repr(table4(rows, seed=0))
    assert table4(others, seed=0).cells == ()
    assert table4(others, seed=0, area="head").area == "head"


def test_the_csv_holds_every_number(tmp_path):
    table = table4(similarities(12), seed=0)
    write_table4(tmp_path / "table4.csv", table)
    with (tmp_path / "table4.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert len(rows) == 2 * len(table.cells)
    row = next(row for row in rows if (row["dose"], row["method"], row["metric"]) == ("0.1", "restored", "psnr_db"))
    psnr = table.cell(0.1, "restored").psnr_db
    assert (float(row["mean"]), float(row["sd"]), row["n_studies"]) == (psnr.mean, psnr.sd, "24")
    assert (float(row["gain_low"]), float(row["gain_high"])) == psnr.gain.interval
    assert (float(row["p_holm"]), row["star"]) == (psnr.p_holm, "yes" if psnr.star else "no")
    infinite = next(row for row in rows if (row["method"], row["metric"]) == ("subtract_and_scale", "psnr_db"))
    assert (infinite["n_infinite"], infinite["mean"], infinite["gain"], infinite["gain_low"]) == ("24", "", "", "")
    assert all(row["gain"] == row["star"] == "" for row in rows if row["method"] == "unrestored")
