# SPDX-License-Identifier: Apache-2.0
"""The viewer in a real browser: mouse, keys, touch, and how images lie on the screen."""

import time
from contextlib import contextmanager

import pytest
from reader_browser import accept, until, until_read, window

from lessgad.reader_study.study import invite_to, opened_folder

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@contextmanager
def one_case(small, served, chromium, tmp_path, **changes):
    """A study of one case, open before its reader: the page, and what went wrong in it."""
    folder = small.write_study(tmp_path / "reader", n_cases=1, n_practice=0, **changes)
    with opened_folder(folder) as study:
        code = invite_to(study, time.time(), "kim", "reader")
    server = served.Server(tmp_path).start()
    try:
        with window(chromium, tmp_path / "profile") as (page, complaints):
            accept(page, server.address, code, small.PASSWORD)
            page.click("text=Begin with case")
            until_read(page)
            yield page, complaints
    finally:
        server.stop()


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
    with one_case(small, served, chromium, tmp_path, shape=(60, 60, 20)) as (page, complaints):
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
    """The head is as wide as its millimeters say, and the ball at larger x is at the left of the screen."""
    page.keyboard.press("j")
    page.wait_for_timeout(200)
    found = page.evaluate(
        """() => {
        const { canvas, context } = window.lessgadPanels.panels[1];
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
        let [left, right, top, bottom, n, sum] = [1e9, -1, 1e9, -1, 0, 0];
        for (let y = 0; y < canvas.height; y++) for (let x = 0; x < canvas.width; x++) {
            const gray = data[4 * (y * canvas.width + x)];
            if (gray > 60) {
                [left, right] = [Math.min(left, x), Math.max(right, x)];
                [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
            }
            if (gray > 230) { n += 1; sum += x; }
        }
        return { width: right - left, height: bottom - top, ball: sum / n, middle: canvas.width / 2 };
    }"""
    )
    x_mm, y_mm, _ = small.SPACING_MM
    assert found["width"] / found["height"] == pytest.approx(x_mm / y_mm, rel=0.06)
    assert found["ball"] < found["middle"]


def test_touch(small, served, chromium, tmp_path):
    with one_case(small, served, chromium, tmp_path) as (page, _):
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
