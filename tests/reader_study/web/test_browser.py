# SPDX-License-Identifier: Apache-2.0
"""A reader in a real browser: keys and mouse, a reload, a server that is killed, a revision, the sign-off."""

import json
import os
import re
import shutil
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from lessgad.reader_study.store.answer_sets import revisions
from lessgad.reader_study.study import invite_to, opened_folder
from lessgad.reader_study.verify import verify_study

ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's Chromium; without it tests skip, or fail where LESSGAD_REQUIRE_DATA=1."""
    found = shutil.which("chromium")
    if found:
        return found
    reason = "no chromium: apt-get install -y --no-install-recommends chromium"
    if os.environ.get("LESSGAD_REQUIRE_DATA") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def window(chromium, profile, width=1280, height=800):
    """A page of a browser that knows nothing, and what went wrong in it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=chromium,
            args=ARGUMENTS,
            viewport={"width": width, "height": height},
            has_touch=True,
        )
        browser.set_default_timeout(120_000)
        page = browser.pages[0]
        complaints = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        try:
            yield page, complaints
        finally:
            browser.close()


def until(page, code, seconds=120):
    """Wait until a piece of JavaScript says yes."""
    end = time.monotonic() + seconds
    while not says_yes(page, code):
        assert time.monotonic() < end, code
        page.wait_for_timeout(50)


def says_yes(page, code):
    """What the page says; no while it is being left for the next one."""
    from playwright.sync_api import Error

    try:
        return page.evaluate(code)
    except Error as error:
        if "context was destroyed" in str(error):
            return False
        raise


LOADED = "[...document.querySelectorAll('.panel')].every((panel) => panel.dataset.state === 'loaded')"
READY = "document.documentElement.dataset.ready === 'yes'"


def accept(page, address, code, password):
    page.goto(f"{address}/invitation/{code}")
    page.fill("#password", password)
    page.fill("#again", password)
    page.click("button.primary")
    page.click("text=I have read this")


def until_read(page):
    until(page, READY)
    until(page, LOADED)


def title(page):
    return page.text_content(".where")


def answer_with_keys(page, patterns=("2", "1")):
    """Quality and detectability of both images, then pattern, reasons where it differs, sufficiency, preference."""
    for key in ("3", "4", "3", "3"):
        page.keyboard.press(key)
    for key in patterns:
        page.keyboard.press(key)
    if "2" in patterns:
        page.keyboard.press("1")
        page.keyboard.press("3")
        page.keyboard.press("Enter")
    for key in ("1", "1", "4"):
        page.keyboard.press(key)


def answered(page):
    return page.evaluate("Object.fromEntries(new FormData(document.querySelector('#answers')))")


def test_a_readers_day(small, served, chromium, tmp_path):
    folder = small.write_study(tmp_path / "reader", n_cases=2, n_practice=1)
    with opened_folder(folder) as study:
        code = invite_to(study, time.time(), "kim", "reader")
        planned = study.protocol.readings_of("kim")
    server = served.Server(tmp_path).start()
    try:
        with window(chromium, tmp_path / "profile") as (page, complaints):
            accept(page, server.address, code, small.PASSWORD)
            page.click("text=Begin with practice case 1 of 1")
            first_case_with_keys(page)
            second_case_with_a_reload_and_a_kill(page, server)
            third_case_with_the_mouse(page)
            revise_the_first(page)
            sign_off(page)
            assert complaints == []
            # Nobody but the reader of a case gets anything of it: the browser is logged out now.
            page.click("text=Log out")
            assert page.request.get(f"{server.address}/readings/{planned[0].id}/images/0").status == 401
    finally:
        server.stop()
    check_what_is_stored(folder, planned)


def first_case_with_keys(page):
    until_read(page)
    assert title(page) == "Practice case 1 of 1"
    answer_with_keys(page)
    assert page.text_content(".missing") == "complete"
    page.keyboard.press("Control+Enter")
    until(page, "document.querySelector('.where').textContent === 'Case 1 of 2'")


def second_case_with_a_reload_and_a_kill(page, server):
    until_read(page)
    for key in ("1", "2"):
        page.keyboard.press(key)
    until(page, "document.querySelector('#status').textContent === 'saved as draft'")
    page.reload()
    until_read(page)
    assert answered(page)["image_quality.A"] == "1"
    assert answered(page)["image_quality.B"] == "2"
    server.kill()
    for key in ("4", "3", "1", "1", "1", "1", "4"):
        page.keyboard.press(key)
    page.click("text=Hand in")
    until(page, "document.querySelector('#status').textContent.includes('cannot be reached')")
    server.start()
    page.click("text=Hand in")
    page.evaluate("document.querySelector('#answers').requestSubmit()")  # and once more at once
    until(page, "document.querySelector('.where').textContent === 'Case 2 of 2'")


def third_case_with_the_mouse(page):
    until_read(page)
    for name, value in (("image_quality.A", 3), ("image_quality.B", 3), ("lesion_detectability.A", 4)):
        page.click(f'.item[data-name="{name}"] label:nth-child({value})')
    page.click('.item[data-name="lesion_detectability.B"] label:nth-child(3)')
    page.click("text=Hand in")
    wrong = page.locator(".item.wrong:visible")
    assert wrong.count() == 5
    page.click('.item[data-name="enhancement_pattern.A"] label:nth-child(2)')
    page.click('.item[data-name="pattern_difference.A"] label:has-text("cysts")')
    page.fill('[name="pattern_difference.A.other"]', "a second ring")
    for name in ("enhancement_pattern.B", "sufficient.A", "sufficient.B"):
        page.click(f'.item[data-name="{name}"] label:nth-child(1)')
    page.click('.item[data-name="diagnostic_value"] label:nth-child(5)')
    page.fill("[name=comment]", "1 2 3 are words here, l and r too")
    page.dblclick("text=Hand in")
    page.wait_for_selector("text=You have read all cases")


def revise_the_first(page):
    page.click(".cases a >> nth=0")
    until_read(page)
    page.keyboard.press("5")
    assert answered(page).get("image_quality.A") is None  # locked: disabled fields are not sent
    page.click("text=Change the answers")
    page.click('.item[data-name="image_quality.A"] label:nth-child(5)')
    page.fill("#reason", "pressed the wrong key")
    page.click("text=Hand in")
    page.wait_for_selector("text=You have read all cases")


def sign_off(page):
    page.click(".go .button")
    page.wait_for_selector("text=My answers are final")
    assert page.is_disabled("#sign")
    page.check("[data-unlocks]")
    page.click("#sign")
    page.wait_for_selector("text=You signed off on")
    page.click(".cases a >> nth=1")
    until_read(page)
    assert page.locator("#revise").count() == 0


def check_what_is_stored(folder, planned):
    found = verify_study(folder)
    assert found.problems == ()
    with opened_folder(folder) as study, study.store.reading() as session:
        sets = [revisions(session, reading.id) for reading in planned]
    assert [len(one) for one in sets] == [2, 1, 1]
    first, second, third = (json.loads(one[-1].answers) for one in sets)
    assert first["image_quality.A"] == 5
    assert json.loads(sets[0][0].answers)["image_quality.A"] == 3
    assert first["pattern_difference.A"] == {"chosen": ["outside_tumor", "decreased_brightness"], "other": ""}
    assert second["image_quality.A"] == 1
    assert second["diagnostic_value"] == 4
    assert third["pattern_difference.A"] == {"chosen": ["cysts_imperceptible", "other"], "other": "a second ring"}
    assert third["comment"] == "1 2 3 are words here, l and r too"
    times = [one[-1].active_s for one in sets]
    assert all(0 <= seconds < 900 for seconds in times)
    assert times[1] > 1  # read in two windows, one of them while the server was down


def shown_state(page):
    code = """() => window.lessgadPanels.panels.map(({ view }) =>
        ({ slice: view.slice, zoom: view.zoom, shift: [...view.shiftMm], ...view.window }))"""
    return page.evaluate(code)


def drag(page, start, by, button="left"):
    page.mouse.move(*start)
    page.mouse.down(button=button)
    page.mouse.move(start[0] + by[0], start[1] + by[1], steps=4)
    page.mouse.up(button=button)


def test_the_viewer(small, served, chromium, tmp_path):
    folder = small.write_study(tmp_path / "reader", n_cases=1, n_practice=0, shape=(60, 60, 20))
    with opened_folder(folder) as study:
        code = invite_to(study, time.time(), "kim", "reader")
    server = served.Server(tmp_path).start()
    try:
        with window(chromium, tmp_path / "profile") as (page, complaints):
            accept(page, server.address, code, small.PASSWORD)
            page.click("text=Begin with case")
            until_read(page)
            boxes = [panel.bounding_box() for panel in page.query_selector_all(".panel canvas")]
            middle = (boxes[1]["x"] + boxes[1]["width"] / 2, boxes[1]["y"] + boxes[1]["height"] / 2)
            scroll_and_link(page, middle)
            window_zoom_and_pan(page, middle)
            proportions_and_sides(page, small)
            page.dblclick(".panel >> nth=2")
            assert page.locator(".panel:visible").count() == 1
            page.dblclick(".panel >> nth=2")
            assert page.locator(".panel:visible").count() == 4
            page.keyboard.press("?")
            assert page.is_visible("#help")
            page.keyboard.press("Escape")
            assert complaints == []
    finally:
        server.stop()


def scroll_and_link(page, middle):
    first = shown_state(page)
    page.mouse.move(*middle)
    page.mouse.wheel(0, 100)
    page.keyboard.press("ArrowDown")
    until(page, f"window.lessgadPanels.view.slice === {first[0]['slice'] - 2}")
    assert len({state["slice"] for state in shown_state(page)}) == 1
    page.keyboard.press("l")
    page.mouse.wheel(0, -100)
    until(page, f"window.lessgadPanels.panels[1].view.slice === {first[0]['slice'] - 1}")
    assert [state["slice"] - first[0]["slice"] for state in shown_state(page)] == [-2, -1, -2, -2]
    page.click("#link")
    assert {state["slice"] - first[0]["slice"] for state in shown_state(page)} == {-1}
    page.keyboard.press("j")
    assert abs(shown_state(page)[0]["slice"] - 9.5) < 1
    page.keyboard.press("End")
    assert shown_state(page)[0]["slice"] == 0
    page.keyboard.press("r")
    assert shown_state(page) == first


def window_zoom_and_pan(page, middle):
    before = shown_state(page)[0]
    drag(page, middle, (50, -30))
    after = shown_state(page)[0]
    assert after["width"] > before["width"]
    assert after["level"] < before["level"]
    page.click("text=Wide")
    assert (shown_state(page)[0]["level"], shown_state(page)[0]["width"]) == (175, 350)
    drag(page, middle, (40, 20), "middle")
    assert shown_state(page)[0]["shift"][0] > 0
    drag(page, middle, (0, -60), "right")
    assert shown_state(page)[0]["zoom"] > 1
    page.click("#reset")
    assert shown_state(page)[0] == before


def proportions_and_sides(page, small):
    """The head is as wide as its millimetres say, and the ball at larger x is at the left of the screen."""
    page.keyboard.press("j")
    page.wait_for_timeout(200)
    found = page.evaluate(
        """() => {
        const { canvas, context } = window.lessgadPanels.panels[1];
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
        let [left, right, top, bottom, n, sum] = [1e9, -1, 1e9, -1, 0, 0];
        for (let y = 0; y < canvas.height; y++) for (let x = 0; x < canvas.width; x++) {
            const grey = data[4 * (y * canvas.width + x)];
            if (grey > 60) {
                [left, right] = [Math.min(left, x), Math.max(right, x)];
                [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
            }
            if (grey > 230) { n += 1; sum += x; }
        }
        return { width: right - left, height: bottom - top, ball: sum / n, middle: canvas.width / 2 };
    }"""
    )
    x_mm, y_mm, _ = small.SPACING_MM
    assert found["width"] / found["height"] == pytest.approx(x_mm / y_mm, rel=0.06)
    assert found["ball"] < found["middle"]


def test_touch(small, served, chromium, tmp_path):
    folder = small.write_study(tmp_path / "reader", n_cases=1, n_practice=0)
    with opened_folder(folder) as study:
        code = invite_to(study, time.time(), "kim", "reader")
    server = served.Server(tmp_path).start()
    try:
        with window(chromium, tmp_path / "profile") as (page, _):
            accept(page, server.address, code, small.PASSWORD)
            page.click("text=Begin with case")
            until_read(page)
            before = shown_state(page)[0]
            box = page.query_selector(".panel canvas").bounding_box()
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            send = page.context.new_cdp_session(page).send

            def touch(kind, *points):
                send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": a, "y": b} for a, b in points]})

            touch("touchStart", (x, y))
            for step in range(1, 5):
                touch("touchMove", (x, y + 10 * step))
            touch("touchEnd")
            scrolled = shown_state(page)[0]
            assert scrolled["slice"] < before["slice"]
            assert scrolled["zoom"] == 1
            touch("touchStart", (x - 20, y), (x + 20, y))
            for step in range(1, 5):
                touch("touchMove", (x - 20 - 10 * step, y), (x + 20 + 10 * step, y))
            touch("touchEnd")
            assert shown_state(page)[0]["zoom"] == pytest.approx(3, rel=0.15)
    finally:
        server.stop()


def test_nothing_of_the_page_comes_from_elsewhere():
    """Static files name no other server."""
    import lessgad.reader_study

    folder = Path(lessgad.reader_study.__file__).parent / "viewer"
    for path in folder.iterdir():
        addresses = re.findall(r"https?://[^\s\"']+", path.read_text(encoding="utf-8"))
        assert [one for one in addresses if "www.w3.org" not in one] == []
