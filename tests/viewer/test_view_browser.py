# SPDX-License-Identifier: Apache-2.0
"""`lessgad view` in a real browser: dose slider, overlays, difference, the way to the lesion, the list."""

import os
import signal
import subprocess
import sys

import pytest
from reader_browser import LOADED, READY, until, window

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

PIXELS = """(place) => {
    const { canvas, context } = window.lessgadPanels.panels[place];
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let [colored, sum] = [0, 0];
    for (let at = 0; at < data.length; at += 4) {
        if (Math.abs(data[at] - data[at + 2]) > 25) colored += 1;
        sum += data[at];
    }
    return { colored, sum };
}"""


@pytest.fixture
def viewed(tiny_experiment):
    """The link of a viewer of a small experiment."""
    code = "from lessgad.cli.main import main; main()"
    arguments = ["view", str(tiny_experiment("report")), "--no-browser"]
    process = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        os.kill(process.pid, signal.SIGINT)
        process.wait(timeout=60)
        process.stdout.close()


def enter(page, link):
    for _ in range(400):
        try:
            page.goto(link)
            break
        except Exception as error:  # noqa: BLE001 - until the server answers
            assert "REFUSED" in str(error)
            page.wait_for_timeout(100)
    until(page, READY)


def names(page):
    return page.locator(".studies tbody td:first-child").all_text_contents()


def column(page, number):
    found = page.locator(f".studies tbody td:nth-child({number})").all_text_contents()
    return [float(words.replace("−", "-")) for words in found if words != "–"]


def pixels(page, place):
    page.evaluate("window.lessgadPanels.drawNow()")
    return page.evaluate(PIXELS, place)


def shown_after(page, act):
    """Do something that fetches images, and wait until they are shown."""
    before = int(page.evaluate("document.documentElement.dataset.shown"))
    act()
    until(page, f"Number(document.documentElement.dataset.shown) > {before}")


def test_a_look_at_an_experiment(viewed, chromium, tmp_path):
    with window(chromium, tmp_path / "profile") as (page, complaints):
        enter(page, viewed)
        assert "token" not in page.url
        the_list_is_worst_first(page)
        second = page.get_attribute(".studies tbody a >> nth=1", "href").partition("?")[0]
        page.click(".studies tbody a >> nth=0")
        until(page, READY)
        until(page, LOADED)
        until(page, "document.documentElement.dataset.shown !== undefined")
        the_slider_changes_low_dose_and_restored_alone(page)
        overlays_are_laid_over(page)
        differences_are_in_color(page)
        the_lesion_fills_the_middle(page)
        page.keyboard.press("n")
        until(page, f"location.pathname === '{second}' && document.documentElement.dataset.ready === 'yes'")
        assert complaints == []


def the_list_is_worst_first(page):
    psnr = column(page, 3)
    assert psnr == sorted(psnr)
    page.click("text=false enhancement, ml")
    false = column(page, 3 + page.locator(".studies th").all_text_contents().index("false enhancement, ml") - 2)
    assert false == sorted(false, reverse=True)
    first = names(page)[0]
    page.click("text=false enhancement, ml")
    assert names(page)[0] != first
    page.select_option("#dose", "dose50")
    assert column(page, 3) != psnr


def the_slider_changes_low_dose_and_restored_alone(page):
    assert page.text_content("#dose-words") == "50 %"
    before = [pixels(page, place)["sum"] for place in range(4)]
    shown_after(page, lambda: page.keyboard.press("ArrowLeft"))
    assert page.text_content("#dose-words") == "10 %"
    after = [pixels(page, place)["sum"] for place in range(4)]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False, False, True]
    shown_after(page, lambda: page.locator("#dose").fill("2"))
    assert [pixels(page, place)["sum"] for place in range(4)] == before


def overlays_are_laid_over(page):
    assert [pixels(page, place)["colored"] for place in range(4)] == [0, 0, 0, 0]
    shown_after(page, lambda: page.keyboard.press("o"))
    assert page.input_value("#overlay") == "regions"
    assert all(pixels(page, place)["colored"] > 20 for place in range(4))
    assert page.text_content("#legend") == "yellow: intrameatal, green: extrameatal"
    keys = page.locator("#overlay option").evaluate_all("(options) => options.map(({ value }) => value)")
    for key in keys[2:]:
        shown_after(page, lambda key=key: page.select_option("#overlay", key))
        assert "full color" in page.text_content("#legend")
        assert [pixels(page, place)["colored"] for place in (0, 1, 3)] == [0, 0, 0]
    shown_after(page, lambda: page.select_option("#overlay", ""))


def differences_are_in_color(page):
    shown_after(page, lambda: page.keyboard.press("d"))
    assert pixels(page, 0)["colored"] > 50  # T1 lacks the tumor's enhancement
    assert pixels(page, 3)["colored"] == 0  # the standard dose itself stays gray
    shown_after(page, lambda: page.keyboard.press("d"))
    assert pixels(page, 0)["colored"] == 0


def the_lesion_fills_the_middle(page):
    shown_after(page, lambda: page.select_option("#overlay", "regions"))
    page.keyboard.press("j")
    page.wait_for_timeout(200)
    found = page.evaluate(
        """() => {
        const { canvas, context, view } = window.lessgadPanels.panels[3];
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
        let [left, right, top, bottom] = [1e9, -1, 1e9, -1];
        for (let y = 0; y < canvas.height; y++) for (let x = 0; x < canvas.width; x++) {
            const at = 4 * (y * canvas.width + x);
            if (Math.abs(data[at] - data[at + 2]) < 60) continue;
            [left, right] = [Math.min(left, x), Math.max(right, x)];
            [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
        }
        return { x: (left + right) / 2 / canvas.width, y: (top + bottom) / 2 / canvas.height, zoom: view.zoom };
    }"""
    )
    assert found["zoom"] > 1.5
    assert abs(found["x"] - 0.5) < 0.06
    assert abs(found["y"] - 0.5) < 0.06
