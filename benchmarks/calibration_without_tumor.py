# SPDX-License-Identifier: Apache-2.0
"""What it would be worth to leave the tumor out of the calibration where a study has a mask.

    python benchmarks/calibration_without_tumor.py [--seed 77] [--patients 4]

T1 and scans at 10, 30 and 100 % of the dose are calibrated as in `bias_field_ratio_on_phantom.py`, once with all of the
head and once without the tumor and 5 mm around it, in the patients with the largest tumors of 30. Printed: the volume
of the tumor; for each of the two, the log of the factor found over the true one, mean over the tumor and SD over the
head, in per cent; and the enhancement of the tumor without it over that with it, less 1, in per cent.
"""

from __future__ import annotations

import argparse
from unittest.mock import patch

import numpy as np
from scans_with_coils import scan_with_coils
from scipy.ndimage import distance_transform_edt

from lessgad.phantom.patient import draw_patient
from lessgad.preparation import intensity_scale
from lessgad.preparation.bias_field_ratio import BiasFieldRatio, find_bias_field_ratio
from lessgad.preparation.intensity_scale import find_intensity_scale
from lessgad.preparation.lost_to_calibration import APART_MM
from lessgad.preparation.resampling import covered, resample
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.preparation.settings import PreparationSettings
from lessgad.volume import Volume

DOSES = (0.1, 0.3, 1.0)


def figures(number: int, seed: int) -> list[tuple[float, float, list[float]]]:
    """Dose, tumor volume in ml, and figures of one patient."""
    study, coil = scan_with_coils(number, seed, DOSES[:-1])
    fixed, tumor = study.pre_contrast, study.mask.array > 0
    volume_ml = float(tumor.sum() * np.prod(fixed.spacing_mm) / 1000)
    near = distance_transform_edt(~tumor, sampling=fixed.spacing_mm) <= APART_MM

    def without(t1: np.ndarray, post: np.ndarray, head: np.ndarray, spacing: tuple[float, ...]) -> BiasFieldRatio:
        return find_bias_field_ratio(t1, post, head & ~near, spacing)  # type: ignore[arg-type]

    found = []
    for dose in DOSES:
        scan = study.scans[dose]
        to_scan = RigidTransform(scan.motion)
        post = resample(scan.image.with_array(scan.image.array.astype(np.float32)), fixed, to_scan, "cubic").array
        log_coil = Volume(np.log(coil[dose]), scan.image.affine)
        truth = np.log(coil[0.0]) - resample(log_coil, fixed, to_scan, "linear").array
        truth = truth + np.log(study.scans[0.0].sigma / scan.sigma)
        inside = covered(scan.image, fixed, to_scan)
        row, enhancement = [], []
        t1 = fixed.array.astype(np.float32)
        for fit in (find_bias_field_ratio, without):
            with patch.object(intensity_scale, "find_bias_field_ratio", fit):
                scale = find_intensity_scale(t1, post.astype(np.float32), fixed.spacing_mm, PreparationSettings())
            assert scale.gain is not None
            error = np.log(scale.gain.over(post.shape)) + np.log(scale.to_pre_contrast.scale) - truth
            row += [100 * float(error[tumor & inside].mean()), 100 * float(error[scale.head & inside].std())]
            enhancement.append(float((scale.calibrated(post.astype(np.float32)) - t1)[tumor & inside].mean()))
        found.append((dose, volume_ml, [*row, 100 * (enhancement[1] / enhancement[0] - 1)]))
    return found


def main() -> None:
    """Print one line per dose, and one per patient and dose."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=77)
    options.add_argument("--patients", type=int, default=4)
    given = options.parse_args()
    rows: dict[float, list[list[float]]] = {dose: [] for dose in DOSES}
    print("patient  ml     dose  all: tumor  head   without: tumor  head   enhancement (%)")
    largest = sorted(range(1, 31), key=lambda number: -draw_patient(number, given.seed).tumors[0].diameter_mm)
    for number in largest[: given.patients]:
        for dose, volume_ml, of_it in figures(number, given.seed):
            rows[dose].append(of_it)
            print(f"{number:7d}  {volume_ml:5.2f}  {dose:4g}  " + "  ".join(f"{x:6.2f}" for x in of_it), flush=True)
    for dose, table in rows.items():
        mean, most = np.mean(table, axis=0), np.abs(np.array(table)[:, -1]).max()
        print(f"   mean         {dose:4g}  " + "  ".join(f"{x:6.2f}" for x in mean) + f"  largest change {most:.2f}")


if __name__ == "__main__":
    main()
