# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from lessgad.dose.linear import mix
from lessgad.errors import SettingsError
from lessgad.preparation.head import HeadBox
from lessgad.restoration.baselines import subtract_and_scale
from lessgad.restoration.denoised_baselines import denoise, denoise_and_scale

SIGMA = 0.02


def pair(n: int = 64, n_slices: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """T1 and T1ce without noise: a bright half, and a block in it that enhances."""
    t1 = np.full((n, n, n_slices), -0.6, np.float32)
    t1[n // 2 :] = -0.2
    t1ce = t1.copy()
    t1ce[40:56, 20:44] += 0.5
    return t1, t1ce


def noisy(image: np.ndarray, seed: int) -> np.ndarray:
    return image + np.float32(SIGMA) * np.random.default_rng(seed).standard_normal(image.shape, dtype=np.float32)


def test_noise_goes_and_edges_stay():
    t1, _ = pair()
    smooth = denoise(noisy(t1, 1), sigma=SIGMA, strength=0.3)
    inside = np.s_[12:-12, 12:-12]
    assert smooth.dtype == np.float32
    assert (smooth - t1)[inside].std() < 0.35 * SIGMA
    np.testing.assert_allclose(smooth.mean(axis=(1, 2)), t1[:, 0, 0], atol=0.5 * SIGMA)


def test_a_stronger_one_leaves_less_noise():
    flat = noisy(np.zeros((64, 64, 4), np.float32), 1)
    left = [denoise(flat, sigma=SIGMA, strength=strength).std() for strength in (0.0, 0.1, 0.3, 0.6, 1.0)]
    assert left == sorted(left, reverse=True)
    assert left[0] == flat.std()
    assert left[1] < 0.4 * SIGMA


@pytest.mark.parametrize(("sigma", "strength"), [(0.0, 0.6), (SIGMA, 0.0)])
def test_nothing_to_denoise_is_a_copy(sigma: float, strength: float):
    image = noisy(pair()[0], 1)
    same = denoise(image, sigma=sigma, strength=strength)
    assert same.tobytes() == image.tobytes()
    assert not np.shares_memory(same, image)


@pytest.mark.parametrize("dose", [0.1, 0.5, 1.0])
def test_without_denoising_it_is_subtract_and_scale(dose: float):
    t1, t1ce = pair()
    low = noisy(mix(t1, t1ce, dose), 2)
    restored = denoise_and_scale(noisy(t1, 1), low, sigma=SIGMA, strength=0.0, scale=1 / dose)
    np.testing.assert_allclose(restored, subtract_and_scale(noisy(t1, 1), low, dose), rtol=0, atol=1e-6)


def test_a_noise_free_linear_mix_is_undone():
    t1, t1ce = pair()
    restored = denoise_and_scale(t1, mix(t1, t1ce, 0.1), sigma=0.0, strength=0.6, scale=10.0)
    np.testing.assert_allclose(restored, t1ce, atol=1e-5)


def test_enhancement_comes_back_with_a_fraction_of_the_noise():
    t1, t1ce = pair()
    dose = 0.2
    low, before = noisy(mix(t1, t1ce, dose), 2), noisy(t1, 1)
    plain = subtract_and_scale(before, low, dose) - t1ce
    restored = denoise_and_scale(before, low, sigma=SIGMA, strength=0.3, scale=1 / dose) - t1ce
    core = np.s_[44:52, 26:38]
    assert restored[core].mean() == pytest.approx(0, abs=0.05)
    assert restored.std() < 0.4 * plain.std()


def test_scale_zero_is_the_t1():
    t1, t1ce = pair()
    restored = denoise_and_scale(t1, noisy(t1ce, 1), sigma=SIGMA, strength=0.3, scale=0.0)
    np.testing.assert_array_equal(restored, t1)


def test_the_difference_has_the_noise_of_both():
    """√2 σ: the strength means the same for it as for an image of that σ."""
    t1 = np.zeros((48, 48, 3), np.float32)
    before, low = noisy(t1, 1), noisy(t1, 2)
    restored = denoise_and_scale(before, low, sigma=SIGMA, strength=0.3, scale=1.0)
    expected = denoise(low - before, sigma=math.sqrt(2) * SIGMA, strength=0.3)
    np.testing.assert_allclose(restored - before, expected, atol=1e-6)


def test_outside_the_head_box_nothing_is_done():
    t1, t1ce = pair()
    low, box = noisy(mix(t1, t1ce, 0.3), 2), HeadBox(10, 60, 8, 50)
    outside = np.ones(t1.shape, bool)
    outside[box.slices] = False
    smooth = denoise(low, sigma=SIGMA, strength=0.3, head_box=box)
    scaled = denoise_and_scale(t1, low, sigma=SIGMA, strength=0.3, scale=3.0, head_box=box)
    np.testing.assert_array_equal(smooth[outside], low[outside])
    np.testing.assert_array_equal(scaled[outside], t1[outside])
    cut = np.ascontiguousarray(low[box.slices])
    np.testing.assert_array_equal(smooth[box.slices], denoise(cut, sigma=SIGMA, strength=0.3))


def test_units_do_not_matter():
    image = noisy(pair(n=64, n_slices=1)[0], 1)
    np.testing.assert_allclose(
        denoise(400 * image, sigma=400 * SIGMA, strength=0.3),
        400 * denoise(image, sigma=SIGMA, strength=0.3),
        rtol=1e-3,
        atol=1e-2,
    )


@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf])
def test_impossible_levels_are_refused(wrong: float):
    image = np.zeros((4, 4, 1), np.float32)
    with pytest.raises(SettingsError, match="noise level"):
        denoise(image, sigma=wrong, strength=0.3)
    with pytest.raises(SettingsError, match="strength"):
        denoise(image, sigma=SIGMA, strength=wrong)
