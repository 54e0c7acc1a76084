# SPDX-License-Identifier: Apache-2.0
"""What a smooth calibration takes of a ball's enhancement is estimated by leaving the ball out."""

import numpy as np
import pytest

from lessgad.preparation.bias_field_ratio import BiasFieldRatio, find_bias_field_ratio
from lessgad.preparation.lost_to_calibration import MOST_LOST, loss_cautions, lost_enhancement

SHAPE, SPACING_MM = (100, 110, 60), (2.0, 2.0, 2.0)


def scans(radius_mm: float, contrast: float):
    """T1, T1ce with a ball that is brighter by a share, both with noise; the ball; the head."""
    rng = np.random.default_rng(1)
    x, y, z = np.meshgrid(*(2.0 * (np.arange(n) - n / 2) for n in SHAPE), indexing="ij", sparse=True)
    head = (x / 80) ** 2 + (y / 95) ** 2 + (z / 58) ** 2 < 1
    ball = (x - 20) ** 2 + (y - 15) ** 2 + z**2 < radius_mm**2
    t1 = np.where(head, 100.0, 0.0)
    t1ce = t1 * (1 + contrast * ball)
    shading = np.exp(0.1 * np.cos(np.pi * x / 200) * np.ones(SHAPE))
    noisy = [np.maximum(image + 2 * rng.standard_normal(SHAPE), 0) for image in (t1, t1ce / shading)]
    return noisy[0].astype(np.float32), noisy[1].astype(np.float32), ball & head, head


@pytest.mark.parametrize(("radius_mm", "contrast"), ((35.0, 0.06), (35.0, 0.2), (10.0, 0.5)))
def test_the_estimate_is_what_was_lost(radius_mm: float, contrast: float):
    t1, t1ce, ball, head = scans(radius_mm, contrast)
    gain = find_bias_field_ratio(t1, t1ce, head, SPACING_MM)
    calibrated = t1ce * gain.over(SHAPE)
    calibrated *= np.float32(np.median(t1[head & ~ball]) / np.median(calibrated[head & ~ball]))
    kept = float(np.sum((calibrated - t1)[ball])) / (contrast * 100 * np.count_nonzero(ball))
    found = lost_enhancement(t1, calibrated, gain, ball, head, SPACING_MM)
    assert found == pytest.approx(1 - kept, abs=0.06)


def test_a_ball_that_does_not_enhance_has_nothing_to_lose():
    t1, _, ball, head = scans(20.0, 0.0)
    assert lost_enhancement(t1, 0.9 * t1, BiasFieldRatio.flat(), ball, head, SPACING_MM) is None


def test_a_head_that_is_all_tumor_cannot_be_fitted_without_it():
    t1, t1ce, _, head = scans(20.0, 0.5)
    assert lost_enhancement(t1, 1.5 * t1ce, BiasFieldRatio.flat(), head, head, SPACING_MM) is None


def test_only_more_than_a_tenth_is_worth_a_caution():
    assert loss_cautions(None) == loss_cautions(-0.2) == loss_cautions(MOST_LOST) == []
    (words,) = loss_cautions(0.14)
    assert "14 % of the tumor's enhancement" in words
