# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.errors import VolumeError
from lessgad.evaluation.enhancement_threshold import N_SPREADS, EnhancementThreshold, enhancement_threshold, noise_of

SHAPE = (40, 40, 20)


def regions():
    tumor = np.zeros(SHAPE, bool)
    tumor[10:20, 10:20, 5:10] = True
    return tumor, ~tumor


def test_each_term_decides_in_turn():
    assert EnhancementThreshold(0.1, 0.1, 0.1).value == pytest.approx(0.3)
    assert EnhancementThreshold(0.1, 0.2, 0.1).value == pytest.approx(0.4)
    assert EnhancementThreshold(0.1, 0.1, 0.8).value == pytest.approx(0.4)
    assert EnhancementThreshold(0.1, 0.1, -0.8).value == pytest.approx(0.3)


def test_a_tumor_is_clear_where_it_differs_more_than_other_tissue():
    assert EnhancementThreshold(0.01, 0.1, 0.21).tumor_over_spread > N_SPREADS
    assert EnhancementThreshold(0.01, 0.1, 0.19).tumor_over_spread < N_SPREADS
    assert EnhancementThreshold(0.01, 0.0, 0.19).tumor_over_spread == math.inf
    assert EnhancementThreshold(0.01, 0.0, 0.0).tumor_over_spread == 0


def test_of_a_tumor_that_enhances_clearly_it_is_half_the_median():
    tumor, elsewhere = regions()
    enhancement = np.where(tumor, 0.6, 0.0)
    assert enhancement_threshold(enhancement, tumor, elsewhere, (0.03, 0.04)).value == pytest.approx(0.3)
    assert enhancement_threshold(enhancement, tumor, elsewhere, (0.3, 0.4)).value == pytest.approx(1.5)


@pytest.mark.parametrize("sigma", [0.01, 0.05])
def test_where_nothing_but_noise_is_there_all_terms_know_it(sigma):
    tumor, elsewhere = regions()
    noise = np.random.default_rng(0).normal(0, sigma * np.sqrt(2), SHAPE)
    known = enhancement_threshold(noise, tumor, elsewhere, (sigma, sigma))
    unknown = enhancement_threshold(noise, tumor, elsewhere, None)
    assert known.noise == pytest.approx(sigma * np.sqrt(2))
    assert unknown.noise == pytest.approx(known.noise, rel=0.03)
    assert unknown.spread == pytest.approx(known.noise, rel=0.03)
    assert known.value == pytest.approx(3 * np.sqrt(2) * sigma)
    assert known.tumor_over_spread < N_SPREADS


def test_vessels_do_not_move_the_spread_nor_an_offset_hide_in_it():
    tumor, elsewhere = regions()
    noise = np.random.default_rng(1).normal(0, 0.05, SHAPE)
    vessels = elsewhere & (np.random.default_rng(2).random(SHAPE) < 0.05)
    with_vessels = enhancement_threshold(noise + 0.8 * vessels, tumor, elsewhere, (0.0, 0.0))
    assert with_vessels.spread == pytest.approx(0.05, rel=0.1)
    assert enhancement_threshold(noise + 0.2, tumor, elsewhere, (0.0, 0.0)).spread > 0.2


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.005, 0.2), st.floats(-1, 1))
def test_noise_is_found_under_smooth_structure(seed, sigma, slope):
    noise = np.random.default_rng(seed).normal(0, sigma, SHAPE)
    ramp = slope * np.linspace(-1, 1, SHAPE[0])[:, None, None]
    assert noise_of(noise + ramp, np.ones(SHAPE, bool)) == pytest.approx(sigma, rel=0.05)


def test_noise_of_a_region_too_thin_is_nought_and_neighbors_outside_are_not_asked():
    thin = np.zeros(SHAPE, bool)
    thin[::2] = True
    image = np.random.default_rng(0).normal(0, 1, SHAPE)
    assert noise_of(image, thin) == 0
    slab = np.zeros(SHAPE, bool)
    slab[5:20] = True
    assert noise_of(np.where(slab, 0.25, image), slab) == 0


def test_nowhere_to_measure_is_an_error():
    tumor, elsewhere = regions()
    nothing = np.zeros(SHAPE, bool)
    with pytest.raises(VolumeError, match="tumor"):
        enhancement_threshold(np.zeros(SHAPE), nothing, elsewhere, None)
    with pytest.raises(VolumeError, match="outside"):
        enhancement_threshold(np.zeros(SHAPE), tumor, nothing, None)
