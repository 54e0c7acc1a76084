# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessgad.dose.linear import mix
from lessgad.errors import DoseError
from lessgad.evaluation.similarity import psnr_db
from lessgad.restoration.baselines import subtract_and_scale


def images(dtype, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (2, 8, 9, 5)).astype(dtype)


@given(st.sampled_from([(np.float32, 0.05), (np.float64, 0.001)]), st.floats(0, 1), st.integers(0, 99))
def test_it_undoes_the_mix(kind, share, seed):
    dtype, lowest = kind
    dose = lowest + (1 - lowest) * share
    pre, post = images(dtype, seed)
    scaled = subtract_and_scale(pre, mix(pre, post, dose), dose)
    assert scaled.dtype == dtype
    assert psnr_db(scaled, post, np.ones(pre.shape, dtype=bool)) > 100


def test_full_dose_is_the_scan_itself():
    pre, post = images(np.float64)
    np.testing.assert_allclose(subtract_and_scale(pre, post, 1.0), post, rtol=0, atol=1e-15)


@pytest.mark.parametrize(("dose", "told"), [(0.1, 13.5), (0.3, 4.1), (0.7, None), (1.0, 1.0)])
def test_noise_grows_as_said(dose, told):
    rng = np.random.default_rng(0)
    pre, low = 0.02 * rng.standard_normal((2, 400_000))
    amplification = subtract_and_scale(pre, low, dose).std() / 0.02
    assert amplification == pytest.approx(np.sqrt(1 / dose**2 + (1 - 1 / dose) ** 2), rel=0.02)
    if told is not None:
        assert amplification == pytest.approx(told, rel=0.02)


@pytest.mark.parametrize("dose", [0.0, -0.1, 1.5, 30.0, float("nan")])
def test_nothing_measured_and_no_dose_are_refused(dose):
    pre, post = images(np.float32)
    with pytest.raises(DoseError):
        subtract_and_scale(pre, post, dose)
