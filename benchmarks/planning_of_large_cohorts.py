# SPDX-License-Identifier: Apache-2.0
"""CPU-seconds and memory of looking at an experiment with many studies, nothing of which is to be done.

    python benchmarks/planning_of_large_cohorts.py [--studies 20 200 2000] [--doses 4]

The cohort is one tiny generated pair, linked as often as there are studies. Nothing is computed: every unit of the plan
gets the record that it would have, and an empty file for each output. `status`, `run --dry-run` and `run` are then
started as commands of their own, the first of them with a cold cache of hashes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

COMMANDS = {"status": ["status"], "dry run": ["run", "--dry-run"], "run": ["run"]}
SIDECAR = {"MagneticFieldStrength": 1.5, "ScanningSequence": "SE", "RepetitionTime": 0.55, "EchoTime": 0.01}


def write_cohort(root: Path, n_studies: int) -> None:
    """One pair with a mask, and links to it."""
    import nibabel
    import numpy as np

    first = root / "first"
    first.mkdir(parents=True)
    for name in ("t1", "t1ce", "mask"):
        image = np.random.default_rng(len(name)).integers(1, 3, (8, 8, 4)).astype(np.int16)
        nibabel.save(nibabel.nifti1.Nifti1Image(image, np.eye(4)), first / f"{name}.nii.gz")
    cohort = root / "cohort"
    for number in range(n_studies):
        patient = f"sub-{number:05d}"
        anat, masks = cohort / patient / "anat", cohort / "derivatives" / "manual" / patient / "anat"
        anat.mkdir(parents=True)
        masks.mkdir(parents=True)
        os.link(first / "t1.nii.gz", anat / f"{patient}_T1w.nii.gz")
        os.link(first / "t1ce.nii.gz", anat / f"{patient}_ce-gadolinium_T1w.nii.gz")
        os.link(first / "mask.nii.gz", masks / f"{patient}_dseg.nii.gz")
        (anat / f"{patient}_T1w.json").write_text(json.dumps(SIDECAR))
        (anat / f"{patient}_ce-gadolinium_T1w.json").write_text(json.dumps(SIDECAR))
    (cohort / "derivatives" / "manual" / "dseg.tsv").write_text("index\tname\n1\tintrameatal\n2\textrameatal\n")


def pretend_all_is_done(root: Path) -> int:
    """Write the record and the outputs of every unit; give how many there are."""
    from lessgad.engine.record import FORMAT
    from lessgad.experiment.opened import open_experiment
    from lessgad.pipeline.plan import standing_of

    experiment = open_experiment(root)
    standing = standing_of(experiment)
    for unit in standing.plan:
        record = experiment.folder.state.record(unit.key)
        for path in (record, *unit.outputs):
            path.parent.mkdir(parents=True, exist_ok=True)
        content = {"fingerprint": standing.fingerprint(unit.key), "outcome": "done", "format": FORMAT}
        record.write_text(json.dumps({**content, "made_from": standing.made_from(unit.key)}, indent=1))
        for output in unit.outputs:
            output.touch() if output.suffix else output.mkdir(exist_ok=True)
    experiment.hashes.save()
    return len(standing.plan)


def cost(arguments: list[str]) -> tuple[float, float]:
    """CPU-seconds and peak memory in GB of a command."""
    code = (
        "import resource, sys; from lessgad.cli.main import exit_code; code = exit_code(sys.argv[1:]); "
        "used = resource.getrusage(resource.RUSAGE_SELF); "
        "print('COST', used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr or done.stdout)
    _, seconds, memory = next(line for line in done.stdout.splitlines() if line.startswith("COST")).split()
    return float(seconds), float(memory)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, nargs="+", default=[20, 200, 2000])
    parser.add_argument("--doses", type=int, default=4, help="Doses that are judged.")
    given = parser.parse_args()
    print(f"{'studies':>8} {'units':>8} " + " ".join(f"{name:>24}" for name in COMMANDS))
    for n_studies in given.studies:
        with tempfile.TemporaryDirectory() as place:
            base = Path(place)
            write_cohort(base, n_studies)
            root = base / "experiment"
            lessgad = [sys.executable, "-m", "lessgad"]
            subprocess.run(
                [*lessgad, "init", str(root), "--cohort", str(base / "cohort"), "--aligned"],
                check=True,
                capture_output=True,
            )
            settings = (root / "experiment.yaml").read_text()
            doses = [round(n / given.doses, 2) for n in range(given.doses)]
            lines = [f"doses: {doses}" if line.startswith("doses:") else line for line in settings.splitlines()]
            (root / "experiment.yaml").write_text("\n".join(lines) + "\n")
            n_units = pretend_all_is_done(root)
            row = []
            for words in COMMANDS.values():
                seconds, memory = cost([words[0], str(root), *words[1:]])
                row.append(f"{seconds:7.1f} s {1000 * seconds / n_studies:5.1f} ms {memory:4.2f} GB")
            print(f"{n_studies:>8} {n_units:>8} " + " ".join(f"{cell:>24}" for cell in row), flush=True)


if __name__ == "__main__":
    main()
