# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lessgad.dose.linear import mix
from lessgad.errors import DoseError

shapes = array_shapes(min_dims=1, max_dims=3, max_side=4)
any_float32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
normalized = st.floats(-1, 1, width=32)


def pairs(values):
    return shapes.flatmap(lambda shape: st.tuples(*[arrays(np.float32, shape, elements=values)] * 2))


@settings(deadline=None)
@given(pairs(any_float32))
def test_ends_are_the_images_bit_for_bit(pair: tuple[np.ndarray, np.ndarray]):
    pre_contrast, standard_dose = pair
    assert mix(pre_contrast, standard_dose, 0.0).tobytes() == pre_contrast.tobytes()
    assert mix(pre_contrast, standard_dose, 1.0).tobytes() == standard_dose.tobytes()


def test_result_is_an_array_of_its_own():
    pre_contrast, standard_dose = np.zeros((2, 2), np.float32), np.ones((2, 2), np.float32)
    for dose in (0.0, 0.5, 1.0):
        mix(pre_contrast, standard_dose, dose)[:] = 9
    assert (pre_contrast == 0).all()
    assert (standard_dose == 1).all()


@settings(deadline=None)
@given(pairs(normalized), st.floats(0, 1))
def test_lies_between_its_ends(pair: tuple[np.ndarray, np.ndarray], dose: float):
    low = mix(*pair, dose)
    assert low.dtype == np.float32
    assert (low >= np.minimum(*pair) - 2e-7).all()
    assert (low <= np.maximum(*pair) + 2e-7).all()


@settings(deadline=None)
@given(pairs(normalized), st.floats(0, 1))
def test_exact_formula_in_double_precision(pair: tuple[np.ndarray, np.ndarray], dose: float):
    pre_contrast, standard_dose = (image.astype(np.float64) for image in pair)
    np.testing.assert_allclose(mix(*pair, dose), pre_contrast + dose * (standard_dose - pre_contrast), atol=3e-7)


@settings(deadline=None)
@given(pairs(normalized), st.floats(0, 1))
def test_symmetric(pair: tuple[np.ndarray, np.ndarray], dose: float):
    np.testing.assert_allclose(mix(*pair, dose), mix(*pair[::-1], 1 - dose), atol=3e-7)


@settings(deadline=None)
@given(pairs(normalized), st.floats(0.0625, 1))
def test_subtract_and_scale_undoes_it(pair: tuple[np.ndarray, np.ndarray], dose: float):
    pre_contrast, standard_dose = (image.astype(np.float64) for image in pair)
    low = mix(pre_contrast, standard_dose, dose)
    np.testing.assert_allclose(pre_contrast + (low - pre_contrast) / dose, standard_dose, atol=1e-13)


@settings(deadline=None)
@given(st.floats(0.001, 0.999))
def test_noise_is_averaged_away_as_the_variances_say(dose: float):
    noise = np.random.default_rng(1).normal(size=(2, 40_000))
    expected = np.sqrt((1 - dose) ** 2 + dose**2)
    assert mix(noise[0], noise[1], dose).std() == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("dose", [-0.1, 1.1, 30.0, np.nan, np.inf])
def test_doses_outside_are_refused(dose: float):
    image = np.zeros((2, 2), np.float32)
    with pytest.raises(DoseError):
        mix(image, image, dose)
