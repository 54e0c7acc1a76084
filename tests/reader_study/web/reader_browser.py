# SPDX-License-Identifier: Apache-2.0
"""A reader's window in a real browser, as far as the first case."""

import time
from contextlib import contextmanager

ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


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
READY = "document.documentElement?.dataset.ready === 'yes'"


def accept(page, address, code, password):
    page.goto(f"{address}/invitation/{code}")
    page.fill("#password", password)
    page.fill("#again", password)
    page.click("button.primary")
    page.click("text=I have read this")


def until_read(page):
    until(page, READY)
    until(page, LOADED)
