# SPDX-License-Identifier: Apache-2.0
"""Hold models against the best simple restorations on prepared pairs, in the tumor box, at several noise levels.

    python benchmarks/restoration_on_pairs.py EXPERIMENT --model pretrained --model EXPERIMENT/models/all-doses \\
        --subset test --doses 0.05 0.1 0.2 0.3 0.5 0.75 --noise matched 20 25both

`matched`: fresh noise as strong as the T1ce's; a number: fresh noise of that SNR on the low dose; with `both`: on the
T1 too, and the low dose is mixed from the pair as scanned. Width and scale of the Gaussian are tuned on the training
and validation patients at each dose and noise. `control` at 10 %: the T1 with fresh noise, called a 10 % scan; its
recovery should be 0.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from skimage.restoration import denoise_nl_means

from lessgad.dose.linear import mix
from lessgad.dose.noise import add_noise
from lessgad.evaluation.similarity import bounding_box, psnr_db
from lessgad.field.checkpoint import load_field
from lessgad.field.measured_enhancement import ScanFacts
from lessgad.preparation.prepared_study import PreparedFiles, PreparedStudy, read_prepared
from lessgad.pretrained import pretrained_model
from lessgad.restoration.denoised_baselines import denoise
from lessgad.restoration.gaussian_baseline import WIDTHS_MM, scaled_average
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.slices import restore_slices

MARGIN = (24, 24, 7)
SCALES = np.linspace(0.6, 1.2, 25)
MOST_TUNING_SLICES = 6
STRENGTHS = (0.1, 0.2, 0.3, 0.6, 1.0)
MEANS_IN_3D_PX = 3, 3  # width of a patch, and how far alike voxels are looked for
STRENGTHS_IN_3D = (0.2, 0.4, 0.8)


Means = Callable[["Slab", np.ndarray, np.ndarray, str, float, list[int]], np.ndarray]


@dataclass(frozen=True, eq=False)
class Slab:
    """The tumor of one study and what is around it, slices first."""

    name: str
    t1: np.ndarray
    t1ce: np.ndarray
    clean: tuple[np.ndarray, np.ndarray]
    tumor: np.ndarray
    box: np.ndarray
    sigma: float
    sigma_t1: float
    level: float
    spacing_mm: tuple[float, float, float]

    @property
    def numbers(self) -> list[int]:
        return np.flatnonzero(self.box.any(axis=(1, 2))).tolist()


def main() -> None:
    given = _arguments()
    torch.set_num_threads(given.threads)
    tuning = list(slabs(given.experiment, ("train", "validation"), given.labels))
    judged = list(slabs(given.experiment, tuple(given.subset), given.labels))
    models = {name: load_field(pretrained_model() if name == "pretrained" else Path(name))[0] for name in given.model}
    print("noise dose method | mean PSNR, recovery, false ml | PSNR by patient")
    for noise in given.noise:
        for dose in given.doses:
            width, scale = tuned_gaussian(tuning, dose, noise)
            strength, nlm_scale = tuned_means(tuning, dose, noise)
            if given.means_in_3d:
                strength_3d, scale_3d = tuned_means(tuning, dose, noise, means_in_3d, STRENGTHS_IN_3D)
            rows: dict[str, list[tuple[float, float, float]]] = {}
            for slab in judged:
                t1, low, facts = scans(slab, dose, noise)
                images = {"unrestored": low[slab.numbers]}
                average = scaled_average(t1, low, dose, facts, width, slab.numbers)
                images[f"gaussian {width:g} mm"] = np.clip(t1[slab.numbers] + scale * average, -1, 1)
                nlm = denoised_difference(slab, t1, low, noise, strength, slab.numbers)
                images[f"non-local means {strength:g}"] = np.clip(t1[slab.numbers] + nlm_scale / dose * nlm, -1, 1)
                if given.means_in_3d:
                    smooth = means_in_3d(slab, t1, low, noise, strength_3d, slab.numbers)
                    name = f"3D non-local means {strength_3d:g}"
                    images[name] = np.clip(t1[slab.numbers] + scale_3d / dose * smooth, -1, 1)
                for name, field in models.items():
                    images[Path(name).name] = restored(field, t1, low, dose, facts, slab.numbers)
                for name, image in images.items():
                    rows.setdefault(name, []).append(scores(slab, t1, image))
            for name, of_patients in rows.items():
                mean = np.nanmean(of_patients, axis=0)
                patients = " ".join(f"{one[0]:.1f}" for one in of_patients)
                print(f"{noise} {dose:g} {name} | {mean[0]:.2f} {mean[1]:.3f} {mean[2]:.2f} | {patients}", flush=True)
        _control(judged, models, noise)


def slabs(experiment: Path, subsets: tuple[str, ...], labels: list[int]) -> Iterator[Slab]:
    """Cut the tumor with a margin out of each prepared study of some subsets."""
    with (experiment / "split.tsv").open(encoding="utf-8") as file:
        split = {
            row["participant_id"].removeprefix("sub-"): row["subset"] for row in csv.DictReader(file, delimiter="\t")
        }
    for path in sorted((experiment / "prepared").rglob("*_desc-prepared_T1w.nii")):
        stem = path.name.removesuffix("_desc-prepared_T1w.nii")
        if "_ce-" not in stem and split.get(stem.split("_")[0].removeprefix("sub-")) in subsets:
            yield _slab(read_prepared(PreparedFiles(path.parent, stem)), labels)


def _slab(study: PreparedStudy, labels: list[int]) -> Slab:
    assert study.labels is not None
    tumor = np.isin(study.labels, labels)
    box = bounding_box(tumor)
    places = np.argwhere(box)
    first = np.maximum(places.min(axis=0) - MARGIN, 0)
    stop = np.minimum(places.max(axis=0) + 1 + np.array(MARGIN), box.shape)
    around = tuple(slice(a, b) for a, b in zip(first, stop, strict=True))

    def cut(image: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.asarray(image)[around].transpose(2, 1, 0))

    t1, t1ce = (cut(image).astype(np.float32) for image in (study.pre_contrast, study.standard_dose))
    clean = tuple(cut(image).astype(np.float32) for image in study.source_pair)
    x, y, z = study.spacing_mm
    sigmas = study.sigma or 0.0, study.sigma_pre_contrast or 0.0
    return Slab(study.name, t1, t1ce, clean, cut(tumor), cut(box), *sigmas, study.tissue_level, (z, y, x))


def scans(slab: Slab, dose: float, noise: str) -> tuple[np.ndarray, np.ndarray, ScanFacts]:
    """Simulate T1 and low dose; the same noise at each call."""
    rng = np.random.default_rng([round(1e4 * dose), *noise.encode(), *slab.name.encode()])
    outside = (slab.t1 == -1) & (slab.t1ce == -1)

    def noisy(image: np.ndarray, sigma: float) -> np.ndarray:
        scanned = np.clip(add_noise(np.maximum(image + 1, 0), sigma, rng) - 1, -1, 1)
        return np.where(outside, -1, scanned).astype(np.float32)

    if noise.endswith("both"):
        sigma = slab.level / float(noise.removesuffix("both"))
        t1 = noisy(slab.t1, sigma)
        low, sigma_t1 = noisy(mix(slab.t1, slab.t1ce, dose), sigma), float(np.hypot(sigma, slab.sigma_t1))
        sigma = float(np.hypot(sigma, slab.sigma_t1))  # its end points are the scans, noise and all
    else:
        sigma = slab.sigma if noise == "matched" else slab.level / float(noise)
        t1, low, sigma_t1 = slab.t1, noisy(mix(*slab.clean, dose), sigma), slab.sigma_t1
    return t1, low, ScanFacts(slab.spacing_mm, sigma_t1, misalignment_mm=0.0, sigma_low_dose=sigma)


def tuned_gaussian(tuning: list[Slab], dose: float, noise: str) -> tuple[float, float]:
    """Width and scale with the best mean PSNR."""
    found = np.zeros((len(WIDTHS_MM), len(SCALES)))
    for slab in tuning:
        t1, low, facts = scans(slab, dose, noise)
        numbers = slab.numbers[:: max(1, len(slab.numbers) // MOST_TUNING_SLICES)]
        voxels = slab.box[numbers]
        wanted = (slab.t1ce - t1)[numbers][voxels]
        for index, width in enumerate(WIDTHS_MM):
            average = scaled_average(t1, low, dose, facts, width, numbers)[voxels]
            found[index] += [10 * np.log10(4 / np.mean((scale * average - wanted) ** 2)) for scale in SCALES]
    width, scale = np.unravel_index(np.argmax(found), found.shape)
    return WIDTHS_MM[width], float(SCALES[scale])


def tuned_means(
    tuning: list[Slab], dose: float, noise: str, means: Means | None = None, strengths: tuple[float, ...] = STRENGTHS
) -> tuple[float, float]:
    """Strength of non-local means of the difference, slice by slice or in 3D, and scale with the best mean PSNR."""
    means = means or denoised_difference
    found = np.zeros((len(strengths), len(SCALES)))
    for slab in tuning:
        t1, low, _ = scans(slab, dose, noise)
        numbers = slab.numbers[:: max(1, len(slab.numbers) // MOST_TUNING_SLICES)]
        voxels = slab.box[numbers]
        wanted = (slab.t1ce - t1)[numbers][voxels]
        for index, strength in enumerate(strengths):
            smooth = means(slab, t1, low, noise, strength, numbers)[voxels] / dose
            found[index] += [10 * np.log10(4 / np.mean((scale * smooth - wanted) ** 2)) for scale in SCALES]
    strength, scale = np.unravel_index(np.argmax(found), found.shape)
    return strengths[strength], float(SCALES[scale])


def means_in_3d(
    slab: Slab, t1: np.ndarray, low: np.ndarray, noise: str, strength: float, numbers: list[int]
) -> np.ndarray:
    """Non-local means of low − T1 in three dimensions, as scikit-image has them."""
    sigma = 2**0.5 * (slab.sigma if noise == "matched" else slab.level / float(noise.removesuffix("both"))) + 1e-6
    patch, reach = MEANS_IN_3D_PX
    first, stop = max(0, min(numbers) - reach), max(numbers) + reach + 1
    relative = np.asarray(low - t1, np.float32)[first:stop] / np.float32(sigma)
    smooth = denoise_nl_means(relative, patch, reach, h=strength, fast_mode=True, sigma=1.0)
    return np.asarray(sigma * smooth)[np.asarray(numbers) - first]


def denoised_difference(
    slab: Slab, t1: np.ndarray, low: np.ndarray, noise: str, strength: float, numbers: list[int]
) -> np.ndarray:
    """Denoise low − T1 of some slices; its noise is taken as √2 times that of the low dose."""
    sigma = slab.sigma if noise == "matched" else slab.level / float(noise.removesuffix("both"))
    difference = (low - t1)[numbers].transpose(2, 1, 0)
    return denoise(difference, sigma=2**0.5 * sigma, strength=strength).transpose(2, 1, 0)


def restored(
    field: torch.nn.Module, t1: np.ndarray, low: np.ndarray, dose: float, facts: ScanFacts, numbers: list[int]
) -> np.ndarray:
    images = {"pre_contrast": t1, "low_dose": low}
    return restore_slices(field, images, dose, facts.spacing_mm[1:], RestorationSettings(), numbers, facts)


def scores(slab: Slab, t1: np.ndarray, image: np.ndarray) -> tuple[float, float, float]:
    """PSNR in the tumor box, recovery in the tumor, and ml that enhance by a fifth of tissue more than they should."""
    numbers = slab.numbers
    truth, inside, box = slab.t1ce[numbers], slab.tumor[numbers], slab.box[numbers]
    recovery = float((image - t1[numbers])[inside].sum() / (truth - t1[numbers])[inside].sum())
    false = (image - truth > 0.2 * slab.level) & ~inside & box
    return psnr_db(image, truth, box), recovery, float(false.sum() * np.prod(slab.spacing_mm) / 1000)


def _control(judged: list[Slab], models: dict[str, torch.nn.Module], noise: str) -> None:
    for name, field in models.items():
        found = []
        for slab in judged:
            t1, low, facts = scans(slab, 0.0, noise)
            image = restored(field, t1, low, 0.1, facts, slab.numbers)
            found.append(scores(slab, t1, image)[1])
        print(f"{noise} control {Path(name).name} | " + " ".join(f"{value:.3f}" for value in found), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="with prepared studies and split.tsv")
    parser.add_argument("--model", action="append", default=[], help="a model folder, or pretrained; repeat for more")
    parser.add_argument("--subset", nargs="+", default=["test"])
    parser.add_argument("--labels", type=int, nargs="+", default=[1, 4], help="that are tumor")
    parser.add_argument("--doses", type=float, nargs="+", default=[0.05, 0.1, 0.2, 0.3, 0.5, 0.75])
    parser.add_argument("--noise", nargs="+", default=["matched", "20"])
    parser.add_argument("--means-in-3d", action="store_true", help="non-local means in three dimensions too: slow")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
