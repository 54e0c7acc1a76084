# SPDX-License-Identifier: Apache-2.0
"""How well the ratio of the bias fields is found on generated heads, against the ratio that the phantom drew.

    python benchmarks/bias_field_ratio_on_phantom.py --seed 77 --patients 12

T1 and scans at 10, 30 and 100 % of the dose, each with its own coil, pose, grid and noise, are resampled by the true
motion and calibrated without a mask. Error: log of the factor found over the true one, in per cent. Mean, SD, and 95th
percentile of its absolute value over the covered head; root mean square in the lowest and the highest 12 % of slices.
The mean is the enhancement of normal tissue, which no calibration from the two scans alone can tell from a gain.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from unittest.mock import patch

import numpy as np
from scans_with_coils import scan_with_coils

from lessgad.preparation import bias_field_ratio
from lessgad.preparation.intensity_scale import find_intensity_scale
from lessgad.preparation.resampling import covered, resample
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.preparation.settings import PreparationSettings
from lessgad.volume import Volume

DOSES = (0.1, 0.3, 1.0)
SPREADS_OF_BRIGHTER = (1.0, bias_field_ratio.SPREAD_OF_BRIGHTER)


def errors(number: int, seed: int, dose: float) -> Iterator[tuple[str, list[float]]]:
    """Setting and figures of one patient at one dose."""
    study, coil = scan_with_coils(number, seed, DOSES[:-1])
    fixed, scan = study.pre_contrast, study.scans[dose]
    to_scan = RigidTransform(scan.motion)
    post = resample(scan.image.with_array(scan.image.array.astype(np.float32)), fixed, to_scan, "cubic").array
    log_coil = Volume(np.log(coil[dose]), scan.image.affine)
    truth = np.log(coil[0.0]) - resample(log_coil, fixed, to_scan, "linear").array
    for spread in SPREADS_OF_BRIGHTER:
        with patch.object(bias_field_ratio, "SPREAD_OF_BRIGHTER", spread):
            scale = find_intensity_scale(
                fixed.array.astype(np.float32), post.astype(np.float32), fixed.spacing_mm, PreparationSettings()
            )
        assert scale.gain is not None
        found = np.log(scale.gain.over(post.shape)) + np.log(scale.to_pre_contrast.scale)
        # SNR and window are drawn by the scanner: σ · SNR of each scan is its window.
        window = np.log(study.scans[0.0].sigma / scan.sigma)
        inside = scale.head & covered(scan.image, fixed, to_scan)
        yield f"{spread:g}", summary(100 * (found - truth - window), inside)


def summary(error: np.ndarray, inside: np.ndarray) -> list[float]:
    """Mean, SD, 95th percentile, and rms in the lowest and the highest slices."""
    area = inside.sum(axis=(0, 1))
    slices = np.flatnonzero(area > 0.2 * area.max())
    n = max(1, round(0.12 * len(slices)))
    ends = [error[..., part][inside[..., part]] for part in (slices[:n], slices[-n:])]
    values = error[inside]
    rms = [float(np.sqrt(np.mean(end**2))) for end in ends]
    return [float(values.mean()), float(values.std()), float(np.percentile(np.abs(values), 95)), *rms]


def main() -> None:
    """Print a table: dose, spread of brighter blocks, figures."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=77)
    options.add_argument("--patients", type=int, default=12)
    given = options.parse_args()
    print("dose  spread of brighter  mean   SD    P95   lowest  highest (%)")
    for dose in DOSES:
        rows: dict[str, list[list[float]]] = {}
        for number in range(1, given.patients + 1):
            for setting, figures in errors(number, given.seed, dose):
                rows.setdefault(setting, []).append(figures)
        for setting, found in rows.items():
            print(f"{dose:4g}  {setting:>18}  " + "  ".join(f"{value:5.2f}" for value in np.mean(found, axis=0)))


if __name__ == "__main__":
    main()
