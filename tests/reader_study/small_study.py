# SPDX-License-Identifier: Apache-2.0
"""A reader study of small made-up images, without an experiment around it; and a browser that can read it."""

import re
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from lessgad.dose_fraction import dose_label
from lessgad.reader_study.design import sample_cases
from lessgad.reader_study.drawing import opaque_id
from lessgad.reader_study.protocol import ReadingProtocol, write_protocol
from lessgad.reader_study.questionnaire import default_questionnaire
from lessgad.reader_study.settings import ReaderStudySettings
from lessgad.reader_study.store.cases import NewCase, add_case
from lessgad.reader_study.store.database import create_store
from lessgad.reader_study.study import invite_to, opened_folder
from lessgad.reader_study.study_folder import StudyFolder
from lessgad.viewer.browser_images import grid_of, write_browser_image

PASSWORD = "a long enough password"
NOON = 1_800_000_000.0
SPACING_MM = (0.9, 0.6, 2.0)
KEY = "the key of a test study"


class Clock:
    """A clock that a test moves."""

    def __init__(self, at=NOON):
        self.at = at

    def __call__(self):
        return self.at


def image(shape, seed):
    """A head-like ellipsoid with a bright ball, darker on the patient's right."""
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    head = x**2 + y**2 + (0.6 * z) ** 2 < 0.7
    ball = (x - 0.3) ** 2 + (y + 0.2) ** 2 + z**2 < 0.02
    noise = np.random.default_rng(seed).normal(0, 0.02, shape)
    return np.clip(np.where(head, -0.4 + 0.1 * x, -1) + 0.8 * ball + noise, -1, 1), ball


def write_study(root: Path, n_cases=3, n_practice=1, shape=(48, 60, 12), **settings):
    """Write a study of patients named 01, 02 … and give its folder."""
    folder = StudyFolder(root)
    root.mkdir(parents=True)
    given = ReaderStudySettings(n_practice=n_practice, **settings)
    test = [(f"secret{number:02}", "ses1") for number in range(n_cases)]
    cases = sample_cases(test, [(f"hidden{number:02}", "") for number in range(n_practice)], given, KEY)
    protocol = ReadingProtocol(settings=given, questionnaire=default_questionnaire(), cases=cases, key=KEY)
    store = create_store(folder.database)
    for number, case in enumerate(cases):
        hashes = {}
        for at, kind in enumerate(["pre_contrast", "standard_dose", *map(dose_label, given.doses)]):
            name = opaque_id(KEY, "image", case.id, kind, length=16)
            voxels, ball = image(shape, 10 * number + at)
            hashes[kind] = (name, write_browser_image(folder.image(name), voxels))
        with store.writing() as session:
            add_case(session, NewCase(case.id, grid_of(shape, SPACING_MM, 2 / 3.5, ball), hashes))
    store.close()
    write_protocol(folder.protocol, protocol)
    return folder


@contextmanager
def browser(folder, clock=None):
    """Give a function that makes clients of the study's server, and the open study."""
    from fastapi.testclient import TestClient

    from lessgad.reader_study.web.app import create_app

    with opened_folder(folder) as study:
        app = create_app(study, ["testserver"], now=clock or Clock())
        yield lambda: TestClient(app, follow_redirects=False, headers={"accept": "text/html"}), study


def invited(study, client, name, role="reader", at=NOON):
    """Invite somebody, who sets a password and is logged in then."""
    code = invite_to(study, at, name, role)
    shown = client.get(f"/invitation/{code}")
    fields = {"csrf": hidden(shown.text, "csrf"), "password": PASSWORD, "again": PASSWORD}
    assert client.post(f"/invitation/{code}", data=fields).headers["location"] == "/"
    return client


def reader(study, client, name="kim", at=NOON):
    """A reader who is logged in and has read the notice."""
    invited(study, client, name, at=at)
    assert client.post("/face-notice", data={"csrf": hidden(client.get("/").text, "csrf")}).status_code == 303
    return client


def hidden(html, name):
    """Value of a hidden field of a page."""
    return re.search(rf'name="{name}" value="([^"]*)"', html)[1]


def next_reading(client):
    """Address of the case that is open."""
    return re.search(r'class="next" href="(/readings/[^"]+)"', client.get("/").text)[1]


def complete(**changes):
    """Fields that answer everything of a case with two images."""
    fields = {
        "image_quality.A": "3",
        "image_quality.B": "3",
        "lesion_detectability.A": "4",
        "lesion_detectability.B": "3",
        "enhancement_pattern.A": "different",
        "pattern_difference.A": ["outside_tumor", "lack_of_enhancement"],
        "enhancement_pattern.B": "similar",
        "sufficient.A": "no",
        "sufficient.B": "yes",
        "diagnostic_value": "4",
        "comment": "",
    }
    return fields | changes


def hand_in(client, address, page=None, **changes):
    """Hand a case in, as its page does."""
    page = page or client.get(address).text
    kept = {name: hidden(page, name) for name in ("csrf", "submission", "based_on", "view_id")}
    return client.post(f"{address}/answers", data=kept | complete() | changes, headers={"accept": "application/json"})
