# SPDX-License-Identifier: Apache-2.0
"""Every route, asked by everybody: whose business it is not gets 404, or the login."""

import pytest
from fastapi.routing import APIRoute

ROLES = ("nobody", "another reader", "coordinator", "reader")
OPEN = {"GET /login", "POST /login", "GET /invitation/{code}", "POST /invitation/{code}"}
#: What each role gets with a valid form: nobody, another reader, coordinator, the reader whose case it is.
WANTED = {
    "GET /": (303, 200, 200, 200),
    "GET /login": (200, 303, 303, 303),
    "POST /login": (422, 422, 422, 422),
    "POST /logout": (401, 303, 303, 303),
    "GET /form-secret": (303, 200, 200, 200),
    "GET /invitation/{code}": (404, 404, 404, 404),
    "POST /invitation/{code}": (404, 404, 404, 404),
    "POST /face-notice": (401, 303, 404, 303),
    "GET /readings/{reading_id}": (303, 404, 404, 200),
    "GET /readings/{reading_id}/images/{place}": (303, 404, 404, 200),
    "POST /readings/{reading_id}/draft": (401, 404, 404, 200),
    "POST /readings/{reading_id}/answers": (401, 404, 404, 303),
    "GET /sign-off": (303, 404, 404, 404),
    "POST /sign-off": (401, 404, 404, 404),
    "POST /accounts/{account_id}/logout": (401, 404, 303, 404),
}


@pytest.fixture
def everybody(small, folder):
    """A client and its form secret of each role, and the address of the reader's case."""
    with small.browser(folder) as (client, study):
        people = {
            "nobody": client(),
            "another reader": small.reader(study, client(), "lee"),
            "coordinator": small.invited(study, client(), "chris", "coordinator"),
            "reader": small.reader(study, client(), "kim"),
        }
        yield people, small.next_reading(people["reader"])


def routes(app):
    found = []
    for route in app.routes:
        router = getattr(route, "original_router", None)
        inner = router.routes if router is not None else [route]
        found += [
            f"{method} {one.path}" for one in inner if isinstance(one, APIRoute) for method in one.methods - {"HEAD"}
        ]
    return found


def test_every_route_is_in_the_matrix(everybody):
    people, _ = everybody
    assert sorted(routes(people["nobody"].app)) == sorted(WANTED)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", WANTED)
def test_matrix(small, everybody, route, role):
    people, address = everybody
    client = people[role]
    method, path = route.split(" ")
    path = path.format(code="x" * 43, reading_id=address.rsplit("/", 1)[1], place=0, account_id=1)
    anonymous = role == "nobody" or route in OPEN
    secret = (
        small.hidden(client.get("/login").text, "csrf")
        if role == "nobody"
        else client.get("/form-secret").json()["csrf"]
    )
    if route in OPEN:
        client.cookies.set("lessgad_form", secret)
    if method == "GET":
        answer = client.get(path)
    else:
        page = people["reader"].get(address).text
        fields = {name: small.hidden(page, name) for name in ("submission", "based_on", "view_id")}
        answer = client.post(
            path, data=fields | small.complete() | {"csrf": secret, "name": "kim", "password": "wrong"}
        )
    assert answer.status_code == WANTED[route][ROLES.index(role)]
    if answer.status_code == 303 and role == "nobody":
        assert anonymous
        assert answer.headers["location"] == "/login"


@pytest.mark.parametrize("route", [route for route in WANTED if route.startswith("POST")])
@pytest.mark.parametrize("secret", ["", "wrong", "another reader's"])
def test_no_post_without_its_own_secret(small, everybody, route, secret):
    people, address = everybody
    client = people["coordinator" if "accounts" in route else "reader"]
    if secret == "another reader's":
        secret = people["another reader"].get("/form-secret").json()["csrf"]
    path = route.split(" ")[1].format(code="x", reading_id=address.rsplit("/", 1)[1], account_id=1)
    assert client.post(path, data=small.complete() | {"csrf": secret}).status_code == 400


def test_no_post_from_another_site_or_as_anything_but_a_form(everybody):
    people, address = everybody
    client = people["reader"]
    secret = client.get("/form-secret").json()["csrf"]
    foreign = client.post("/face-notice", data={"csrf": secret}, headers={"sec-fetch-site": "cross-site"})
    assert foreign.status_code == 400
    assert client.post("/face-notice", json={"csrf": secret}).status_code == 400
    huge = client.post(f"{address}/draft", data={"csrf": secret, "comment": "x" * 300_000})
    assert huge.status_code == 413


def test_headers_of_every_answer(everybody):
    people, address = everybody
    client = people["reader"]
    for path in (
        "/",
        "/login",
        address,
        f"{address}/images/0",
        "/static/reading.js",
        "/nothing",
        "/docs",
        "/openapi.json",
    ):
        answer = client.get(path)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == ("no-cache" if "static" in path else "no-store")
    assert client.get("/docs").status_code == client.get("/openapi.json").status_code == 404


def test_no_other_host_name_is_answered(everybody):
    people, _ = everybody
    assert people["nobody"].get("/login", headers={"host": "evil.example"}).status_code == 400


def test_pages_have_no_inline_script_or_style(everybody):
    people, address = everybody
    pages = [people["reader"].get(path).text for path in ("/", address)] + [people["coordinator"].get("/").text]
    for page in pages:
        assert "style=" not in page
        assert "onclick" not in page
        assert page.count("<script") == page.count('<script type="module" src="/static/') + page.count(
            "application/json"
        )
        assert "http://" not in page
        assert "https://" not in page
