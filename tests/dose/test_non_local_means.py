# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.restoration import denoise_nl_means

from lessgad.dose.non_local_means import non_local_means, part_of


def noisy(seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 40 + 60 * gaussian_filter(rng.standard_normal((41, 56)), 4) + rng.standard_normal((41, 56))


@pytest.mark.parametrize(("patch_px", "reach_px", "strength"), [(5, 4, 0.5), (5, 4, 0.1), (3, 5, 0.6), (7, 2, 1.5)])
def test_it_is_that_of_scikit_image(patch_px, reach_px, strength):
    for seed in range(4):
        image = noisy(seed)
        expected = denoise_nl_means(image, patch_px, reach_px, h=strength, fast_mode=True, sigma=1.0)
        found = non_local_means(image, strength, patch_px, reach_px)
        # A weight that the cutoff lets pass in one precision and not in the other makes 0.007 of a difference.
        assert np.median(np.abs(found - expected)) < 2e-5
        assert np.abs(found - expected).max() < 0.05
        assert np.abs(expected - image).max() > 1


@pytest.mark.parametrize("strip_px", [1, 97, 1000])
def test_the_result_does_not_depend_on_the_strips(monkeypatch, strip_px):
    whole = non_local_means(noisy(), 0.5, 5, 4)
    monkeypatch.setattr("lessgad.dose.non_local_means._STRIP_PX", strip_px)
    np.testing.assert_allclose(non_local_means(noisy(), 0.5, 5, 4), whole, rtol=0, atol=1e-4)


def test_the_type_stays():
    assert non_local_means(noisy().astype(np.float32), 0.5, 5, 4).dtype == np.float32
    assert non_local_means(noisy(), 0.5, 5, 4).dtype == np.float64


def test_what_lies_further_than_patch_and_reach_has_no_part_in_it():
    image, part = noisy(), (slice(10, 30), slice(12, 40))
    around = slice(10 - 6, 30 + 6), slice(12 - 6, 40 + 6)
    cut = non_local_means(image[around], 0.5, 5, 4)[6:-6, 6:-6]
    np.testing.assert_allclose(cut, non_local_means(image, 0.5, 5, 4)[part], atol=1e-4)


def test_the_part_of_a_slice():
    mask = np.zeros((20, 30), bool)
    assert part_of(mask, 3) is None
    mask[5, 7], mask[9, 28] = True, True
    assert part_of(mask, 3) == (slice(2, 13), slice(4, 32))
    assert part_of(mask, 9)[0] == slice(0, 19)
