# SPDX-License-Identifier: Apache-2.0
"""How fast `lessgad view` shows five files of 512×512×100 in software Chromium; the files are generated.

python benchmarks/viewer_of_files.py [--shape 512 512 100] [--files 5]

Times are wall-clock times. On a busy machine, look at the least ones and at the CPU time of the server.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nibabel
import numpy as np
from viewer_speed import CHANGES, SCROLL

TESTS = Path(__file__).parents[1] / "tests"
N_FRAMES = 60


def write_files(folder, shape, n_files):
    """Heads with noise, as int16; the last file is a mask."""
    rng = np.random.default_rng(1)
    x, y = (np.linspace(-1, 1, n)[:, None, None] for n in shape[:2])
    y = y.transpose(1, 0, 2)
    head = (x / 0.7) ** 2 + (y / 0.85) ** 2 < 1
    texture = 700 + 200 * np.sin(50 * x) * np.cos(50 * y)
    paths = []
    for number in range(n_files - 1):
        noise = rng.normal(0, 20, shape).astype(np.float32)
        paths.append(folder / f"scan{number}.nii.gz")
        _save(paths[-1], (head * texture + noise).clip(0).astype(np.int16))
    mask = np.zeros(shape, np.int16)
    mask[tuple(slice(n // 2, n // 2 + max(1, n // 10)) for n in shape)] = 1
    paths.append(folder / "tumor_mask.nii.gz")
    _save(paths[-1], mask)
    return paths


def _save(path, array):
    nibabel.save(nibabel.Nifti1Image(array, np.diag([0.4, 0.4, 1.5, 1])), path)


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", type=int, nargs=3, default=(512, 512, 100))
    parser.add_argument("--files", type=int, default=5)
    parser.add_argument("--window", type=int, nargs=2, default=(1280, 800))
    arguments = parser.parse_args()
    sys.path.insert(0, str(TESTS / "reader_study" / "web"))
    import reader_browser as steps

    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        paths = write_files(root, tuple(arguments.shape), arguments.files)
        began = time.monotonic()
        code = "from lessgad.cli.main import main; main()"
        command = [sys.executable, "-c", code, "view", *map(str, paths), "--no-browser"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            link = server.stdout.readline().strip()
            print(f"until the link: {time.monotonic() - began:.1f} s, {cpu_seconds(server.pid):.1f} CPU s")
            with steps.window("/usr/bin/chromium", root / "profile", *arguments.window) as (page, _):
                before, began = cpu_seconds(server.pid), time.monotonic()
                page.goto(link)
                page.click(".studies tbody a >> nth=0")
                steps.until(page, f"document.querySelectorAll('.panel').length === {len(paths) - 1}")
                steps.until(page, steps.READY)
                steps.until(page, steps.LOADED, seconds=600)
                wall, cpu = time.monotonic() - began, cpu_seconds(server.pid) - before
                print(f"load: {wall:.1f} s; server {cpu:.1f} CPU s")
                _time(page, CHANGES)
                page.keyboard.press("o")
                page.wait_for_timeout(1000)
                _time(page, {"scroll with overlay": CHANGES["scroll"]})
        finally:
            os.kill(server.pid, signal.SIGINT)
            server.wait(timeout=60)


def _time(page, changes):
    for name, change in changes.items():
        results = page.evaluate(SCROLL.replace("CHANGE", change), N_FRAMES)
        for what, times in zip(("drawing", "frame to frame"), results, strict=True):
            print(f"{name}, {what}: least {times[0]:.1f} ms, median {times[30]:.1f} ms, 95 % {times[56]:.1f} ms")


if __name__ == "__main__":
    main()
