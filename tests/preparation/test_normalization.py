# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessgad.errors import CalibrationError
from lessgad.preparation.histogram_peaks import HistogramPeaks
from lessgad.preparation.normalization import LEVEL, Normalization, normalization_from_peaks

normalizations = st.builds(
    lambda background, width: Normalization(background, background + width), st.floats(-100, 100), st.floats(0.5, 4e4)
)


@given(normalizations, st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_undo_gives_back_what_did_not_clip(normalization: Normalization, fractions: list[float]):
    width = normalization.full_scale - normalization.background
    image = normalization.background + width * np.array(fractions)
    np.testing.assert_allclose(normalization.undo(normalization.apply(image)), image, atol=1e-6 * (width + 100))


@given(normalizations, st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=9))
def test_apply_gives_back_what_was_undone(normalization: Normalization, values: list[float]):
    normalized = np.array(values)
    np.testing.assert_allclose(normalization.apply(normalization.undo(normalized)), normalized, atol=1e-6)


def test_end_points_and_clipping():
    normalized = Normalization(10.0, 30.0).apply(np.array([-50.0, 10.0, 20.0, 30.0, 99.0]))
    assert normalized.dtype == np.float32
    np.testing.assert_array_equal(normalized, [-1, -1, 0, 1, 1])


@given(st.floats(1, 1e4), st.floats(1.1, 10))
def test_second_peak_lands_where_the_level_says(second: float, level: float):
    normalization = normalization_from_peaks(HistogramPeaks(0.02 * second, second), level)
    landmarks = normalization.apply(np.array([0.0, second, level * second]))
    np.testing.assert_allclose(landmarks, [-1, -1 + 2 / level, 1], atol=1e-5)


def test_default_level():
    assert normalization_from_peaks(HistogramPeaks(0.0, 100.0)) == Normalization(0.0, LEVEL * 100)


def test_noisy_air_is_not_clipped():
    air = np.abs(np.random.default_rng(0).normal(0, 5, (9, 9, 9)))
    normalized = normalization_from_peaks(HistogramPeaks(5.0, 300.0)).apply(air)
    assert (normalized > -1).all()


def test_clipped_fraction_counts_inside_the_mask():
    image = np.array([[[1.0, 2.0, 3.0, 4.0]]])
    mask = np.array([[[False, True, True, True]]])
    assert Normalization(0.0, 3.0).clipped_fraction(image, mask) == pytest.approx(1 / 3)
    assert Normalization(0.0, 3.0).clipped_fraction(image, np.zeros_like(mask)) == 0


@pytest.mark.parametrize("ends", [(1.0, 1.0), (2.0, 1.0), (np.nan, 1.0), (0.0, np.inf), (-np.inf, 0.0)])
def test_impossible_ends_are_refused(ends: tuple[float, float]):
    with pytest.raises(CalibrationError):
        Normalization(*ends)


@pytest.mark.parametrize(
    ("peaks", "level"),
    [
        (HistogramPeaks(-1024.0, 40.0), 3.0),
        (HistogramPeaks(200.0, 300.0), 3.0),
        (HistogramPeaks(-10.0, 0.0), 3.0),
        (HistogramPeaks(0.0, 100.0), 1.0),
        (HistogramPeaks(0.0, 100.0), np.nan),
    ],
)
def test_impossible_landmarks_are_refused(peaks: HistogramPeaks, level: float):
    with pytest.raises(CalibrationError):
        normalization_from_peaks(peaks, level)
