# SPDX-License-Identifier: Apache-2.0
"""A digest of what each stage makes of a tiny cohort: a few numbers for each file, which hold on any machine.

python tests/stages/golden.py    # writes golden.json anew, after a stage's VERSION was raised
"""

from __future__ import annotations

import csv
import importlib.util
import json
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from threshold_model import write_threshold_model

GOLDEN = Path(__file__).with_name("golden.json")
SIDECAR = {"MagneticFieldStrength": 1.5, "ScanningSequence": "SE", "RepetitionTime": 0.55, "EchoTime": 0.01}
#: The files of each stage that are looked at: of one test patient, and of all.
FILES = {
    "prepare": ("prepared/sub-05/*.nii*", "prepared/sub-05/*.json"),
    "train": ("models/all-doses/*.csv", "models/all-doses/[bl]?st.safetensors", "models/all-doses/*s.yaml"),
    "segment": ("segmentation/sub-05/*_dseg.nii.gz",),
    "restore": ("restored/sub-05/*dose[03]*_T1w.nii.gz", "models/baselines.yaml"),
    "evaluate": (".state/scores/sub-05/*/*.csv", "restored/sub-05/*contradicted*"),
    "report": ("results/table4*.csv", "results/simulation.csv"),
}
DOSES = [0.0, 0.3]
#: One voxel of the tiny cohort has 0.08 ml, and may lie on either side of a threshold.
VOLUMES_ML = 0.1


def make(tiny: ModuleType, base: Path) -> Path:
    """Write the cohort and the experiment: noise and a signal equation, as by default; a segmenter of thresholds."""
    model = write_threshold_model(base / "segmenter", tiny.SPACING_MM)
    cohort = tiny.write_cohort(base / "cohort")
    (cohort / "T1w.json").write_text(json.dumps(SIDECAR))
    simulation = {"model": "signal_equation", "noise": "matched"}
    segmentation = {"model": str(model), "keep": "all"}
    changes = {"simulation": simulation, "segmentation": segmentation, "doses": DOSES}
    return tiny.write_experiment(base / "experiment", "../cohort", **changes)


def run(root: Path) -> None:
    """Run all of it."""
    from lessgad.engine.progress import NullProgress
    from lessgad.experiment.stage_names import STAGES
    from lessgad.pipeline.run import run_experiment

    assert run_experiment(root, STAGES, NullProgress()) == []


def versions(root: Path) -> dict[str, dict[str, int]]:
    """Version of each kind of unit, by stage; kinds are told by what their names begin with."""
    from lessgad.experiment.opened import open_experiment
    from lessgad.pipeline.plan import plan_experiment

    found: dict[str, dict[str, int]] = {}
    for unit in plan_experiment(open_experiment(root, only_look=True)):
        kind = unit.work.func.__name__
        found.setdefault(unit.stage, {})[kind] = unit.version
    return found


def digests(root: Path) -> dict[str, dict[str, list[float]]]:
    """Give the numbers of every file of each stage."""
    return {
        stage: {
            str(path.relative_to(root)): list(_numbers(path))
            for pattern in patterns
            for path in sorted(root.glob(pattern))
            if stage == "evaluate" or "contradicted" not in path.name
        }
        for stage, patterns in FILES.items()
    }


def differing(stage: str, now: dict[str, list[float]], known: dict[str, list[float]]) -> list[str]:
    """Name the files of a stage whose numbers are others, beyond what another machine explains."""
    names = sorted(now.keys() | known.keys())
    least = VOLUMES_ML if stage == "evaluate" else 2e-3
    return [name for name in names if name not in now or name not in known or not _close(now[name], known[name], least)]


def _close(now: list[float], known: list[float], least: float) -> bool:
    return len(now) == len(known) and all(
        math.isclose(a, b, rel_tol=5e-3, abs_tol=least) for a, b in zip(now, known, strict=True)
    )


def _numbers(path: Path) -> Iterator[float]:
    if ".nii" in path.suffixes:
        import nibabel

        image = np.asarray(nibabel.load(path).dataobj, np.float64)
        yield from (image.mean(), image.std(), *np.percentile(image, (1, 25, 50, 75, 99)))
    elif path.suffix == ".safetensors":
        from safetensors.numpy import load_file

        yield from (float(np.sqrt((value.astype(np.float64) ** 2).sum())) for value in load_file(path).values())
    elif path.suffix == ".csv":
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        yield len(rows)
        for column in rows[0] if rows else ():
            yield from _of_column([row[column] for row in rows])
    else:
        import yaml

        yield from _flat(yaml.safe_load(path.read_text()))


def _of_column(cells: list[str]) -> Iterator[float]:
    try:
        values = [float(cell) for cell in cells if cell]
    except ValueError:
        return
    finite = [value for value in values if math.isfinite(value)]
    yield len(finite)
    yield sum(finite) / max(1, len(finite))


def _flat(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _flat(inner)
    elif isinstance(value, float | int) and not isinstance(value, bool):
        yield float(value)


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def main() -> None:
    spec = importlib.util.spec_from_file_location("tiny_cohort", Path(__file__).parents[1] / "tiny_cohort.py")
    tiny = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tiny)
    with tempfile.TemporaryDirectory() as place:
        root = make(tiny, Path(place))
        run(root)
        known = {
            stage: {
                "versions": versions(root)[stage],
                "digest": {k: [_rounded(x) for x in v] for k, v in files.items()},
            }
            for stage, files in digests(root).items()
        }
    lines = [f' "{stage}": {json.dumps(of_it, sort_keys=True)}' for stage, of_it in known.items()]
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
