# SPDX-License-Identifier: Apache-2.0
"""Results come from the last revision of those who have signed off, with letters turned back into doses."""

import pytest

from lessgad.errors import ReaderStudyError
from lessgad.reader_study.results import FILES, write_results
from lessgad.reader_study.signed_off import signed_off_readings


def read_all(small, client, sign=True):
    while "Sign off" not in client.get("/").text:
        small.hand_in(client, small.next_reading(client), **{"image_quality.A": "1", "image_quality.B": "5"})
    if sign:
        client.post("/sign-off", data={"csrf": client.get("/form-secret").json()["csrf"], "sure": "yes"})


def test_letters_become_doses(small, tmp_path):
    folder = small.write_study(tmp_path / "blind", n_cases=6, mode="blinded")
    with small.browser(folder) as (client, study):
        read_all(small, small.reader(study, client()))
        readings = signed_off_readings(study)
        planned = {reading.case.id: reading for reading in study.protocol.readings_of("kim")}
    quality = [row for row in readings.rows if row.question == "image_quality"]
    assert len(quality) == 2 * 7
    for row in quality:
        assert row.answer == ("1" if planned[row.case].dose("A") == row.dose else "5")
    assert {row.answer for row in quality if row.dose == 0.1} == {"1", "5"}  # the letters are drawn for each case
    summary = write_results(tmp_path / "results", readings, n_draws=50)
    assert (summary.n_readers, summary.n_cases) == (1, 6)
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == sorted(FILES)


def test_results_wait_for_everybody(small, folder):
    with small.browser(folder) as (client, study):
        with pytest.raises(ReaderStudyError, match="No reader has signed off"):
            signed_off_readings(study)
        read_all(small, small.reader(study, client()))
        read_all(small, small.reader(study, client(), "lee"), sign=False)
        with pytest.raises(ReaderStudyError, match="1 of 2"):
            signed_off_readings(study)
        rows = signed_off_readings(study, leave_out_others=True).rows
    assert {row.reader for row in rows} == {"kim"}


def test_the_last_revision_counts(small, folder):
    with small.browser(folder) as (client, study):
        reader = small.reader(study, client())
        address = small.next_reading(reader)
        small.hand_in(reader, address)
        small.hand_in(reader, address, **{"image_quality.A": "2", "reason": "looked again"})
        read_all(small, reader)
        readings = signed_off_readings(study)
    changed = address.rsplit("/", 1)[1]
    case = next(one.case.id for one in study.protocol.readings_of("kim") if one.id == changed)
    rows = {(row.dose, row.question): row.answer for row in readings.rows if row.case == case}
    assert rows[0.1, "image_quality"] == "2"
    assert readings.n_revised == 1
