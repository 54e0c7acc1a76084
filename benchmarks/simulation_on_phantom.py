# SPDX-License-Identifier: Apache-2.0
"""Simulated low doses against the phantom's true ones, without noise, in enhancing voxels.

The simulators see the pair, the sidecar and an assumed T1; relaxation, relaxivity, flip angle and partial volume of
each tissue are the phantom's secret. Errors are shares of the enhancement at the standard dose: bias is
Σ(simulated − true)/Σ(standard − pre), error the root of Σ(simulated − true)²/Σ(standard − pre)².

    python benchmarks/simulation_on_phantom.py [--patients 24] [--csv FILE]
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from lessgad.cohort.acquisition import read_acquisition
from lessgad.dose.dose_curve import DoseCurve
from lessgad.dose.linear import mix
from lessgad.dose.simulation import SimulationSettings, dose_curve
from lessgad.phantom.cohort import image_name
from lessgad.phantom.patient import Patient, draw_patient, subjects
from lessgad.phantom.sidecar import sidecar
from lessgad.phantom.slab import place_slab
from lessgad.volume import Volume

DOSES = (0.1, 0.2, 0.3, 0.5)
T1_FACTORS = (0.75, 0.9, 1.0, 1.1, 1.25)
ENHANCES = 1.1  # standard-dose over pre-contrast signal


def kind_of(patient: Patient) -> str:
    """Sequence and field, as in the tables."""
    sequence = patient.protocol.sequence
    kind = {"spin_echo": "SE", "gradient_echo": "GRE", "inversion_gradient_echo": "IR-GRE"}[sequence.kind]
    turbo = " turbo" if sequence.kind == "spin_echo" and sequence.n_pulses > 1 else ""
    return f"{kind}{turbo} {patient.protocol.field_strength_t:g} T"


def clean_images(patient: Patient) -> tuple[dict[float, np.ndarray], np.ndarray, np.ndarray]:
    """Noise-free scans in one pose, by dose; the mask of the tumor; the affine."""
    subject, warp = next(subjects(patient))
    protocol = patient.protocol
    slab = place_slab((protocol.in_plane_mm,) * 2 + (protocol.slice_mm,), np.zeros(3), warp, np.eye(4))
    images = {dose: np.abs(slab.sample(subject.signal(dose))) for dose in (0.0, *DOSES, 1.0)}
    growth = subject.growth
    return images, slab.share(growth.intrameatal | growth.extrameatal, growth.box) >= 0.5, slab.affine


def curve_of(patient: Patient, image: Volume, settings: SimulationSettings) -> DoseCurve:
    """The curve that lessgad finds from the sidecar."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"sub-01_{image_name(1.0)}.nii.gz"
        path.with_name(path.name.replace(".nii.gz", ".json")).write_text(json.dumps(sidecar(patient, image, 1.0)))
        curve = dose_curve(read_acquisition(path, Path(folder)), settings)
    if isinstance(curve, str):
        raise SystemExit(f"{kind_of(patient)}: {curve}")
    return curve


def judge(number: int, seed: int) -> list[dict[str, object]]:
    patient = draw_patient(number, seed)
    images, tumor, affine = clean_images(patient)
    t1, t1ce = images[0.0], images[1.0]
    curve = curve_of(patient, Volume(t1ce, affine), SimulationSettings(model="signal_equation"))
    enhancing = t1ce > ENHANCES * t1
    areas = {"tumor": tumor & enhancing, "elsewhere": enhancing & ~tumor}
    simulators = {"linear": partial(mix, t1, t1ce)}
    for factor in T1_FACTORS:
        assumed = replace(curve, t1_ms=factor * curve.t1_ms)
        simulators[f"signal_equation x{factor:g}"] = partial(assumed.mix, t1, t1ce)
    beyond = curve.beyond(t1, t1ce)
    simulators["signal_equation x1, linear beyond the branch"] = lambda dose: np.where(
        beyond, mix(t1, t1ce, dose), curve.mix(t1, t1ce, dose)
    )
    rows = []
    for area, where in areas.items():
        full = (t1ce - t1)[where].astype(float)
        for name, simulate in simulators.items():
            for dose in DOSES:
                wrong = (simulate(dose) - images[dose])[where].astype(float)
                rows.append(
                    {
                        "patient": number,
                        "sequence": kind_of(patient),
                        "area": area,
                        "simulator": name,
                        "dose": dose,
                        "true_share": float((images[dose] - t1)[where].sum() / full.sum()),
                        "bias": float(wrong.sum() / full.sum()),
                        "error": float(np.sqrt((wrong**2).sum() / (full**2).sum())),
                        "beyond": float(beyond[where].mean()),
                    }
                )
    return rows


def table(rows: list[dict[str, object]]) -> str:
    """Means over patients, in per cent of the full enhancement: bias / error."""
    cells = defaultdict(list)
    for row in rows:
        for sequence in (row["sequence"], "all"):
            cells[row["area"], sequence, row["simulator"], row["dose"]].append(row)
    simulators = list(dict.fromkeys(row["simulator"] for row in rows))
    sequences = [*sorted({row["sequence"] for row in rows}), "all"]
    lines = []
    for area in ("tumor", "elsewhere"):
        heads = " | ".join(f"{100 * dose:g} %" for dose in DOSES)
        lines += [
            f"\n**{area}**: bias / error, % of the full enhancement",
            "",
            f"| sequence (n) | simulator | {heads} |",
        ]
        lines.append("|---|---|" + "---|" * len(DOSES))
        for sequence in sequences:
            shares = [np.mean([r["true_share"] for r in cells[area, sequence, "linear", d]]) for d in DOSES]
            n = len(cells[area, sequence, "linear", DOSES[0]])
            beyond = 100 * np.mean([r["beyond"] for r in cells[area, sequence, "linear", DOSES[0]]])
            lines.append(f"| {sequence} ({n}) | *true share* | " + " | ".join(f"{100 * s:.1f}" for s in shares) + " |")
            for name in simulators:
                found = [cells[area, sequence, name, dose] for dose in DOSES]
                text = [
                    f"{100 * np.mean([r['bias'] for r in f]):+.1f} / {100 * np.mean([r['error'] for r in f]):.1f}"
                    for f in found
                ]
                lines.append(f"| | {name} | " + " | ".join(text) + " |")
            lines.append(f"| | *voxels beyond the branch* | {beyond:.1f} % | | | |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--csv", type=Path)
    options = parser.parse_args()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        numbers = range(1, options.patients + 1)
        rows = [row for part in pool.map(judge, numbers, [options.seed] * options.patients) for row in part]
    if options.csv:
        with options.csv.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    sys.stdout.write(table(rows) + "\n")


if __name__ == "__main__":
    main()
