# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessgad.dose.simulator import LowDoseSimulator
from lessgad.training.enhancement_strength import SHARE_WITHOUT, STRONGEST, WEAKEST, strength_map, with_strength
from lessgad.training.patch_source import PatchSource
from lessgad.training.patches import draw_patch


@given(st.integers(0, 2**32), st.integers(8, 40), st.integers(8, 40), st.floats(0, 1))
def test_factors_keep_to_their_range_and_change_slowly(seed, n_rows, n_columns, spread):
    strength = strength_map(np.random.default_rng(seed), (n_rows, n_columns), spread)
    assert strength.shape == (n_rows, n_columns)
    if not strength.any():
        assert spread > 0
        return
    assert strength.min() >= WEAKEST - 1e-6 and strength.max() <= STRONGEST + 1e-6
    steepest = (STRONGEST - WEAKEST) * 4 / n_rows + 1e-6
    assert np.abs(np.diff(strength, axis=0)).max() <= steepest


def test_no_spread_leaves_everything():
    assert np.array_equal(strength_map(np.random.default_rng(1), (16, 20), 0.0), np.ones((16, 20), dtype=np.float32))


def test_the_median_is_one_and_the_spread_what_was_asked():
    rng = np.random.default_rng(2)
    drawn = np.array([strength_map(rng, (128, 160), 0.2)[0, 0] for _ in range(2000)])
    assert np.mean(drawn == 0) == pytest.approx(SHARE_WITHOUT, abs=0.03)
    corners = np.log(drawn[drawn > 0])
    assert np.median(corners) == pytest.approx(0, abs=0.02)
    assert corners.std() == pytest.approx(0.2, rel=0.05)


@given(st.integers(0, 2**32), st.floats(0.2, 1.6))
def test_enhancement_is_multiplied_and_noise_is_not(seed, factor):
    rng = np.random.default_rng(seed)
    t1 = rng.uniform(-0.8, -0.5, (8, 8)).astype(np.float32)
    enhancement = rng.uniform(0, 0.3, (8, 8)).astype(np.float32)
    noise = rng.normal(0, 0.01, (8, 8)).astype(np.float32)
    strength = np.full((8, 8), factor, dtype=np.float32)
    standard, t1ce = with_strength(t1 + enhancement + noise, (t1, t1 + enhancement), strength)
    assert np.allclose(t1ce, t1 + factor * enhancement, atol=1e-6)
    assert np.allclose(standard - t1ce, noise, atol=1e-6)


def test_images_stay_on_their_scale():
    t1, t1ce = np.full((8, 8), -0.5, dtype=np.float32), np.full((8, 8), 0.9, dtype=np.float32)
    for image in with_strength(t1ce, (t1, t1ce), np.full((8, 8), 1.6, dtype=np.float32)):
        assert image.max() == 1


def test_a_patch_of_a_mix_without_noise_is_still_that_mix():
    rng = np.random.default_rng(4)
    t1, t1ce = (rng.uniform(-0.9, 0.1, (3, 40, 50)).astype(np.float32) for _ in range(2))
    source = PatchSource(
        t1, t1ce, (t1, t1ce), LowDoseSimulator(), (4, 36, 6, 46), np.array([1]), np.array([[1, 20, 30]]), (2.0, 1.5)
    )
    how = {"seed": 1, "size": (16, 20), "tumor_share": 0.5, "flip": True}
    for number in range(10):
        plain = draw_patch([source], number, dose=0.3, **how)
        varied = draw_patch([source], number, dose=0.3, vary_enhancement=0.4, **how)
        assert np.array_equal(varied.pre_contrast, plain.pre_contrast)
        assert not np.array_equal(varied.standard_dose, plain.standard_dose)
        mixed = 0.7 * varied.pre_contrast + 0.3 * varied.standard_dose
        assert np.allclose(varied.low_dose, mixed, atol=1e-6)
