# SPDX-License-Identifier: Apache-2.0
"""Draw the pictures of docs/physics.md: dose curves, and the phantom's anatomy, tumors and true low doses.

python docs/pictures.py [FOLDER]
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lessgad.dose.dose_curve import DoseCurve
from lessgad.dose.noise import add_noise
from lessgad.dose.relaxivity import AGENTS, relaxivity
from lessgad.dose.signal_equation import Sequence
from lessgad.dose.standard_dose import relative_standard_dose
from lessgad.dose_fraction import percent
from lessgad.phantom.canal import canal_points
from lessgad.phantom.patient import Patient, draw_patient, subjects
from lessgad.phantom.slab import Slab, place_slab
from lessgad.report.slice_picture import show_plane, square_box
from lessgad.report.style import BLUE, GREEN, MUTED, ORANGE, PURPLE, new_figure, place, styled, to_png, write
from lessgad.volume import Affine

SEQUENCES = (
    ("Spin echo, TR 550, TE 10", Sequence("spin_echo", 550.0, 10.0), 1.5),
    ("Turbo spin echo 3D, TR 700, TE 10", Sequence("spin_echo", 700.0, 10.0, math.pi / 2, 0.0, 24, 4.0), 3.0),
    ("Spoiled gradient echo, TR 25, TE 4.6, 30°", Sequence("gradient_echo", 25.0, 4.6, math.radians(30)), 1.5),
    (
        "Inversion-prepared, TR 1900, TI 1100, 15°",
        Sequence("inversion_gradient_echo", 1900.0, 3.0, math.radians(15), 1100.0, 144, 6.9),
        1.5,
    ),
)
CONCENTRATIONS_MM = ((0.2, GREEN), (0.4, BLUE), (0.8, PURPLE))
CLASSES = (("intrameatal only", 0, 0), ("small", 1, 10), ("medium", 11, 20), ("moderately large", 21, 30))
DOSES = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0)
SNR = 28.0


def dose_curves() -> bytes:
    """Share of the full enhancement against dose: per sequence, and per agent for the first of them."""
    dose = np.linspace(0, 1, 101)
    with styled():
        figure = new_figure(8.6, 5.0)
        for index, (name, sequence, field) in enumerate(SEQUENCES):
            axes = place(figure, 0.5 + 2.08 * index, 0.65, 1.65, 1.65)
            axes.plot(100 * dose, 100 * dose, color=MUTED, linestyle="--", linewidth=1, label="proportional")
            for concentration, color in CONCENTRATIONS_MM:
                curve = DoseCurve(sequence, relaxivity("gadobutrol", field), 1300.0 if field < 2 else 1600.0, 80.0)
                signal = curve.signal(dose * concentration)
                axes.plot(
                    100 * dose, 100 * (signal - 1) / (signal[-1] - 1), color=color, label=f"{concentration} mmol/l"
                )
            axes.set_title("\n".join(name.split(", ", 1)) + f", {field:g} T", fontsize=7.5)
            axes.set_xlabel("dose, %")
            if index == 0:
                axes.set_ylabel("share of the full enhancement, %")
                axes.legend(fontsize=6.5, loc="lower right")
        _agents(figure, dose)
        write(figure, 0.05, 0.03, "How enhancement follows the dose", 9.5, "bold")
    return to_png(figure)


def _agents(figure: object, dose: np.ndarray) -> None:
    for index, (field, t1_ms) in enumerate(((1.5, 1300.0), (3.0, 1600.0))):
        axes = place(figure, 0.5 + 2.9 * index, 3.05, 2.3, 1.5)
        for agent in AGENTS:
            curve = DoseCurve(SEQUENCES[0][1], relaxivity(agent, field), t1_ms, 80.0)
            signal = curve.signal(dose * 0.4 * relative_standard_dose(agent))
            axes.plot(100 * dose, signal, linewidth=1, label=agent)
        axes.set_title(f"Spin echo 550/10 at {field:g} T, standard doses", fontsize=7.5)
        axes.set_xlabel("dose, %")
        axes.set_ylabel("signal over that without agent")
        if index:
            axes.legend(fontsize=6.5, loc="upper left", bbox_to_anchor=(1.02, 1.05))


@dataclass(frozen=True, eq=False)
class Seen:
    """A patient's images in one pose, right as a reader would see them.

    Attributes:
        images: By dose, in units of white matter, with noise.
        tumor: The mask.
        slab: Where.
        to_world: From the template's coordinates to world mm.
        patient: Who.
        side: Of the tumor.
    """

    images: dict[float, np.ndarray]
    tumor: np.ndarray
    slab: Slab
    patient: Patient
    template_to_world: object
    side: int

    @property
    def spacing_mm(self) -> tuple[float, float]:
        """In plane."""
        return float(self.slab.affine[0, 0]), float(self.slab.affine[1, 1])

    @property
    def slice_number(self) -> int:
        """With the most tumor."""
        return int(self.tumor.sum(axis=(0, 1)).argmax())

    def voxel(self, template_mm: tuple[float, float, float]) -> np.ndarray:
        """Index of a place in the template."""
        world = np.append(self.template_to_world(np.array([template_mm]))[0], 1)
        return (np.linalg.inv(self.slab.affine) @ world)[:3]


def see(number: int, doses: tuple[float, ...], seed: int = 1) -> Seen:
    """Scan a patient's first session at some doses, without motion or window."""
    patient = draw_patient(number, seed)
    subject, warp = next(subjects(patient))
    protocol, rng = patient.protocol, np.random.default_rng(number)
    in_plane = min(protocol.in_plane_mm, 0.7)
    pose: Affine = np.eye(4)
    slab = place_slab((in_plane, in_plane, protocol.slice_mm), np.zeros(3), warp, pose)
    growth = subject.growth
    images = {dose: np.abs(slab.sample(subject.signal(dose))) for dose in doses}
    level = float(np.percentile(images[doses[0]][images[doses[0]] > 0.2 * images[doses[0]].max()], 50))
    noisy = {dose: add_noise(image / level, 1 / SNR, rng) for dose, image in images.items()}
    tumor = slab.share(growth.intrameatal | growth.extrameatal, growth.box) >= 0.5
    return Seen(noisy, tumor, slab, patient, warp.to_patient, patient.tumors[0].side)


