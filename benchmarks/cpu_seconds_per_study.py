# SPDX-License-Identifier: Apache-2.0
"""CPU-seconds of one study in each stage, and of `lessgad restore` from shell to file.

    python benchmarks/cpu_seconds_per_study.py COHORT TUNED JUDGED [--source SRC] [--keep FOLDER] [--against FOLDER]

TUNED and JUDGED are two patients of a cohort of pairs with masks. The baselines are tuned while TUNED is restored,
which is not counted. The stages of JUDGED are counted, with seven doses and the shipped model. `--source`
measures another version of lessgad: measure both in the same hour, for CPU-seconds depend on who shares the cores.
`--against` compares tables and images with those that an earlier call kept.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

DOSES = [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9]
STAGES = ("prepare", "restore", "evaluate")
CHANGES = {
    r"^  models:.*": "  models: pretrained",
    r"^subsets:.*": 'subsets: ["test"]',
    r"^n_workers:.*": "n_workers: 1",
    r"^segmentation:\n(  .*\n)+": "segmentation: null\n",
}
TOLERANCE = 1e-5


def linked(cohort: Path, root: Path, patients: list[str]) -> Path:
    """A cohort of some patients of another one, as links."""
    found = root / "cohort"
    found.mkdir(parents=True)
    for file in [*cohort.glob("*.json"), *cohort.glob("*.tsv")]:
        if file.name != "participants.tsv":
            (found / file.name).symlink_to(file)
    for derivative in (cohort / "derivatives").glob("*"):
        target = found / "derivatives" / derivative.name
        target.mkdir(parents=True)
        for file in derivative.glob("*.*"):
            (target / file.name).symlink_to(file)
        for patient in patients:
            (target / f"sub-{patient}").symlink_to(derivative / f"sub-{patient}")
    for patient in patients:
        (found / f"sub-{patient}").symlink_to(cohort / f"sub-{patient}")
    return found


def cpu_seconds(source: Path, *arguments: object) -> float:
    """CPU-seconds of a command of lessgad, its worker processes included."""
    environment = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # A command of its own is measured alone, also where several share the machine: LESSGAD_RUN="flock FILE".
    command = [*os.environ.get("LESSGAD_RUN", "").split(), sys.executable, "-m", "lessgad", *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def experiment_of(source: Path, cohort: Path, root: Path, given: argparse.Namespace) -> Path:
    """An experiment whose test patient is `judged`; that of validation is `tuned`."""
    split = root / "split.tsv"
    split.write_text(f"participant_id\tsubset\nsub-{given.tuned}\tvalidation\nsub-{given.judged}\ttest\n")
    experiment = root / "experiment"
    regions = [text for region in given.regions for text in ("--region", region)]
    cpu_seconds(source, "init", experiment, "--cohort", cohort, "--split", split, *regions)
    settings = (experiment / "experiment.yaml").read_text()
    for pattern, line in {r"^doses:.*": f"doses: {given.doses}", **CHANGES}.items():
        settings = re.sub(pattern, line, settings, flags=re.MULTILINE)
    (experiment / "experiment.yaml").write_text(settings)
    return experiment


def measured(source: Path, given: argparse.Namespace, root: Path) -> Iterator[tuple[str, float]]:
    """CPU-seconds of each stage of the judged patient, and of restoring one of its low doses as a new scan."""
    cohort = linked(given.cohort, root, [given.tuned, given.judged])
    experiment = experiment_of(source, cohort, root, given)
    yield "nothing done", cpu_seconds(source, "status", experiment)
    for stage in STAGES:
        # What is done once for all studies, such as tuning, is done with the first one and not counted.
        for patient in (given.judged,) if stage == "evaluate" else (given.tuned, given.judged):
            seconds = cpu_seconds(source, "run", experiment, "--stage", stage, "--participant-label", patient)
        yield stage, seconds
        if stage == "prepare":
            cpu_seconds(source, "run", experiment, "--stage", "train")
    anat = min((cohort / f"sub-{given.judged}").resolve().rglob("anat"))
    scan = min(anat.glob("*_ce-gadolinium_T1w.nii.gz"))  # of phantom patients the scan at a tenth of the dose
    t1 = next(file for file in anat.glob("*_T1w.nii.gz") if "gadolinium" not in file.name)
    restored = root / "restored.nii.gz"
    yield (
        "lessgad restore",
        cpu_seconds(
            source,
            "restore",
            scan,
            restored,
            "--dose",
            "0.1",
            "--pre-contrast",
            t1,
            "--interval",
            root / "interval.nii.gz",
        ),
    )


def differing(root: Path, other: Path) -> list[str]:
    """Name what differs by more than 1e-5: images by their values, tables by their cells."""
    import nibabel
    import numpy as np

    said = []
    images = [path for path in root.rglob("*.nii*") if "cohort" not in path.relative_to(root).parts]
    tables = [*root.glob("experiment/.state/scores/**/*.csv"), *root.glob("experiment/results/*.csv")]
    for path in sorted([*images, *tables]):
        name = str(path.relative_to(root))
        there = other / name
        if not there.exists():
            said.append(f"{name}: not there")
        elif path.suffix == ".csv":
            said += _cells(name, path, there)
        else:
            one, two = (np.asarray(nibabel.load(file).dataobj, np.float64) for file in (path, there))
            largest = float(np.abs(one - two).max() / max(1.0, float(np.abs(two).max())))
            if not largest <= TOLERANCE:
                said.append(f"{name}: {largest:.2g} of {np.mean(one != two):.2g} of the voxels")
    return said


def _cells(name: str, path: Path, other: Path) -> list[str]:
    tables = [list(csv.reader(file.open(newline=""))) for file in (path, other)]
    if len(tables[0]) != len(tables[1]):
        return [f"{name}: {len(tables[0])} rows against {len(tables[1])}"]
    said = []
    for row, known in zip(*tables, strict=True):
        for cell, wanted in zip(row, known, strict=True):
            try:
                alike = cell == wanted or math.isclose(float(cell), float(wanted), rel_tol=1e-4, abs_tol=TOLERANCE)
            except ValueError:
                alike = False
            if not alike:
                said.append(f"{name}: {cell} against {wanted} in {','.join(known[:6])}")
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cohort", type=Path)
    parser.add_argument("tuned")
    parser.add_argument("judged")
    parser.add_argument("--doses", type=float, nargs="+", default=DOSES)
    parser.add_argument("--regions", nargs="+", default=["tumor=1", "enhancing=4"], help="NAME=LABELS of the masks.")
    parser.add_argument("--source", type=Path, default=Path(__file__).parents[1] / "src")
    parser.add_argument("--keep", type=Path, help="An empty folder for the experiment.")
    parser.add_argument("--against", type=Path, help="A folder that an earlier call kept.")
    given = parser.parse_args()
    if not (given.source / "lessgad").is_dir():
        parser.error(f"{given.source} does not hold lessgad")
    given.cohort = given.cohort.resolve()
    with tempfile.TemporaryDirectory() as place:
        root = given.keep or Path(place)
        root.mkdir(parents=True, exist_ok=True)
        for stage, seconds in measured(given.source.resolve(), given, root.resolve()):
            print(f"{stage:<16} {seconds:7.1f} CPU-seconds", flush=True)
        if given.against is not None:
            said = differing(root, given.against)
            print("\n".join(said) if said else "tables and images are the same to 1e-5")


if __name__ == "__main__":
    main()
