# SPDX-License-Identifier: Apache-2.0
"""Noise as scanners make it: what is found of it, how fresh noise compares, and what the denoiser leaves.

Generated heads without noise get noise of a known σ, white or correlated by a filter or by zero-filling, which their
structure goes through too. Printed for each kind of noise, as means over heads, before (noise taken for white) and
after (its correlation estimated):

- σ found over the true one and the correlation of neighbors along x, from air and from tissue (skull-stripped);
- the share of a voxel's own noise that is left in the denoised image, over tissue, and where that is flat;
- SD of fresh noise over that of the scan's noise after an average over 3 px (Gaussian), which is what a network sees;
- the perfect image of a 10 % scan: inflation of the check against the measurement, and ml that it calls wrong.

    python benchmarks/correlated_noise.py [--patients 3] [--snr 20]
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.ndimage import binary_erosion, gaussian_filter

from lessgad.dose.denoising import denoise
from lessgad.dose.linear import mix
from lessgad.dose.noise import add_noise
from lessgad.dose.noise_level import estimate_noise
from lessgad.dose.simulator import LowDoseSimulator
from lessgad.phantom.patient import draw_patient, subjects
from lessgad.phantom.slab import place_slab
from lessgad.preparation.head import head_mask
from lessgad.preparation.noise_correlation import WHITE, NoiseCorrelation, gaussian_correlation
from lessgad.restoration.discrepancy import find_discrepancy

SPACING_MM = (1.0, 1.0, 3.0)
DOSE = 0.1
TISSUE = 2 / 3  # of white matter, on [−1, 1] above true zero
KINDS = {
    "white": WHITE,
    "correlated over 1.5 px": gaussian_correlation(1.5),
    "correlated over 2 px": gaussian_correlation(2.0),
    "correlated over 3 px": gaussian_correlation(3.0),
    "zero-filled x2 in plane": NoiseCorrelation((0.5, 0.5)),
}


def filtered(image: np.ndarray, correlation: NoiseCorrelation) -> np.ndarray:
    """The structure of the scan, through the same filter as its noise."""
    if correlation.is_white:
        return image
    x, y = (correlation.amplitude(axis, image.shape[axis]) for axis in (0, 1))
    spectrum = np.fft.fft2(image, axes=(0, 1)) * np.outer(x / x[0], y / y[0])[..., None]
    return np.maximum(np.fft.ifft2(spectrum, axes=(0, 1)).real, 0).astype(np.float32)


def noisy(image: np.ndarray, sigma: float, correlation: NoiseCorrelation, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return add_noise(image.transpose(2, 1, 0), sigma, rng, correlation=correlation).transpose(2, 1, 0)


def left_of_own_noise(clean: np.ndarray, scan: np.ndarray, result: np.ndarray, tissue: np.ndarray) -> float:
    noise = (scan - clean)[tissue]
    noise = noise - noise.mean()
    return float(np.mean((result - clean)[tissue] * noise) / np.mean(noise**2))


def smooth_spread(noise: np.ndarray, tissue: np.ndarray) -> float:
    return float(gaussian_filter(noise, (3 / 2.355, 3 / 2.355, 0))[tissue].std())


def figures(clean: np.ndarray, clean_post: np.ndarray, snr: float, correlation: NoiseCorrelation) -> dict[str, float]:
    """All that is printed, of one head."""
    sigma = TISSUE / snr
    t1, t1ce = (filtered(image, correlation) for image in (clean, clean_post))
    scan = noisy(t1, sigma, correlation, 1)
    head = head_mask(t1, SPACING_MM)
    tissue = binary_erosion(head, np.ones((3, 3, 1)), iterations=4) & (t1 > 0.5 * TISSUE)
    with_air, stripped = estimate_noise(scan, head), estimate_noise(np.where(head, scan, 0), head)
    found = {"true neighbor": correlation.at(0, 1)}
    for name, level in (("air" if with_air.source == "air" else "air (tissue)", with_air), ("tissue", stripped)):
        found[f"σ {name}"], found[f"neighbor {name}"] = level.sigma / sigma, level.correlation.at(0, 1)
    flat = np.hypot(*np.gradient(gaussian_filter(t1, (2, 2, 0)), axis=(0, 1))) < 0.1 * sigma
    own = smooth_spread(scan - t1, tissue)
    low = noisy(mix(t1, t1ce, DOSE), sigma, correlation, 2)
    for name, known in (("before", WHITE), ("after", with_air.correlation)):
        result = denoise(scan, with_air.sigma, known)
        found[f"own noise left {name}"] = left_of_own_noise(t1, scan, result, tissue)
        found[f"own noise left {name}, flat"] = left_of_own_noise(t1, scan, result, tissue & flat)
        found[f"fresh noise {name}"] = smooth_spread(noisy(t1, sigma, known, 3) - t1, tissue) / own
        check = find_discrepancy(
            scan - 1, low - 1, np.clip(t1ce - 1, -1, 1), dose=DOSE, simulator=LowDoseSimulator(None, sigma, known),
            head=head, spacing_mm=SPACING_MM, sigma_pre_contrast=sigma, least_error=0.1 * TISSUE,
        )  # fmt: skip
        found[f"inflation {name}"] = max(check.inflation)
        found[f"called wrong {name}, ml"] = check.unsupported_ml + check.overlooked_ml
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=3)
    parser.add_argument("--snr", type=float, default=20.0)
    parser.add_argument("--slices", type=int, default=16)
    options = parser.parse_args()
    heads = []
    for number in range(1, options.patients + 1):
        subject, warp = next(subjects(draw_patient(number, 5)))
        slab = place_slab(SPACING_MM, np.zeros(3), warp, np.eye(4))
        pair = [np.abs(slab.sample(subject.signal(dose))) for dose in (0.0, 1.0)]
        middle = pair[0].shape[2] // 2
        some = slice(middle - options.slices // 2, middle + options.slices // 2)
        pair = [np.asarray(image[:, :, some], np.float32) for image in pair]
        level = np.median(pair[0][head_mask(pair[0], SPACING_MM)])
        heads.append([np.float32(TISSUE / level) * image for image in pair])
    for kind, correlation in KINDS.items():
        rows = [figures(*pair, options.snr, correlation) for pair in heads]
        names = list(dict.fromkeys(name for row in rows for name in row))
        mean = {name: np.mean([row[name] for row in rows if name in row]) for name in names}
        print(f"\n{kind} (SNR {options.snr:g}, {len(rows)} heads)")
        print("\n".join(f"  {name:28} {value:6.3f}" for name, value in mean.items()), flush=True)


if __name__ == "__main__":
    main()