def anatomy(numbers: tuple[int, ...] = (4, 2, 12)) -> bytes:
    """T1 and T1ce of three patients at the level of the canals, the first one with names."""
    with styled():
        figure = new_figure(8.6, 6.75)
        write(figure, 0.05, 0.03, "Three generated patients at the level of the internal auditory canals", 9.5, "bold")
        for column, number in enumerate(numbers):
            seen = see(number, (0.0, 1.0))
            for row, dose in enumerate((0.0, 1.0)):
                axes = place(figure, 0.1 + 2.83 * column, 0.3 + 3.2 * row, 2.75, 3.15)
                show_plane(axes, seen.images[dose][:, :, seen.slice_number], seen.spacing_mm, (0.0, 2.4))
                if column == 0 and row == 1:
                    _name_places(axes, seen)
    return to_png(figure)


def _name_places(axes: object, seen: Seen) -> None:
    porus, fundus = canal_points(-seen.side)
    places = {
        "pons": ((-7 * seen.side, -28, -38), (0, -2, -34)),
        "cerebellum": ((-22 * seen.side, -66, -38), (-8 * seen.side, -106, -38)),
        "sigmoid sinus": ((-54 * seen.side, -55, -38), (-62 * seen.side, -82, -38)),
        "porus": (tuple(porus), (-8 * seen.side, 20, -38)),
        "canal": (tuple((porus + fundus) / 2), (-40 * seen.side, 18, -38)),
        "tumor": (None, (44 * seen.side, 20, -38)),
    }
    k = seen.slice_number
    plane = seen.tumor[:, :, k]
    middle = np.argwhere(plane).mean(axis=0)
    for name, (target, label) in places.items():
        tip = middle if target is None else seen.voxel(target)[:2]
        words = seen.voxel(label)[:2]
        corner, mm = np.array(plane.shape) - 0.5, np.array(seen.spacing_mm)
        (x, y), (at_x, at_y) = ((corner - point) * mm for point in (tip, words))
        axes.annotate(
            name,
            (x, y),
            (at_x, at_y),
            color="white",
            fontsize=7.5,
            ha="center",
            arrowprops={"arrowstyle": "-|>", "color": ORANGE, "linewidth": 0.8, "shrinkB": 1},
        )


def tumor_classes() -> bytes:
    """A close-up of one tumor of each size class, before and after contrast."""
    chosen = []
    for name, smallest, largest in CLASSES:
        number = next(
            n for n in range(1, 200) if smallest <= round(draw_patient(n, 1).tumors[0].diameter_mm) <= largest
        )
        chosen.append((f"{name}\n", number))
    cystic = next(n for n in range(1, 400) if draw_patient(n, 1).tumors[0].cystic > 0.15)
    chosen.append(("cystic\n", cystic))
    with styled():
        figure = new_figure(8.6, 3.95)
        write(figure, 0.05, 0.03, "Size classes of Kanzaki, before (above) and after contrast (below)", 9.5, "bold")
        for column, (name, number) in enumerate(chosen):
            seen = see(number, (0.0, 1.0))
            box = square_box(seen.tumor[:, :, seen.slice_number], seen.spacing_mm, 46.0)
            diameter = seen.patient.tumors[0].diameter_mm
            for row, dose in enumerate((0.0, 1.0)):
                axes = place(figure, 0.08 + 1.7 * column, 0.55 + 1.68 * row, 1.64, 1.64)
                show_plane(axes, seen.images[dose][:, :, seen.slice_number][box], seen.spacing_mm, (0.0, 2.8))
                if row == 0:
                    size = f"{diameter:.0f} mm outside the canal" if diameter else "inside the canal"
                    axes.set_title(name + size, fontsize=7.5)
    return to_png(figure)


def true_doses(number: int = 4) -> bytes:
    """One patient at every dose that the phantom scans."""
    seen = see(number, DOSES)
    k = seen.slice_number
    box = square_box(seen.tumor[:, :, k], seen.spacing_mm, 60.0)
    window = (0.0, float(np.percentile(seen.images[1.0][seen.tumor], 98)))
    with styled():
        figure = new_figure(8.6, 3.55)
        write(
            figure,
            0.05,
            0.03,
            "True doses: each scanned with noise of its own, none computed from another",
            9.5,
            "bold",
        )
        for column, dose in enumerate(DOSES):
            image = seen.images[dose][:, :, k]
            whole = place(figure, 0.08 + 1.42 * column, 0.45, 1.37, 1.6)
            show_plane(whole, image, seen.spacing_mm, window)
            whole.set_title("T1" if dose == 0 else percent(dose), fontsize=8)
            show_plane(place(figure, 0.08 + 1.42 * column, 2.1, 1.37, 1.37), image[box], seen.spacing_mm, window)
    return to_png(figure)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images"
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in (
        ("dose_curves", dose_curves),
        ("phantom_anatomy", anatomy),
        ("phantom_tumors", tumor_classes),
        ("phantom_doses", true_doses),
    ):
        (folder / f"{name}.png").write_bytes(draw())


if __name__ == "__main__":
    main()
