# SPDX-License-Identifier: Apache-2.0
"""Score the image of any method against the standard dose, with the measures of lessgad's reports.

python examples/score_external_method.py T1.nii.gz T1ce.nii.gz tumor.nii.gz image.nii.gz

All four files lie on one grid; T1, T1ce and image share one intensity scale.
"""

import sys

import lessgad


def main(t1: str, t1ce: str, tumor: str, image: str) -> None:
    """Print similarity and enhancement scores of the image."""
    pre_contrast, standard_dose, judged = (lessgad.normalize(each, t1) for each in (t1, t1ce, image))
    for area in lessgad.similarity(judged, standard_dose, tumor):
        print(f"{area.area}: PSNR {area.psnr_db:.1f} dB, SSIM {area.ssim:.3f}")
    scores = lessgad.enhancement_scores(judged, pre_contrast, standard_dose, tumor)
    print(f"recovery {scores.recovery:.2f}, false {scores.false_ml:.2f} ml, missed {scores.missed_ml:.2f} ml")


if __name__ == "__main__":
    main(*sys.argv[1:5])
