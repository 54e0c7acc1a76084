# SPDX-License-Identifier: Apache-2.0
"""Run `lessgad` in children of one warm process, and stop each at a named point.

    python kill_driver.py JOBS.json

A job is ``{"arguments": […], "match": "resume.pt", "when": "before", "count": 1, "console": FILE}``: the child is
killed just before or after it gives the count-th file with a matching path its name (``half``: just before, with
half of the file written; ``interrupt``: Ctrl-C just after). A job ``{"copy": [FROM, TO]}`` copies a file in between.
Prints how each child ended: exit code or −signal.
"""

from __future__ import annotations

import fnmatch
import json
import os
import pathlib
import shutil
import signal
import sys

from lessgad.cli.main import exit_code


def stop_at(match: str, when: str, count: int) -> None:
    """Make the renaming that ends every write of lessgad deadly at one file."""
    rename = pathlib.Path.replace
    seen = 0

    def replace(self: pathlib.Path, target: pathlib.Path) -> pathlib.Path:
        nonlocal seen
        hit = fnmatch.fnmatch(str(target), f"*{match}")
        seen += hit
        if not (hit and seen == count):
            return rename(self, target)
        if when == "half":
            os.truncate(self, self.stat().st_size // 2)
        if when in ("after", "interrupt"):
            rename(self, target)
        os.kill(os.getpid(), signal.SIGINT if when == "interrupt" else signal.SIGKILL)
        return target

    pathlib.Path.replace = replace


def run(job: dict) -> int:
    """Do one job in a child and say how it ended."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    console = os.open(job["console"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(console, 1)
    os.dup2(console, 2)
    if "match" in job:
        stop_at(job["match"], job["when"], job["count"])
    os._exit(exit_code(job["arguments"]))


if __name__ == "__main__":
    with pathlib.Path(sys.argv[1]).open() as file:
        jobs = json.load(file)
    ends = []
    for job in jobs:
        if "copy" in job:
            shutil.copyfile(*job["copy"])
        else:
            ends.append(run(job))
    print(json.dumps(ends))
