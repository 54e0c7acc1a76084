# SPDX-License-Identifier: Apache-2.0
"""Invitations, passwords, lockout, timeouts."""

import pytest

from lessgad.reader_study.study import invite_to


@pytest.fixture
def served(small, folder):
    clock = small.Clock()
    with small.browser(folder, clock) as (client, study):
        yield client, study, clock


def log_in(small, client, name, password):
    fields = {"csrf": small.hidden(client.get("/login").text, "csrf"), "name": name, "password": password}
    return client.post("/login", data=fields)


def test_an_invitation_works_once(small, served):
    client, study, _ = served
    code = invite_to(study, small.NOON, "kim", "reader")
    first = client()
    fields = {"csrf": small.hidden(first.get(f"/invitation/{code}").text, "csrf")}
    good = {"password": small.PASSWORD, "again": small.PASSWORD}
    for bad in (
        good | {"again": "other"},
        {"password": "short", "again": "short"},
        {"password": "a" * 20, "again": "a" * 20},
    ):
        assert first.post(f"/invitation/{code}", data=fields | bad).status_code == 422
    assert first.post(f"/invitation/{code}", data=fields | good).status_code == 303
    assert first.get("/").status_code == 200
    assert client().get(f"/invitation/{code}").status_code == 404


def test_an_invitation_ends(small, served):
    client, study, clock = served
    code = invite_to(study, small.NOON, "kim", "reader")
    clock.at += 15 * 86400
    assert client().get(f"/invitation/{code}").status_code == 404


def test_five_wrong_passwords_lock_for_a_quarter_of_an_hour(small, served):
    client, study, clock = served
    small.invited(study, client(), "kim")
    other = client()
    for _ in range(5):
        assert log_in(small, other, "kim", "not the password").status_code == 422
    assert log_in(small, other, "kim", small.PASSWORD).status_code == 422
    clock.at += 15 * 60 + 1
    assert log_in(small, other, "KIM", small.PASSWORD).status_code == 303


def test_nothing_tells_whether_a_name_exists(small, served):
    client, study, _ = served
    small.invited(study, client(), "kim")
    known, unknown = (log_in(small, client(), name, "wrong password").text for name in ("kim", "lee"))
    assert known.replace("kim", "").split("csrf")[0] == unknown.replace("lee", "").split("csrf")[0]


def test_a_login_ends_when_idle_and_after_half_a_day(small, served):
    client, study, clock = served
    kim = small.invited(study, client(), "kim")
    for _ in range(13):
        clock.at += 50 * 60
        assert kim.get("/").status_code == 200
    clock.at += 61 * 60
    assert kim.get("/").status_code == 303
    lee = small.invited(study, client(), "lee", at=clock.at)
    began = clock.at
    while clock.at - began <= 12 * 3600:
        assert lee.get("/").status_code == 200
        clock.at += 55 * 60
    assert lee.get("/").status_code == 303


def test_logging_out_ends_the_login_on_the_server(small, served):
    client, study, _ = served
    kim = small.invited(study, client(), "kim")
    token = kim.cookies["lessgad_login"]
    kim.post("/logout", data={"csrf": small.hidden(kim.get("/").text, "csrf")})
    thief = client()
    thief.cookies.set("lessgad_login", token)
    assert thief.get("/").status_code == 303


def test_the_coordinator_can_end_a_login_and_a_new_invitation_does(small, served):
    client, study, _ = served
    kim = small.invited(study, client(), "kim")
    boss = small.invited(study, client(), "chris", "coordinator")
    secret = boss.get("/form-secret").json()["csrf"]
    assert boss.post("/accounts/1/logout", data={"csrf": secret}).status_code == 303
    assert kim.get("/").status_code == 303
    assert log_in(small, kim, "kim", small.PASSWORD).status_code == 303
    invite_to(study, small.NOON, "kim", "reader")
    assert kim.get("/").status_code == 303
    assert log_in(small, kim, "kim", small.PASSWORD).status_code == 422


def test_the_coordinator_sees_progress_and_no_answers(small, served):
    client, study, _ = served
    kim = small.reader(study, client())
    address = small.next_reading(kim)
    small.hand_in(kim, address, comment="a remark of mine")
    page = small.invited(study, client(), "chris", "coordinator").get("/").text
    assert "1 of 4" in page
    assert "a remark of mine" not in page
    assert "secret" not in page.replace("form-secret", "")
    assert address not in page


def test_cookies_are_closed_to_scripts_and_secure_over_https(small, served):
    client, study, _ = served
    code = invite_to(study, small.NOON, "kim", "reader")
    shown = client()
    plain = shown.get("/login").headers["set-cookie"]
    assert "HttpOnly" in plain
    assert "SameSite=lax" in plain
    assert "Secure" not in plain
    shown.base_url = "https://testserver"
    assert "Secure" in shown.get(f"/invitation/{code}").headers["set-cookie"]
