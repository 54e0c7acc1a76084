# SPDX-License-Identifier: Apache-2.0
"""What a page was told is kept: the server is killed with kill -9 while readers hand in."""

import json
import threading
import time

import httpx2
import numpy as np
import pytest

from lessgad.reader_study.study import invite_to, opened_folder
from lessgad.reader_study.verify import verify_study


class HandingIn(threading.Thread):
    """One reader who revises one case again and again, and notes what the server confirmed."""

    def __init__(self, small, address, token, path):
        super().__init__(daemon=True)
        self.small = small
        self.client = httpx2.Client(base_url=address, cookies={"lessgad_login": token}, timeout=10)
        self.path = path
        self.confirmed = {}
        self.n_lost = 0
        self.done = threading.Event()
        self.wrong = []

    def run(self):
        number = 0
        while not self.done.is_set():
            number += 1
            words = f"remark {number}"
            page = self.patiently(lambda: self.client.get(self.path).text)
            if page is None:
                return
            kept = {name: self.small.hidden(page, name) for name in ("csrf", "submission", "based_on", "view_id")}
            fields = kept | self.small.complete() | {"comment": words, "reason": f"reason {number}"}
            answer = self.patiently(lambda fields=fields: self.hand_in(fields))  # the same page until it is confirmed
            if answer is None:
                return
            if answer.status_code != 200:
                self.wrong.append(answer.text)
                return
            self.confirmed[int(kept["based_on"]) + 1] = words

    def hand_in(self, fields):
        return self.client.post(f"{self.path}/answers", data=fields, headers={"accept": "application/json"})

    def patiently(self, ask):
        while not self.done.is_set():
            try:
                return ask()
            except httpx2.TransportError:
                self.n_lost += 1
                time.sleep(0.05)
        return None


@pytest.mark.parametrize(
    ("n_kills", "n_readers"),
    [pytest.param(3, 3, marks=pytest.mark.slow), pytest.param(50, 6, marks=pytest.mark.soak)],
)
@pytest.mark.timeout(3600)
def test_no_confirmed_answer_is_lost_or_doubled(small, served, tmp_path, n_kills, n_readers):
    folder = small.write_study(tmp_path / "reader", n_practice=0, n_cases=1, shape=(8, 8, 4))
    threads, readings = logged_in_readers(small, served, folder, tmp_path, n_readers)
    server = served.Server(tmp_path).start()
    threads = [HandingIn(small, server.address, *one) for one in threads]
    try:
        for thread in threads:
            thread.start()
        draws = np.random.default_rng(1)
        for _ in range(n_kills):
            before = sum(len(thread.confirmed) for thread in threads)
            until = time.monotonic() + 60
            while sum(len(thread.confirmed) for thread in threads) < before + 3 and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(draws.uniform(0, 0.2))
            server.kill()
            server.start()
    finally:
        for thread in threads:
            thread.done.set()
        for thread in threads:
            thread.join(timeout=60)
        server.stop()
    assert [thread.wrong for thread in threads] == [[]] * n_readers
    assert sum(thread.n_lost for thread in threads) > 0
    assert sum(len(thread.confirmed) for thread in threads) >= 3 * n_kills
    check_answers(folder, threads, readings)


def logged_in_readers(small, served, folder, experiment, n_readers):
    server = served.Server(experiment)
    people = []
    with opened_folder(folder) as study:
        codes = [invite_to(study, time.time(), f"reader{number}", "reader") for number in range(n_readers)]
    server.start()
    readings = {}
    for number, code in enumerate(codes):
        with httpx2.Client(base_url=server.address, timeout=60) as client:
            secret = small.hidden(client.get(f"/invitation/{code}").text, "csrf")
            client.post(
                f"/invitation/{code}", data={"csrf": secret, "password": small.PASSWORD, "again": small.PASSWORD}
            )
            client.post("/face-notice", data={"csrf": small.hidden(client.get("/").text, "csrf")})
            path = small.next_reading(client)
            people.append((client.cookies["lessgad_login"], path))
            readings[number] = path.rsplit("/", 1)[1]
    server.stop()
    return people, readings


def check_answers(folder, threads, readings):
    from lessgad.reader_study.store.answer_sets import revisions

    assert verify_study(folder).problems == ()
    with opened_folder(folder) as study, study.store.reading() as session:
        for number, thread in enumerate(threads):
            stored = revisions(session, readings[number])
            assert [one.revision for one in stored] == list(range(1, len(stored) + 1))
            words = {one.revision: json.loads(one.answers)["comment"] for one in stored}
            assert len(set(words.values())) == len(stored)  # no remark is there twice
            assert {revision: words.get(revision) for revision in thread.confirmed} == thread.confirmed
            assert len(stored) - len(thread.confirmed) in (0, 1)  # the last one may have been cut off
