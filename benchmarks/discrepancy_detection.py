# SPDX-License-Identifier: Apache-2.0
"""What the check of a restored image against the measurement finds, and how often it cries wolf.

On the training and validation studies of a prepared experiment that has T1 and noise. Balls of several sizes and
strengths, 24 mm apart, are *injected* into the restored image, or *removed*: put into the standard dose that the low
dose is mixed from, but not into the restored image. The restored image is that of EXPERIMENT/restored where it exists,
else `denoise_and_scale`, tuned on the validation studies. False alarms are counted on the standard dose itself, as
scanned and denoised, in place of the restored image.

    python benchmarks/discrepancy_detection.py EXPERIMENT [--dose 0.1 …] [--repeats 4] [--csv FILE] [--picture FILE]
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from lessgad.dose.simulation import study_simulator
from lessgad.dose.simulator import not_scanned
from lessgad.experiment.opened import Experiment, open_experiment
from lessgad.experiment.study_files import prepared_files, restored_file
from lessgad.pipeline.usable import usable_studies
from lessgad.preparation.prepared_study import read_prepared
from lessgad.restoration.baseline_strengths import BaselineStrengths, tune_baselines
from lessgad.restoration.denoised_baselines import denoise_and_scale
from lessgad.restoration.discrepancy import DIAMETERS_MM, LEAST_ERROR, Discrepancy, find_discrepancy
from lessgad.volume import in_transverse_order, read_volume

DOSES = (0.1, 0.2, 0.3, 0.5)
STRENGTHS = (0.15, 0.3, 0.6, 1.2)  # of the tissue level
APART_MM = 24.0
FROM_EDGE_MM = 4.0
TRIES = 20_000


@dataclass(frozen=True)
class Ball:
    """One error put into an image."""

    kind: str
    diameter_mm: float
    strength: float
    mask: np.ndarray


@dataclass(frozen=True)
class Row:
    """One ball, or an image without any."""

    study: str
    dose: float
    repeat: int
    image: str
    kind: str
    diameter_mm: float
    strength: float
    found: bool
    unsupported_ml: float
    overlooked_ml: float
    detectable: float


class Bench:
    """One study, cut to its head."""

    def __init__(self, experiment: Experiment, study, strengths: BaselineStrengths):
        files = prepared_files(experiment, study)
        self.experiment, self.study, self.strengths = experiment, study, strengths
        self.prepared = whole = read_prepared(files)
        occupied = np.argwhere(whole.head)
        self.box = tuple(map(slice, occupied.min(axis=0), occupied.max(axis=0) + 1))
        self.t1, self.t1ce, self.head = (
            np.asarray(image[self.box]) for image in (whole.pre_contrast, whole.standard_dose, whole.head)
        )
        self.clean = tuple(np.asarray(image[self.box]) for image in whole.source_pair)
        self.outside = not_scanned(self.t1, self.t1ce)
        noise = json.loads(files.description.read_text(encoding="utf-8")).get("noise", {}).get("pre_contrast")
        self.sigma_t1 = noise["sigma"] if noise else 0.0

    def rows(self, dose: float, repeat: int) -> list[Row]:
        simulator = study_simulator(self.prepared, self.experiment.settings.simulation)
        self.simulator = replace(simulator, seed=(*simulator.seed, repeat))
        low = self.simulator.slices(*self.clean, dose, self.outside)
        restored, name = self.restored(low, dose)
        images = {"standard dose": self.t1ce, "standard dose, denoised": self.clean[1], name: restored}
        rows = [
            self.row(dose, repeat, image, "none", 0.0, 0.0, check=check, found=bool(check.error.any()))
            for image, array in images.items()
            for check in [self.check(low, array, dose)]
        ]
        balls = self.balls(np.random.default_rng([repeat, round(1000 * dose)]))
        truth, shown = self.clean[1].copy(), restored.copy()
        for ball in balls:
            (shown if ball.kind == "injected" else truth)[ball.mask] += ball.strength * self.prepared.tissue_level
        with_balls = self.simulator.slices(self.clean[0], np.minimum(truth, 1), dose, self.outside)
        check = self.check(with_balls, np.minimum(shown, 1), dose)
        for ball in balls:
            mask = check.unsupported if ball.kind == "injected" else check.overlooked
            found = bool((mask & ball.mask).any())
            what = dose, repeat, name, ball.kind, ball.diameter_mm, ball.strength
            rows.append(self.row(*what, check=check, found=found))
        return rows

    def restored(self, low: np.ndarray, dose: float) -> tuple[np.ndarray, str]:
        path = restored_file(self.experiment, self.study, dose)
        if path.exists():
            return in_transverse_order(read_volume(path)).array[self.box], "restored"
        at = self.strengths.at(dose)
        image = denoise_and_scale(self.t1, low, sigma=self.simulator.sigma, strength=at.difference, scale=at.scale)
        return np.clip(image, -1, 1), "denoise_and_scale"

    def check(self, low: np.ndarray, restored: np.ndarray, dose: float) -> Discrepancy:
        study = self.prepared
        known = {"head": self.head, "spacing_mm": study.spacing_mm, "sigma_pre_contrast": self.sigma_t1}
        least = LEAST_ERROR * study.tissue_level
        return find_discrepancy(self.t1, low, restored, dose=dose, simulator=self.simulator, least_error=least, **known)

    def balls(self, rng: np.random.Generator) -> list[Ball]:
        """One of each kind, size and strength, where the T1ce is not so bright that it would clip."""
        from scipy.ndimage import distance_transform_edt

        spacing = np.array(self.prepared.spacing_mm)
        depth = distance_transform_edt(self.head, sampling=spacing)
        level = self.prepared.tissue_level
        wanted = list(product(("injected", "removed"), DIAMETERS_MM, STRENGTHS))
        balls, centers = [], []
        places = np.argwhere(depth > FROM_EDGE_MM + max(DIAMETERS_MM) / 2)
        for at in places[rng.integers(len(places), size=TRIES)]:
            if len(balls) == len(wanted):
                break
            kind, diameter, strength = wanted[len(balls)]
            if any(np.linalg.norm((at - other) * spacing) < APART_MM for other in centers):
                continue
            axes = (((np.arange(n) - i) * mm) ** 2 for n, i, mm in zip(self.head.shape, at, spacing, strict=True))
            mask = sum(np.ix_(*axes)) <= (diameter / 2) ** 2
            if self.clean[1][mask].max() + strength * level >= 1 or self.clean[0][mask].mean() < 0.5 * level - 1:
                continue
            balls.append(Ball(kind, diameter, strength, mask))
            centers.append(at)
        return balls

    def row(self, *what, check: Discrepancy, found: bool) -> Row:
        limit = check.detectable.get(what[-2], float("nan")) / self.prepared.tissue_level
        return Row(self.prepared.name, *what, found, check.unsupported_ml, check.overlooked_ml, limit)


def tuned(experiment: Experiment, doses: tuple[float, ...]) -> BaselineStrengths:
    from lessgad.training.validation import ValidationSlices

    slices = []
    for study in usable_studies(experiment, "validation"):
        prepared = read_prepared(prepared_files(experiment, study))
        simulator = study_simulator(prepared, experiment.settings.simulation)
        slices.append(ValidationSlices.of(prepared, prepared.tumor(experiment.settings.cohort.regions), simulator, 4))
    return tune_baselines(slices, doses)


def alarms(rows: list[Row]) -> str:
    ml = [np.mean([r.unsupported_ml for r in rows]), np.mean([r.overlooked_ml for r in rows])]
    return f"{sum(row.found for row in rows)}/{len(rows)} ({ml[0]:.2f} / {ml[1]:.2f})"


def print_tables(rows: list[Row]) -> None:
    groups = defaultdict(list)
    for row in rows:
        groups[row.kind, row.image, row.dose, row.diameter_mm, row.strength].append(row)
    doses = sorted({row.dose for row in rows})
    heads = " | ".join(f"{100 * dose:g} %" for dose in doses)
    print(f"\n| images with a false alarm (unsupported / overlooked, mean ml) | {heads} |\n|---|" + "---|" * len(doses))
    for image in dict.fromkeys(row.image for row in rows if row.kind == "none"):
        cells = [alarms(groups["none", image, dose, 0.0, 0.0]) for dose in doses]
        print(f"| {image} | " + " | ".join(cells) + " |")
    print(f"\n| balls found, % (n) | diameter | strength | {heads} |\n|---|---|---|" + "---|" * len(doses))
    name = next(row.image for row in rows if row.kind == "injected")
    for kind, diameter, strength in product(("injected", "removed"), DIAMETERS_MM, STRENGTHS):
        some = [groups[kind, name, dose, diameter, strength] for dose in doses]
        cells = [f"{100 * np.mean([r.found for r in g]):.0f} ({len(g)})" if g else "–" for g in some]
        print(f"| {kind} | {diameter:g} mm | {100 * strength:g} % | " + " | ".join(cells) + " |")
    print(f"\n| smallest error found half of the time, % of the tissue level, median | {heads} |")
    print("|---|" + "---|" * len(doses))
    for diameter in DIAMETERS_MM:
        some = [[r.detectable for r in rows if r.dose == dose and r.diameter_mm == diameter] for dose in doses]
        print(f"| {diameter:g} mm | " + " | ".join(f"{100 * np.median(g):.0f}" for g in some) + " |")


def draw(rows: list[Row], picture: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(DIAMETERS_MM), figsize=(10, 4), layout="constrained", sharey=True)
    for panel, diameter in zip(axes, DIAMETERS_MM, strict=True):
        for number, dose in enumerate(sorted({row.dose for row in rows})):
            some = [row for row in rows if (row.diameter_mm, row.dose) == (diameter, dose)]
            for kind, style in (("injected", "-o"), ("removed", "--s")):
                share = [np.mean([r.found for r in some if (r.kind, r.strength) == (kind, s)]) for s in STRENGTHS]
                label = f"{100 * dose:g} % of the dose" if kind == "injected" else None
                panel.plot(STRENGTHS, share, style, color=f"C{number}", label=label, markersize=4)
            panel.axvline(np.median([r.detectable for r in some]), color=f"C{number}", linewidth=0.8, linestyle=":")
        panel.set(title=f"{diameter:g} mm", xlabel="error, of the tissue level", xscale="log")
        panel.set_xticks(STRENGTHS, [f"{100 * s:g} %" for s in STRENGTHS])
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    axes[0].set(ylabel="found (– injected, - - removed; : predicted)", ylim=(-0.02, 1.02))
    axes[-1].legend(fontsize=8)
    figure.savefig(picture, dpi=110)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--dose", type=float, action="append")
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--training-too", action="store_true", help="not the validation studies alone")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    doses, rows = tuple(given.dose or DOSES), []
    experiment = open_experiment(given.experiment, only_look=True)
    strengths = tuned(experiment, doses)
    for subset in ("validation", "train") if given.training_too else ("validation",):
        for study in usable_studies(experiment, subset):
            bench = Bench(experiment, study, strengths)
            for repeat, dose in product(range(given.repeats), doses):
                rows += bench.rows(dose, repeat)
    print_tables(rows)
    if given.csv:
        with given.csv.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, list(asdict(rows[0])))
            table.writeheader()
            table.writerows(asdict(row) for row in rows)
    if given.picture:
        draw(rows, given.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
