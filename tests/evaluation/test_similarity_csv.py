# SPDX-License-Identifier: Apache-2.0
import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lessgad.errors import InputError
from lessgad.evaluation.results.similarity import (
    COLUMNS,
    SimilarityRow,
    method_order,
    read_similarity,
    write_similarity,
)

ROW = SimilarityRow("P01", "", "test", 0.1, "restored", "tumor_box", 1 / 3, 0.1 + 0.2)
HEADER = "patient,session,subset,dose,method,area,psnr_db,ssim\n"

names = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=6)
rows = st.builds(
    SimilarityRow,
    patient=names,
    session=names | st.just(""),
    subset=st.sampled_from(["train", "validation", "test"]),
    dose=st.floats(0, 1),
    method=names,
    area=st.sampled_from(["tumor_box", "tumor", "head"]),
    psnr_db=st.floats(allow_nan=False),
    ssim=st.floats(-1, 1),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(
    st.lists(rows, max_size=8, unique_by=lambda row: (row.patient, row.session, row.dose, row.method, row.area)),
    st.randoms(),
)
def test_what_was_written_is_read_to_the_last_digit_in_one_order(tmp_path, some, random):
    path = tmp_path / "results" / "similarity.csv"
    write_similarity(path, some)
    text = path.read_bytes()
    back = read_similarity(path)
    assert sorted(back, key=repr) == sorted(some, key=repr)
    random.shuffle(back)
    write_similarity(path, back)
    assert path.read_bytes() == text


def test_the_file_is_the_one_that_other_programs_expect(tmp_path):
    path = tmp_path / "similarity.csv"
    write_similarity(path, [replace(ROW, method="alien", psnr_db=math.inf), ROW, replace(ROW, method="unrestored")])
    assert path.read_text() == HEADER + (
        "P01,,test,0.1,unrestored,tumor_box,0.3333333333333333,0.30000000000000004\n"
        "P01,,test,0.1,restored,tumor_box,0.3333333333333333,0.30000000000000004\n"
        "P01,,test,0.1,alien,tumor_box,inf,0.30000000000000004\n"
    )
    assert ",".join(COLUMNS) + "\n" == HEADER


def test_undefined_values_survive(tmp_path):
    write_similarity(tmp_path / "a.csv", [replace(ROW, ssim=math.nan)])
    assert math.isnan(read_similarity(tmp_path / "a.csv")[0].ssim)


def test_files_that_a_spreadsheet_saved_are_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(("\ufeff" + HEADER + "P,S,test,0.5,restored,head,20,0.5\n\n").replace("\n", "\r\n").encode())
    assert read_similarity(path) == [SimilarityRow("P", "S", "test", 0.5, "restored", "head", 20.0, 0.5)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "columns"),
        ("patient,dose\n", "columns"),
        (
            HEADER + "P,,test,0.1,restored,tumor_box,1\n",
            "similarity.csv:2: The line has 7 values; the table has 8 columns",
        ),
        (HEADER + "P,,test,ten,restored,tumor_box,1,1\n", "not a number, as dose must be"),
        (HEADER + "P,,test,10,restored,tumor_box,1,1\n", "Did you mean 0.1"),
        (HEADER + "P,,test,0.1,restored,brain,1,1\n", "an area"),
        (HEADER + "P,,test,0.1,restored,head,1 dB,1\n", "not a number, as psnr_db must be"),
        (HEADER + "P,,test,0.1,,head,1,1\n", "The method is missing"),
        (HEADER + 2 * "P,,test,0.1,restored,head,1,1\n", "similarity.csv:3.*second line"),
        (HEADER + '"P,,test\n', "cannot be read as a table"),
        (HEADER + "\0\udcff", "cannot be read as a table"),
    ],
)
def test_a_damaged_file_is_one_clear_line(tmp_path, text, says):
    path = tmp_path / "similarity.csv"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=says) as caught:
        read_similarity(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_or_a_folder_is_one_clear_line(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_similarity(tmp_path / "similarity.csv")
    with pytest.raises(InputError, match="cannot be read as a table"):
        read_similarity(tmp_path)


def test_known_methods_come_first_and_external_ones_by_name():
    shuffled = ["zeta", "restored", "alpha", "denoise_and_scale", "unrestored", "denoise", "subtract_and_scale"]
    assert sorted(shuffled, key=method_order) == [
        "unrestored", "subtract_and_scale", "denoise", "denoise_and_scale", "restored", "alpha", "zeta",
    ]  # fmt: skip
