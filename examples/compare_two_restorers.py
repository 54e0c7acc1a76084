# SPDX-License-Identifier: Apache-2.0
"""Restore one simulated low dose with two models, and compare both with the standard dose.

python examples/compare_two_restorers.py T1.nii.gz T1ce.nii.gz pretrained EXPERIMENT/models/all-doses
"""

import sys

import lessgad


def main(t1: str, t1ce: str, *models: str, dose: float = 0.3) -> None:
    """Print PSNR and SSIM over the head for the low dose and for each model."""
    standard_dose = lessgad.calibrate(t1, lessgad.register(t1, t1ce))
    low_dose = lessgad.simulate_low_dose(t1, standard_dose, dose, noise=25.0, seed=1)
    images = {"unrestored": low_dose}
    for model in models:
        images[model] = lessgad.Restorer.load(model).restore(low_dose, dose, t1)
    reference = lessgad.normalize(standard_dose, t1)
    for name, image in images.items():
        (head,) = lessgad.similarity(lessgad.normalize(image, t1), reference)
        print(f"{name}: PSNR {head.psnr_db:.1f} dB, SSIM {head.ssim:.3f} over the head")


if __name__ == "__main__":
    main(*sys.argv[1:])
