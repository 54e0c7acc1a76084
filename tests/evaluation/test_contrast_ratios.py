# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.evaluation.contrast_ratios import background_tissue, contrast_ratios

TUMOR = np.array([True, True, False, False, False, False]).reshape(6, 1, 1)
BACKGROUND = ~TUMOR
PRE = np.array([0.4, 0.6, 0.5, 0.5, 0.5, 0.5]).reshape(6, 1, 1) - 1
POST = np.array([0.8, 1.2, 0.5, 0.4, 0.6, 1.9]).reshape(6, 1, 1) - 1


def test_by_hand():
    ratios = contrast_ratios(POST, PRE, TUMOR, BACKGROUND, 0.05)
    assert ratios.lbr == pytest.approx(1.0 / 0.55)
    assert ratios.cnr == pytest.approx((1.0 - 0.55) / 0.05)
    assert ratios.cep_percent == pytest.approx(100.0)


def test_the_image_before_contrast_has_no_enhancement_and_a_tumor_like_its_background_no_contrast():
    before = contrast_ratios(PRE, PRE, TUMOR, BACKGROUND, 0.05)
    assert (before.cnr, before.lbr, before.cep_percent) == pytest.approx((0, 1, 0), abs=1e-12)


@settings(deadline=None)
@given(st.floats(0.1, 3), st.floats(0.001, 1))
def test_ratios_do_not_depend_on_the_scale_above_true_zero(scale, sigma):
    one = contrast_ratios(POST, PRE, TUMOR, BACKGROUND, sigma)
    other = contrast_ratios(scale * (POST + 1) - 1, scale * (PRE + 1) - 1, TUMOR, BACKGROUND, scale * sigma)
    assert (other.cnr, other.lbr, other.cep_percent) == pytest.approx((one.cnr, one.lbr, one.cep_percent))


@pytest.mark.parametrize("sigma", [None, 0.0])
def test_without_noise_there_is_no_ratio_to_it(sigma):
    ratios = contrast_ratios(POST, PRE, TUMOR, BACKGROUND, sigma)
    assert math.isnan(ratios.cnr)
    assert ratios.lbr == pytest.approx(1.0 / 0.55)


def test_without_background_or_signal_there_is_no_ratio():
    nowhere = np.zeros_like(TUMOR)
    ratios = contrast_ratios(POST, PRE, TUMOR, nowhere, 0.05)
    assert math.isnan(ratios.cnr)
    assert math.isnan(ratios.lbr)
    assert ratios.cep_percent == pytest.approx(100.0)
    dark = np.full_like(PRE, -1.0)
    assert math.isnan(contrast_ratios(dark, dark, TUMOR, BACKGROUND, 0.05).lbr)
    assert math.isnan(contrast_ratios(POST, dark, TUMOR, BACKGROUND, 0.05).cep_percent)


def test_background_is_tissue_and_neither_liquor_nor_air():
    head = np.ones((6, 1, 1), bool)
    pre = np.array([0.5, 0.5, 0.5, 0.6, 0.2, 0.02]).reshape(6, 1, 1) - 1
    near = np.array([False, True, True, True, True, True]).reshape(6, 1, 1)
    assert background_tissue(pre, head, near).ravel().tolist() == [False, True, True, True, False, False]
