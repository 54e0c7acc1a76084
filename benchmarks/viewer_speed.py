# SPDX-License-Identifier: Apache-2.0
"""How fast the viewer is in software Chromium: four volumes of 512×512×100, generated.

python benchmarks/viewer_speed.py [--shape 512 512 100]
"""

import argparse
import importlib.util
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests" / "reader_study"
SCROLL = """async (n) => {
  const panels = window.lessgadPanels;
  const times = [];
  const frames = [];
  let shown = await new Promise(requestAnimationFrame);
  for (let step = 0; step < n; step++) {
    CHANGE
    const began = performance.now();
    panels.drawNow();
    times.push(performance.now() - began);
    const next = await new Promise(requestAnimationFrame);
    frames.push(next - shown);
    shown = next;
  }
  return [times, frames].map((list) => list.sort((a, b) => a - b));
}"""
CHANGES = {
    "scroll": "panels.view.goTo(step % panels.view.nSlices);",
    "window": "panels.view.changeWindow(step % 2 ? 3 : -3, step % 2 ? 2 : -2);",
    "zoom": "panels.view.magnify(step % 2 ? 1.2 : 1 / 1.2, [10, 10], panels.active.scale);",
}


def module(name):
    spec = importlib.util.spec_from_file_location(name, TESTS / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", type=int, nargs=3, default=(512, 512, 100))
    parser.add_argument("--window", type=int, nargs=2, default=(1280, 800))
    arguments = parser.parse_args()
    sys.path.insert(0, str(TESTS / "web"))
    import reader_browser as steps

    from lessgad.reader_study.study import invite_to, opened_folder

    small, served = module("small_study"), module("served")
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        folder = small.write_study(root / "reader", n_cases=1, n_practice=0, shape=tuple(arguments.shape))
        sizes = [path.stat().st_size / 2**20 for path in (folder.root / "images").iterdir()]
        print(f"packed: {', '.join(f'{size:.0f}' for size in sizes)} MiB")
        with opened_folder(folder) as study:
            code = invite_to(study, time.time(), "kim", "reader")
        server = served.Server(root).start()
        try:
            with steps.window("/usr/bin/chromium", root / "profile", *arguments.window) as (page, _):
                steps.accept(page, server.address, code, small.PASSWORD)
                began = time.monotonic()
                page.click("text=Begin with case")
                steps.until(page, steps.READY)
                steps.until(page, steps.LOADED, seconds=600)
                print(f"load: {time.monotonic() - began:.1f} s")
                for name, change in CHANGES.items():
                    for what, times in zip(
                        ("drawing", "frame to frame"),
                        page.evaluate(SCROLL.replace("CHANGE", change), 60),
                        strict=True,
                    ):
                        print(f"{name}, {what}: median {times[30]:.1f} ms, 95 % {times[56]:.1f} ms")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
