# SPDX-License-Identifier: Apache-2.0
import csv
import io
import json
import xml.etree.ElementTree as ElementTree

import pytest

from lessgad.cli.main import exit_code
from lessgad.cohort.bids import read_cohort
from lessgad.description.cohort_description import describe
from lessgad.description.exclusions import exclusions, reason_in_words
from lessgad.description.flow import FlowStep
from lessgad.description.flow_svg import WIDTH, flow_svg
from lessgad.description.scan_parameters import nominal_field_t
from lessgad.description.table import PrintedTable, rendered
from lessgad.errors import CohortError

TABLE = PrintedTable("Table 1", "A & B", ("x", "n"), (("a | b", "1 ± 2"), ("50 %", "3–4")), ("A <note>.",))


def test_csv_is_read_back():
    assert list(csv.reader(io.StringIO(rendered(TABLE, "csv")))) == [list(TABLE.columns), *map(list, TABLE.rows)]


def test_words_are_escaped_in_each_format():
    assert r"a \| b" in rendered(TABLE, "markdown")
    assert r"50 \% & 3--4 \\" in rendered(TABLE, "latex")
    assert r"\caption{A \& B}" in rendered(TABLE, "latex")
    assert "A &lt;note&gt;." in rendered(TABLE, "html")
    ElementTree.fromstring(f"<div>{rendered(TABLE, 'html')}</div>")


def test_every_row_has_as_many_cells_as_columns(tmp_path, tiny):
    description = describe(read_cohort(tiny.write_cohort(tmp_path)), {"tumor": (1, 2)})
    for table in (description.table1, description.table2):
        assert {len(row) for row in table.rows} == {len(table.columns)}


def test_what_is_not_stated_is_counted(tmp_path, tiny):
    root = tiny.write_cohort(tmp_path)
    (root / "participants.tsv").write_text("participant_id\tage\tsex\nsub-01\t90+\tM\nsub-02\tn/a\tF\n")
    tiny.study_files(root, "03")["mask"].unlink()
    found = tiny.study_files(root, "01")["t1"]
    found.with_name(found.name.replace(".nii.gz", ".json")).write_text(json.dumps({"EchoTime": 0.004}))
    description = describe(read_cohort(root), {"tumor": (1, 2)})
    rows = dict(description.table1.rows)
    assert rows["age not stated"] == "5 (83.3 %)"
    assert rows["sex not stated"] == "4 (66.7 %)"
    assert rows["tumor size not known"] == "1 (14.3 %)"
    assert "The age of 1 patients is stated as 90 or older" in description.table1.notes[0]
    assert "sequence in 14, field strength in 14, TE in 13, TR in 14" in description.table2.notes[-1]
    assert [row[:3] for row in description.table2.rows] == [(m, "not stated", "not stated") for m in ("T1", "T1ce")]


@pytest.mark.parametrize(
    ("written", "nominal"), [(1.494, 1.5), (2.8936, 3.0), (1.0, 1.0), (0.0, None), (None, None), (9.4, 9.4), (2.0, 2.0)]
)
def test_nominal_field(written, nominal):
    assert nominal_field_t(written) == nominal


def test_reasons_are_grouped_without_names_of_files():
    lines = [
        (
            f"sub-{n}",
            str(CohortError(f"There are 2 masks: sub-{n}_T1w.nii.gz, sub-{n}_run-2_T1w.nii.gz", remedy="Choose one")),
        )
        for n in range(3)
    ]
    found = exclusions([*lines, ("sub-9", str(CohortError("The study has no T1ce", path="a b/x.nii.gz")))])
    assert [(len(entry.studies), entry.reason) for entry in found] == [
        (3, "There are 2 masks: … …"),
        (1, "The study has no T1ce"),
    ]
    assert reason_in_words("sub-1_T1w.nii.gz is odd.") == "… is odd"
    older = "wanted one pre-contrast T1w, got 2: sub-1_T1w.nii.gz, sub-1_run-2_T1w.nii.gz."
    assert reason_in_words(older) == "one pre-contrast T1w needed, 2 found"


def test_rare_reasons_are_put_together_and_none_is_lost():
    found = exclusions((f"sub-{n}", str(CohortError(f"Thing {'abcdefghij'[n]} is missing"))) for n in range(10))
    assert sum(len(entry.studies) for entry in found) == 10
    assert found[-1].reason == "other reasons"


def test_the_flow_diagram_holds_its_words_inside_its_frame():
    excluded = exclusions([("sub-1", "The study has <no> a & b of a very long kind that does not fit in one line.")])
    svg = ElementTree.fromstring(flow_svg([FlowStep("Cohort", ("7 studies",), excluded), FlowStep("Pairs")]))
    height = float(svg.attrib["viewBox"].split()[3])
    space = "{http://www.w3.org/2000/svg}"
    boxes = [
        {name: float(box.attrib[name]) for name in ("x", "y", "width", "height")} for box in svg.iter(f"{space}rect")
    ]
    assert len(boxes) == 3
    for box in boxes:
        assert box["x"] + box["width"] <= WIDTH
        assert box["y"] + box["height"] <= height
    words = " ".join(text.text or "" for text in svg.iter(f"{space}text"))
    assert "Excluded: 1 study" in words
    assert "<no>" in words


def test_the_command_writes_every_format(tmp_path, capsys, tiny):
    root = tiny.write_cohort(tmp_path / "cohort")
    assert exit_code(["describe", str(root), "--out", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "Table 1. Patients and scans" in out
    assert "Table 2. Scan parameters" in out
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"figure1.svg"} | {f"table{n}.{s}" for n in (1, 2) for s in ("txt", "csv", "md", "tex", "html")}


def test_nothing_is_written_into_the_cohort(tmp_path, capsys, tiny):
    root = tiny.write_cohort(tmp_path / "cohort")
    assert exit_code(["describe", str(root), "--out", str(root / "tables")]) == 2
    assert "lies inside the cohort" in capsys.readouterr().err
    assert not (root / "tables").exists()


def test_a_damaged_mask_is_named(tmp_path, capsys, tiny):
    root = tiny.write_cohort(tmp_path / "cohort")
    tiny.study_files(root, "02")["mask"].write_bytes(b"no mask")
    assert exit_code(["describe", str(root)]) == 1
    captured = capsys.readouterr()
    assert "mask not measured: sub-02: " in captured.err
    assert "tumor size not known" in captured.out


def test_masks_whose_labels_have_no_names_are_said_to_need_them(tmp_path, capsys, tiny):
    root = tiny.write_cohort(tmp_path / "cohort")
    assert exit_code(["describe", str(root)]) == 0
    assert "--region" not in capsys.readouterr().err
    (root / "derivatives" / tiny.DERIVATIVE / "dseg.tsv").unlink()
    assert exit_code(["describe", str(root)]) == 0
    assert "tumor sizes not measured: no label of the masks counts as tumor" in capsys.readouterr().err
