# SPDX-License-Identifier: Apache-2.0
"""Many readers at once on loopback."""

import concurrent.futures
import time

import httpx2
import numpy as np
import pytest

from lessgad.reader_study.study import invite_to, opened_folder
from lessgad.reader_study.verify import verify_study


def way_through(client, small, path, times):
    """What one reader does: page, four images, a draft, answers."""

    def timed(ask):
        began = time.monotonic()
        answer = ask()
        times.append(time.monotonic() - began)
        assert answer.status_code == 200, answer.text
        return answer

    page = timed(lambda: client.get(path)).text
    for place in range(4):
        timed(lambda place=place: client.get(f"{path}/images/{place}"))
    kept = {name: small.hidden(page, name) for name in ("csrf", "submission", "based_on", "view_id")}
    fields = kept | small.complete() | {"reason": "again"}
    timed(lambda: client.post(f"{path}/draft", data=fields))
    timed(lambda: client.post(f"{path}/answers", data=fields, headers={"accept": "application/json"}))


def open_client(small, server, code):
    client = httpx2.Client(base_url=server.address, timeout=60)
    secret = small.hidden(client.get(f"/invitation/{code}").text, "csrf")
    client.post(f"/invitation/{code}", data={"csrf": secret, "password": small.PASSWORD, "again": small.PASSWORD})
    client.post("/face-notice", data={"csrf": small.hidden(client.get("/").text, "csrf")})
    return client


@pytest.mark.parametrize(
    ("n_readers", "seconds"),
    [pytest.param(5, 4, marks=pytest.mark.slow), pytest.param(20, 60, marks=pytest.mark.soak)],
)
@pytest.mark.timeout(900)
def test_many_readers_at_once(small, served, tmp_path, n_readers, seconds):
    folder = small.write_study(tmp_path / "reader", n_practice=0, n_cases=1, shape=(256, 256, 24))
    with opened_folder(folder) as study:
        codes = [invite_to(study, time.time(), f"reader{number}", "reader") for number in range(n_readers)]
    server = served.Server(tmp_path).start()
    try:
        clients = [open_client(small, server, code) for code in codes]
        paths = [small.next_reading(client) for client in clients]
        idle = []
        for _ in range(10):
            way_through(clients[0], small, paths[0], idle)
        busy = [[] for _ in clients]

        def read_on(number):
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                way_through(clients[number], small, paths[number], busy[number])
                time.sleep(1.0)  # a reader who is very quick

        with concurrent.futures.ThreadPoolExecutor(n_readers) as pool:
            list(pool.map(read_on, range(n_readers)))
    finally:
        server.stop()
    taken = np.concatenate(busy)
    usual = np.median(idle)
    print(f"{n_readers} readers, {len(taken)} requests: median {np.median(taken) / usual:.1f}, ", end="")
    print(f"p99 {np.percentile(taken, 99) / usual:.1f} times an idle request of {1000 * usual:.0f} ms")
    assert verify_study(folder).problems == ()
    assert min(map(len, busy)) >= 7
