# SPDX-License-Identifier: Apache-2.0
"""A reader's way through the study, without a browser."""

import gzip
import hashlib
import json
import re

import numpy as np
import pytest


@pytest.fixture
def kim(small, folder):
    with small.browser(folder) as (client, study):
        yield small.reader(study, client()), study


def test_all_cases_are_read_in_order_and_signed_off(small, kim):
    client, study = kim
    read = []
    while "Sign off" not in client.get("/").text:
        address = small.next_reading(client)
        read.append(address)
        assert small.hand_in(client, address).status_code == 200
    wanted = [f"/readings/{reading.id}" for reading in study.protocol.readings_of("kim")]
    assert read == wanted
    assert len(read) == 4
    page = client.get("/sign-off").text
    done = client.post("/sign-off", data={"csrf": small.hidden(page, "csrf"), "sure": "yes"})
    assert done.status_code == 303
    assert "You signed off" in client.get("/").text
    assert small.hand_in(client, read[0], reason="late", based_on="1").status_code == 409


def test_the_page_names_no_patient_dose_of_a_letter_or_file(small, tmp_path):
    folder = small.write_study(tmp_path / "blind", mode="blinded")
    with small.browser(folder) as (client, study):
        reader = small.reader(study, client())
        address = small.next_reading(reader)
        shown = reader.get(address)
        page = shown.text
        image = reader.get(f"{address}/images/2")
        case = study.protocol.readings_of("kim")[0].case
        for secret in (case.patient, case.id, "secret", "hidden0", "nii", "dose10", "dose30", "10 %", "30 %", "0.1"):
            assert secret not in page.replace("W 0.1", "")
            assert secret not in str(image.headers)
        geometry = json.loads(re.search(r'id="geometry">(.*?)</script>', page)[1])
        assert geometry["lesion_slice"] is None


