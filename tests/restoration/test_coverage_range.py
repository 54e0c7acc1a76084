# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lessgad.restoration.coverage_range import SD_OF_A_PATIENT, coverage_range


@settings(deadline=None)
@given(st.integers(1, 200), st.integers(1, 200))
def test_the_level_lies_within_and_more_patients_say_more(n_calibration: int, n_judged: int):
    low, high = coverage_range(0.9, n_calibration, n_judged)
    assert 0 <= low < 0.9 < high <= 1
    narrower = coverage_range(0.9, n_calibration + 5, n_judged)
    assert low < narrower[0]
    assert coverage_range(0.9, n_calibration, n_judged, 0.5)[0] > low


@pytest.mark.parametrize("n_calibration", (3, 10, 40))
def test_many_patients_have_the_variance_of_two_means(n_calibration: int):
    """The range of a normal mean, where the beta distribution is far from its ends."""
    low, high = coverage_range(0.6, n_calibration, 12)
    half = stats.norm.ppf(0.975) * SD_OF_A_PATIENT * np.sqrt(1 / n_calibration + 1 / 12)
    assert low == pytest.approx(0.6 - half, abs=0.006)
    assert high == pytest.approx(0.6 + half, abs=0.006)


@pytest.mark.parametrize(("n", "measured"), ((3, (0.74, 1.00)), (4, (0.79, 0.99)), (10, (0.80, 0.96))))
def test_the_ranges_that_were_measured_on_the_phantom(n: int, measured: tuple[float, float]):
    assert coverage_range(0.9, n, 12) == pytest.approx(measured, abs=0.035)
