# SPDX-License-Identifier: Apache-2.0
"""SSIM of the noise-free standard dose against a standard-dose scan with noise, in the tumor's box.

Generated heads without noise get Rician noise of a known SNR (tissue over σ). The best image that any method could
restore is the one without noise; its SSIM says how much of a fixed margin is one for the scanner.

    python benchmarks/ssim_of_the_truth.py [--patients 12]
"""

from __future__ import annotations

import argparse

import numpy as np

from lessgad.dose.noise import add_noise
from lessgad.evaluation.similarity import bounding_box, similarity
from lessgad.phantom.patient import draw_patient, subjects
from lessgad.phantom.slab import place_slab
from lessgad.preparation.head import head_mask

SPACING_MM = (0.6, 0.6, 1.5)
SNRS = (8, 10, 15, 20, 30)
TISSUE = 2 / 3  # of white matter, on [−1, 1] above true zero


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=12)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    found: dict[int, list[float]] = {snr: [] for snr in SNRS}
    for number in range(1, options.patients + 1):
        subject, warp = next(subjects(draw_patient(number, options.seed)))
        slab = place_slab(SPACING_MM, np.zeros(3), warp, np.eye(4))
        growth = subject.growth
        tumor = slab.share(growth.intrameatal | growth.extrameatal, growth.box) >= 0.5
        t1, t1ce = (np.abs(slab.sample(subject.signal(dose))).astype(np.float32) for dose in (0.0, 1.0))
        level = np.float32(TISSUE / np.median(t1[head_mask(t1, SPACING_MM)]))
        truth = np.clip(level * t1ce - 1, -1, 1)
        for snr in SNRS:
            scan = np.clip(add_noise(truth + 1, TISSUE / snr, np.random.default_rng([number, snr])) - 1, -1, 1)
            (box,) = similarity(truth, scan.astype(np.float32), {"tumor_box": bounding_box(tumor)})
            found[snr].append(box.ssim)
    print(f"{options.patients} generated patients, {'×'.join(map(str, SPACING_MM))} mm")
    for snr, values in found.items():
        print(f"SNR {snr:2d}: SSIM {np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})")


if __name__ == "__main__":
    main()
