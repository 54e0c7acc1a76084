# SPDX-License-Identifier: Apache-2.0
"""`lessgad reader` in a folder of any name: served, copied and verified; nothing is written beside it."""

import httpx2
import pytest

from lessgad.cli.main import exit_code


@pytest.mark.slow
@pytest.mark.parametrize("name", ["study #2", "what?x=1", "100%20", "a&b=c;d", "file:x", "é 中 'q' \"", "[a]{b}~$HOME"])
def test_serve_add_backup_and_verify(small, served, tmp_path, name):
    experiment = tmp_path / name
    small.write_study(experiment / "reader")
    server = served.Server(experiment).start()
    try:
        answer = httpx2.get(f"{server.address}/", follow_redirects=True, headers={"accept": "text/html"}, timeout=60)
        assert answer.status_code == 200
        assert "not a medical device" in answer.text
        assert exit_code(["reader", "backup", str(experiment), str(tmp_path / f"copy of {name}")]) == 0
    finally:
        server.stop()
    assert exit_code(["reader", "add", str(experiment), "kim"]) == 0
    assert exit_code(["reader", "verify", str(experiment)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {name, f"copy of {name}"}
    assert {path.name for path in experiment.iterdir()} == {"reader"}
