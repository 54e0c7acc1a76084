# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.evaluation.enhancement import enhancement_scores
from lessgad.evaluation.operating_curve import RELATIVE_THRESHOLDS, operating_curve


def noisy(study, noise, share=1.0, seed=5):
    """Share of the enhancement, and noise smooth enough to come in clusters."""
    from scipy.ndimage import gaussian_filter

    white = np.random.default_rng(seed).standard_normal(study.shape)
    smooth = gaussian_filter(white, 1.0)
    enhancement = share * (study.standard_dose - study.pre_contrast) + noise * smooth / smooth.std()
    return (study.pre_contrast + enhancement).astype(np.float32)


def test_the_standard_dose_shows_nothing_false_at_any_threshold_and_misses_nothing_up_to_its_own(made_study):
    study = made_study(sigma=0.05)
    points = operating_curve(study.standard_dose, study.reference())
    assert [point.relative_threshold for point in points] == list(RELATIVE_THRESHOLDS)
    assert all(point.false_ml == 0 for point in points)
    assert all(point.missed_ml == 0 for point in points if point.relative_threshold <= 1)
    assert points[-1].missed_ml > 0


@settings(max_examples=20, deadline=None)
@given(st.floats(0.06, 5), st.integers(0, 50))
def test_the_gain_of_a_method_drops_out(made_study, gain, seed):
    study = made_study(sigma=0.03, seed=seed)
    image = noisy(study, 0.2, seed=seed).astype(np.float64)
    recovery = enhancement_scores(image, study.reference(), None).recovery
    image = study.pre_contrast + (image - study.pre_contrast) / recovery
    scaled = study.pre_contrast + gain * (image - study.pre_contrast)
    one, other = (operating_curve(x, study.reference(), (0.5, 1.0, 2.0)) for x in (image, scaled))
    for a, b in zip(one, other, strict=True):  # rounding may put a voxel on the other side
        assert b.false_ml == pytest.approx(a.false_ml, abs=0.0021)
        assert b.missed_ml == pytest.approx(a.missed_ml, abs=0.0021)
    assert one[0].false_ml > 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 50), st.floats(0.1, 0.4))
def test_with_the_threshold_the_missed_rises_and_above_one_the_false_falls(made_study, seed, noise):
    study = made_study(sigma=0.03, seed=seed)
    points = operating_curve(noisy(study, noise, seed=seed), study.reference())
    missed = [point.missed_ml for point in points]
    false = [point.false_ml for point in points if point.relative_threshold >= 1]
    assert missed == sorted(missed)
    assert false == sorted(false, reverse=True)
    assert missed[-1] > missed[0]


def test_at_recovery_one_the_middle_of_the_curve_is_the_score(made_study):
    study = made_study(sigma=0.03)
    reference = study.reference()
    image = noisy(study, 0.25).astype(np.float64)
    recovery = enhancement_scores(image, reference, None).recovery
    image = study.pre_contrast + (image - study.pre_contrast) / recovery
    score = enhancement_scores(image, reference, None)
    (middle,) = operating_curve(image, reference, (1.0,))
    assert score.recovery == pytest.approx(1)
    assert (middle.false_ml, middle.missed_ml) == pytest.approx((score.false_ml, score.missed_ml), abs=0.0021)
    assert score.false_ml > 0


def test_a_tenth_of_everything_misses_all_and_at_equal_recovery_nothing(made_study):
    study = made_study()
    image = study.pre_contrast + 0.1 * (study.standard_dose - study.pre_contrast)
    assert enhancement_scores(image, study.reference(), None).missed_ml == pytest.approx(0.12)
    assert operating_curve(image, study.reference(), (0.99,))[0].missed_ml == 0


@pytest.mark.parametrize("share", [0.0, 0.04, -1.0])
def test_what_recovers_next_to_nothing_is_not_scaled_up(made_study, share):
    study = made_study()
    points = operating_curve(noisy(study, 0.0, share), study.reference())
    assert all(math.isnan(point.false_ml) and math.isnan(point.missed_ml) for point in points)


def test_noisier_is_worse_at_equal_recovery_even_where_it_shows_less(made_study):
    """A tenth of the dose with noise shows nothing false as it is; scaled up it shows more than a clean image."""
    study = made_study()
    faint, clean = noisy(study, 0.02, share=0.1), noisy(study, 0.05)
    reference = study.reference()
    assert enhancement_scores(faint, reference, None).false_ml == 0
    (scaled,), (as_it_is,) = (operating_curve(image, reference, (1.0,)) for image in (faint, clean))
    assert scaled.false_ml > as_it_is.false_ml
