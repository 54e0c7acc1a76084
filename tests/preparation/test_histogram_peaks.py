# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.errors import CalibrationError
from lessgad.preparation.histogram_peaks import find_peaks, histogram
from lessgad.volume import in_transverse_order, read_volume


def make_head(
    air: float = 0.0, white: float = 300.0, gray: float = 240.0, seed: int = 0, air_share: float = 0.6
) -> np.ndarray:
    """Air, dark tissue, gray and white matter, fat; magnitude noise of SD `air` everywhere."""
    random = np.random.default_rng(seed)
    tissues = np.array([0.0, 40.0, gray, white, 2.5 * white])
    rest = 1 - air_share
    image = random.choice(tissues, (40, 40, 30), p=[air_share, 0.15 * rest, 0.4 * rest, 0.35 * rest, 0.1 * rest])
    image = np.where(image > 0, image * random.normal(1, 0.05, image.shape), 0)
    return np.hypot(image + air * random.normal(size=image.shape), air * random.normal(size=image.shape)).astype("f4")


def test_stripped_background_is_exactly_zero_and_tissue_lies_between_gray_and_white():
    peaks = find_peaks(make_head())
    assert peaks.background == 0
    assert 240 < peaks.second < 300


def test_noisy_air_is_found_at_its_mode():
    peaks = find_peaks(make_head(air=15))
    assert peaks.background == pytest.approx(15, rel=0.35)  # the mode of a Rayleigh distribution is σ
    assert 240 < peaks.second < 300


def test_zero_padding_beside_noisy_air_is_not_taken_for_tissue():
    image = make_head(air=6)
    image[:8] = 0
    peaks = find_peaks(image)
    assert 0 <= peaks.background < 10
    assert 240 < peaks.second < 300


@pytest.mark.parametrize("air_share", [0.03, 0.3, 0.9])
def test_share_of_air_does_not_matter(air_share: float):
    peaks = find_peaks(make_head(air_share=air_share))
    assert peaks.background == 0
    assert peaks.second == pytest.approx(find_peaks(make_head()).second, rel=0.02)


@settings(max_examples=15, deadline=None)
@given(scale=st.floats(1e-3, 100), offset=st.floats(-3, 3), noisy=st.booleans())
def test_peaks_move_with_the_intensities(scale: float, offset: float, noisy: bool):
    image = make_head(air=8 if noisy else 0).astype(np.float64)
    before, after = find_peaks(image), find_peaks(scale * (image + 300 * offset))
    distance = before.second - before.background
    assert after.background / scale - 300 * offset == pytest.approx(before.background, abs=0.005 * distance)
    assert after.second / scale - 300 * offset == pytest.approx(before.second, abs=0.01 * distance)


def test_coarse_gray_levels_change_little():
    image = make_head()
    coarse = np.rint(image / 8).astype(np.float32)  # 300 becomes 38 levels
    assert 8 * find_peaks(coarse).second == pytest.approx(find_peaks(image).second, rel=0.02)


def test_a_few_extreme_voxels_do_not_matter():
    image = make_head()
    spoilt = image.copy()
    spoilt[:3, 0, 0], spoilt[:3, 1, 0] = 1e6, -1e6
    assert find_peaks(spoilt).second == pytest.approx(find_peaks(image).second, rel=0.01)
    assert abs(find_peaks(spoilt).background) < 3


@pytest.mark.parametrize("seed", range(3))
def test_no_second_peak_is_an_error(seed: int):
    random = np.random.default_rng(seed)
    shape = (30, 30, 30)
    noise = np.hypot(random.normal(size=shape), random.normal(size=shape))
    for image in (noise, random.normal(size=shape), random.uniform(size=shape), random.exponential(size=shape)):
        with pytest.raises(CalibrationError, match=r"second peak.*Check that"):
            find_peaks(image)


@pytest.mark.parametrize(
    "image",
    [np.zeros((0, 3, 3)), np.zeros((4, 4, 4)), np.full((4, 4, 4), 7.0), np.full((4, 4, 4), np.nan)],
    ids=["empty", "zero", "constant", "nan"],
)
def test_useless_images_are_refused(image: np.ndarray):
    with pytest.raises(CalibrationError):
        find_peaks(image)
    with pytest.raises(CalibrationError):
        histogram(image)


def test_one_value_that_is_not_finite_is_refused():
    image = make_head()
    image[3, 3, 3] = np.inf
    with pytest.raises(CalibrationError, match="finite"):
        find_peaks(image)


def test_histogram_counts_nearly_every_voxel():
    image = make_head(air=5)
    centers, counts = histogram(image)
    assert (np.diff(centers) > 0).all()
    assert 0.95 * image.size < counts.sum() <= image.size


@pytest.mark.real_data
def test_full_head_peaks_lie_in_noise_and_brain(shared: Path):
    anat = shared / "data/native-pair/sub-FG6692/anat"
    for name, low, high in (("T1w", 240, 310), ("ce-gadolinium_T1w", 300, 350)):
        peaks = find_peaks(in_transverse_order(read_volume(anat / f"sub-FG6692_{name}.nii.gz")).array)
        assert 0 <= peaks.background < 8
        assert low < peaks.second < high  # read off the histogram by eye
