# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessgad.errors import CalibrationError
from lessgad.preparation.histogram_peaks import HistogramPeaks
from lessgad.preparation.normalisation import LEVEL, Normalisation, normalisation_from_peaks

normalisations = st.builds(
    lambda background, width: Normalisation(background, background + width), st.floats(-100, 100), st.floats(0.5, 4e4)
)


@given(normalisations, st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_undo_gives_back_what_did_not_clip(normalisation: Normalisation, fractions: list[float]):
    width = normalisation.full_scale - normalisation.background
    image = normalisation.background + width * np.array(fractions)
    np.testing.assert_allclose(normalisation.undo(normalisation.apply(image)), image, atol=1e-6 * (width + 100))


@given(normalisations, st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=9))
def test_apply_gives_back_what_was_undone(normalisation: Normalisation, values: list[float]):
    normalised = np.array(values)
    np.testing.assert_allclose(normalisation.apply(normalisation.undo(normalised)), normalised, atol=1e-6)


def test_end_points_and_clipping():
    normalised = Normalisation(10.0, 30.0).apply(np.array([-50.0, 10.0, 20.0, 30.0, 99.0]))
    assert normalised.dtype == np.float32
    np.testing.assert_array_equal(normalised, [-1, -1, 0, 1, 1])


@given(st.floats(1, 1e4), st.floats(1.1, 10))
def test_second_peak_lands_where_the_level_says(second: float, level: float):
    normalisation = normalisation_from_peaks(HistogramPeaks(0.02 * second, second), level)
    landmarks = normalisation.apply(np.array([0.0, second, level * second]))
    np.testing.assert_allclose(landmarks, [-1, -1 + 2 / level, 1], atol=1e-5)


def test_default_level():
    assert normalisation_from_peaks(HistogramPeaks(0.0, 100.0)) == Normalisation(0.0, LEVEL * 100)


def test_noisy_air_is_not_clipped():
    air = np.abs(np.random.default_rng(0).normal(0, 5, (9, 9, 9)))
    normalised = normalisation_from_peaks(HistogramPeaks(5.0, 300.0)).apply(air)
    assert (normalised > -1).all()


def test_clipped_fraction_counts_inside_the_mask():
    image = np.array([[[1.0, 2.0, 3.0, 4.0]]])
    mask = np.array([[[False, True, True, True]]])
    assert Normalisation(0.0, 3.0).clipped_fraction(image, mask) == pytest.approx(1 / 3)
    assert Normalisation(0.0, 3.0).clipped_fraction(image, np.zeros_like(mask)) == 0


@pytest.mark.parametrize("ends", [(1.0, 1.0), (2.0, 1.0), (np.nan, 1.0), (0.0, np.inf), (-np.inf, 0.0)])
def test_impossible_ends_are_refused(ends: tuple[float, float]):
    with pytest.raises(CalibrationError):
        Normalisation(*ends)


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
        normalisation_from_peaks(peaks, level)
