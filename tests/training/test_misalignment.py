# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import shift

from lessgad.dose.linear import mix
from lessgad.training.misalignment import fine_difference, own_share, with_misalignment

SPACING_MM = (0.7, 0.7)


def edges(amplitude=0.05, shape=(40, 48)):
    """A pair that differs from pixel to pixel, with nothing that enhances."""
    y, x = np.indices(shape)
    t1 = np.full(shape, -0.4, dtype=np.float32)
    return t1, t1 + np.float32(amplitude) * (1 - 2 * ((x + y) % 2)).astype(np.float32)


def move(pair, dose, seed=0, extent=1.0, **known):
    fine = fine_difference(*pair, SPACING_MM, **known)
    return with_misalignment(pair, fine, dose, own_share(float(np.random.default_rng(seed).normal())), extent)


def low_dose(pair, dose, seed=0, **how):
    return mix(*move(pair, dose, seed, **how), dose)


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_an_extent_of_none_changes_nothing(seed, dose):
    for image, moved in zip(edges(), move(edges(), dose, seed, extent=0.0), strict=True):
        assert np.array_equal(image, moved)


@given(st.integers(0, 2**32))
def test_edges_do_not_depend_on_the_dose(seed):
    t1, _ = edges()
    inside = np.s_[12:-12, 12:-12]  # beyond the border the smoothing sees a mirrored pattern
    differences = [(low_dose(edges(), dose, seed) - t1)[inside] for dose in (0.0, 0.1, 0.5, 1.0)]
    for difference in differences[1:]:
        assert np.allclose(difference, differences[0], atol=2e-4)


def test_two_differences_to_one_t1_correlate_by_a_half_and_are_as_large():
    t1, t1ce = edges()
    shares = np.array([np.mean((low_dose((t1, t1ce), 0.1, seed) - t1) / (t1ce - t1)) for seed in range(2000)])
    assert shares.mean() == pytest.approx(0.5, abs=0.06)
    assert np.mean(shares**2) == pytest.approx(1, rel=0.1)


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_what_enhances_is_left_to_the_dose(seed, dose):
    y, x = np.indices((60, 60))
    t1 = np.full((60, 60), -0.4, dtype=np.float32)
    contrast = 0.5 * np.exp(-((x - 30) ** 2 + (y - 30) ** 2) / 2 / 15**2).astype(np.float32)
    moved = low_dose((t1, t1 + contrast), dose, seed)
    enhances = contrast > 0.15
    assert np.allclose(moved[enhances], mix(t1, t1 + contrast, dose)[enhances], atol=2e-3)


def test_it_looks_like_the_difference_of_a_head_that_lies_otherwise():
    """Differences of shifted textures, which it is meant to stand for: those of its own are as strong."""
    rng = np.random.default_rng(1)
    head = np.clip(-0.5 + 0.1 * rng.standard_normal((60, 60)), -1, 1).astype(np.float32)
    t1ce, another = (shift(head, offset, order=3, mode="nearest").astype(np.float32) for offset in (0.1, -0.1))
    own = [low_dose((head, t1ce), 0.1, seed) - head for seed in range(50)]
    own_rms = np.sqrt(np.mean(np.square(own)))
    assert own_rms == pytest.approx(np.sqrt(np.mean((another - head) ** 2)), rel=0.3)
    assert own_rms > 5 * np.sqrt(np.mean((mix(head, t1ce, 0.1) - head) ** 2))


def test_slices_are_moved_alike_and_each_by_its_own_edges():
    t1, t1ce = (np.stack([image, image[::-1]]) for image in edges())
    together = move((t1, t1ce), 0.1, 3)
    for k in range(2):
        alone = move((t1[k], t1ce[k]), 0.1, 3)
        assert np.allclose(together[0][k], alone[0], atol=1e-6)
        assert np.allclose(together[1][k], alone[1], atol=1e-6)


def test_images_stay_on_their_scale():
    t1, t1ce = edges(amplitude=0.3)
    for seed in range(20):
        for image in move((t1 - 0.5, t1ce - 0.5), 0.0, seed):
            assert image.min() >= -1
            assert image.max() <= 1
            assert image.dtype == np.float32


def test_what_is_outlined_or_was_not_scanned_is_left_alone():
    t1, t1ce = edges()
    outlined = np.zeros(t1.shape, dtype=bool)
    outlined[10:15, 10:20] = True
    t1[:, :5] = t1ce[:, :5] = -1
    fine = fine_difference(t1, t1ce, SPACING_MM, outlined)
    assert not fine[outlined].any()
    assert not fine[:, :5].any()
    assert fine[:, 5:8].any()
    moved = low_dose((t1, t1ce), 0.1, tumor=outlined)
    assert np.array_equal(moved[outlined], mix(t1, t1ce, 0.1)[outlined])
    assert (moved[:, :5] == -1).all()


def test_edges_do_not_weaken_with_the_enhancement():
    t1, t1ce = edges()
    fine = fine_difference(t1, t1ce, SPACING_MM)
    found = []
    for strength in (0.0, 0.5, 1.6):
        share = np.full(t1.shape, 0.1 * strength, dtype=np.float32)
        weaker = t1, t1 + np.float32(strength) * (t1ce - t1)
        found.append(mix(*with_misalignment(weaker, fine, share, own_share(0.3)), 0.1) - t1)
    assert np.abs(found[0]).max() > 0.01
    for difference in found[1:]:
        assert np.allclose(difference[12:-12, 12:-12], found[0][12:-12, 12:-12], atol=5e-4)