def test_voxels_are_radiological_and_their_hash_is_stored_with_the_answers(small, kim):
    client, study = kim
    address = small.next_reading(client)
    page = client.get(address).text
    geometry = json.loads(re.search(r'id="geometry">(.*?)</script>', page)[1])
    answer = client.get(f"{address}/images/0")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/octet-stream"
    n_x, n_y, n_z = geometry["shape"]
    voxels = np.frombuffer(answer.content, "<i2").reshape(n_z, n_y, n_x)
    assert geometry["spacing_mm"] == list(small.SPACING_MM)
    middle = voxels[n_z // 2].astype(float)
    assert middle[n_y // 2, 10:20].mean() > middle[n_y // 2, -20:-10].mean()  # the left of a patient is brighter here
    row, column = np.unravel_index(voxels[n_z // 2].argmax(), (n_y, n_x))
    assert row > n_y / 2  # the ball is at the back
    assert column < n_x / 2  # and at larger x, which is the screen's left only if mirrored
    assert geometry["lesion_slice"] == n_z // 2 or geometry["lesion_slice"] == n_z // 2 - 1
    small.hand_in(client, address)
    with study.store.reading() as session:
        from sqlmodel import select

        from lessgad.reader_study.store.tables import AnswerSet

        stored = session.exec(select(AnswerSet)).one()
    assert json.loads(stored.images)["pre_contrast"] == hashlib.sha256(answer.content).hexdigest()
    assert set(json.loads(stored.images)) == {"pre_contrast", "standard_dose", "dose10", "dose30"}


def test_the_same_page_handed_in_twice_is_one_submission(small, kim):
    client, study = kim
    address = small.next_reading(client)
    page = client.get(address).text
    first = small.hand_in(client, address, page)
    second = small.hand_in(client, address, page)
    assert first.status_code == second.status_code == 200
    assert revisions(study, address) == [1]


def test_another_window_does_not_overwrite(small, kim):
    client, study = kim
    address = small.next_reading(client)
    one, other = client.get(address).text, client.get(address).text
    assert small.hand_in(client, address, one).status_code == 200
    refused = small.hand_in(client, address, other, **{"image_quality.A": "1"})
    assert refused.status_code == 409
    assert "another window" in refused.json()["reason"]
    assert revisions(study, address) == [1]


def test_a_revision_needs_a_reason_and_keeps_what_was_there(small, kim):
    client, study = kim
    address = small.next_reading(client)
    small.hand_in(client, address)
    assert small.hand_in(client, address, **{"image_quality.A": "2"}).status_code == 409
    assert small.hand_in(client, address, **{"image_quality.A": "2", "reason": "looked again"}).status_code == 200
    assert revisions(study, address) == [1, 2]
    assert 'value="2" checked' in client.get(address).text


def test_incomplete_answers_are_named(small, kim):
    client, study = kim
    address = small.next_reading(client)
    refused = small.hand_in(client, address, **{"sufficient.B": ""})
    assert refused.status_code == 422
    assert refused.json()["problems"] == [{"item": "sufficient.B", "reason": "needs an answer"}]
    page = client.get(address).text
    kept = {name: small.hidden(page, name) for name in ("csrf", "submission", "based_on", "view_id")}
    plain = client.post(f"{address}/answers", data=kept | {"comment": "<b>kept</b>"})
    assert plain.status_code == 422
    assert "missing" in plain.text
    assert revisions(study, address) == []


def test_a_draft_comes_back_and_goes_when_handed_in(small, kim):
    client, _ = kim
    address = small.next_reading(client)
    page = client.get(address).text
    kept = {name: small.hidden(page, name) for name in ("csrf", "submission", "based_on", "view_id")}
    assert client.post(f"{address}/draft", data=kept | {"image_quality.A": "5", "comment": "a <b> c"}).json()["saved"]
    again = client.get(address).text
    assert 'name="image_quality.A" value="5" checked' in again
    assert "a &lt;b&gt; c" in again
    small.hand_in(client, address, again)
    late = client.post(f"{address}/draft", data=kept | {"image_quality.A": "1"})
    assert late.status_code == 200
    assert 'name="image_quality.A" value="3" checked' in client.get(address).text


def test_reading_time_counts_once_and_never_more_than_the_clock(small, folder):
    clock = small.Clock()
    with small.browser(folder, clock) as (client, study):
        reader = small.reader(study, client())
        address = small.next_reading(reader)
        page = reader.get(address).text
        kept = {name: small.hidden(page, name) for name in ("csrf", "submission", "based_on", "view_id")}
        for seconds, said in ((0, 0), (10, 8), (10, 8), (20, 5), (30, 9999)):
            clock.at = small.NOON + seconds
            reader.post(f"{address}/draft", data=kept | {"active_s": str(said), "time_only": "1"})
        from lessgad.reader_study.store.page_views import active_seconds

        with study.store.reading() as session:
            assert active_seconds(session, address.rsplit("/", 1)[1]) == 30.0


def test_a_sitting_waits_for_the_washout(small, tmp_path):
    folder = small.write_study(
        tmp_path / "two", n_cases=4, n_practice=0, mode="blinded", sittings=2, repeat_share=0.5, washout_days=10.0
    )
    clock = small.Clock()
    with small.browser(folder, clock) as (client, study):
        reader = small.reader(study, client())
        planned = study.protocol.readings_of("kim")
        first = [reading for reading in planned if reading.sitting == 1]
        assert len(planned) > 4
        for _ in first:
            address = small.next_reading(reader)
            page = reader.get(address).text
            kept = {name: small.hidden(page, name) for name in ("csrf", "submission", "based_on", "view_id")}
            assert small.hand_in(reader, address, page).status_code == 200
        assert "next sitting opens" in reader.get("/").text
        assert reader.get(address).status_code == 404  # what was read is closed
        again = reader.post(f"{address}/answers", data=kept | small.complete(), headers={"accept": "application/json"})
        assert again.status_code == 200  # but a page that was handed in already is told so
        assert revisions(study, address) == [1]
        waiting = f"/readings/{planned[len(first)].id}"
        assert reader.get(waiting).status_code == 404
        assert reader.get(f"{waiting}/images/0").status_code == 404
        clock.at += 10 * 86400 + 1
        assert reader.get(waiting).headers["location"] == "/login"
        fields = {"csrf": small.hidden(reader.get("/login").text, "csrf"), "name": "kim", "password": small.PASSWORD}
        reader.post("/login", data=fields)
        assert reader.get(waiting).status_code == 200


def test_images_are_what_is_on_disk(small, folder):
    with small.browser(folder) as (client, study):
        reader = small.reader(study, client())
        address = small.next_reading(reader)
        served = {reader.get(f"{address}/images/{place}").content for place in range(4)}
        on_disk = {gzip.decompress(path.read_bytes()) for path in (folder.root / "images").iterdir()}
        assert len(served) == 4
        assert served <= on_disk
        assert reader.get(f"{address}/images/4").status_code == 404
        assert reader.get(f"{address}/images/-1").status_code == 404


def revisions(study, address):
    from lessgad.reader_study.store import answer_sets

    with study.store.reading() as session:
        return [one.revision for one in answer_sets.revisions(session, address.rsplit("/", 1)[1])]
