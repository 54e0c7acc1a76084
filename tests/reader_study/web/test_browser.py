# SPDX-License-Identifier: Apache-2.0
"""A reader in a real browser: keys and mouse, a reload, a server that is killed, a revision, the sign-off."""

import json
import re
import time
from pathlib import Path

import pytest
from reader_browser import accept, until, until_read, window

from lessgad.reader_study.store.answer_sets import revisions
from lessgad.reader_study.study import invite_to, opened_folder
from lessgad.reader_study.verify import verify_study

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


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
    until(page, "document.querySelector('.where')?.textContent === 'Case 1 of 2'")


def second_case_with_a_reload_and_a_kill(page, server):
    until_read(page)
    for key in ("1", "2"):
        page.keyboard.press(key)
    until(page, "document.querySelector('#status')?.textContent === 'saved as draft'")
    page.reload()
    until_read(page)
    assert answered(page)["image_quality.A"] == "1"
    assert answered(page)["image_quality.B"] == "2"
    server.kill()
    for key in ("4", "3", "1", "1", "1", "1", "4"):
        page.keyboard.press(key)
    page.click("button:text-is('Submit')")
    until(page, "document.querySelector('#status')?.textContent.includes('cannot be reached')")
    server.start()
    page.click("button:text-is('Submit')")
    page.evaluate("document.querySelector('#answers').requestSubmit()")  # and once more at once
    until(page, "document.querySelector('.where')?.textContent === 'Case 2 of 2'")


def third_case_with_the_mouse(page):
    until_read(page)
    for name, value in (("image_quality.A", 3), ("image_quality.B", 3), ("lesion_detectability.A", 4)):
        page.click(f'.item[data-name="{name}"] label:nth-child({value})')
    page.click('.item[data-name="lesion_detectability.B"] label:nth-child(3)')
    page.click("button:text-is('Submit')")
    wrong = page.locator(".item.wrong:visible")
    assert wrong.count() == 5
    page.click('.item[data-name="enhancement_pattern.A"] label:nth-child(2)')
    page.click('.item[data-name="pattern_difference.A"] label:has-text("cysts")')
    page.fill('[name="pattern_difference.A.other"]', "a second ring")
    for name in ("enhancement_pattern.B", "sufficient.A", "sufficient.B"):
        page.click(f'.item[data-name="{name}"] label:nth-child(1)')
    page.click('.item[data-name="diagnostic_value"] label:nth-child(5)')
    page.fill("[name=comment]", "1 2 3 are words here, l and r too")
    page.dblclick("button:text-is('Submit')")
    page.wait_for_selector("text=You have read all cases")


def revise_the_first(page):
    page.click(".cases a >> nth=0")
    until_read(page)
    page.keyboard.press("5")
    assert answered(page).get("image_quality.A") is None  # locked: disabled fields are not sent
    page.click("text=Change the answers")
    page.click('.item[data-name="image_quality.A"] label:nth-child(5)')
    page.fill("#reason", "pressed the wrong key")
    page.click("button:text-is('Submit')")
    page.wait_for_selector("text=You have read all cases")


def sign_off(page):
    page.click(".go .button")
    page.wait_for_selector("text=My answers are final")
    until(page, "document.querySelector('#sign').disabled")  # by a script, a moment after the page is there
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


def test_nothing_of_the_page_comes_from_elsewhere():
    """Static files name no other server."""
    import lessgad

    package = Path(lessgad.__file__).parent
    for path in (*(package / "reader_study" / "viewer").iterdir(), *(package / "viewer" / "static").iterdir()):
        addresses = re.findall(r"https?://[^\s\"']+", path.read_text(encoding="utf-8"))
        assert [one for one in addresses if "www.w3.org" not in one] == []
