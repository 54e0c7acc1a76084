# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from lessgad.evaluation.enhancement import enhancement_scores
from lessgad.evaluation.lesion_scores import lesion_scores


@pytest.fixture
def study(made_study):
    """A large lesion of 120 voxels and a small one of 8, both enhancing by 0.4."""
    study = made_study()
    study.tumor[20:22, 20:22, 14:16] = True
    study.standard_dose[20:22, 20:22, 14:16] += 0.4
    return study


def test_a_small_lesion_that_is_lost_shows_beside_a_large_one_that_is_not(study):
    image = study.standard_dose.copy()
    image[20:22, 20:22, 14:16] = study.pre_contrast[20:22, 20:22, 14:16]
    reference = study.reference()
    large, small = lesion_scores(image, reference)
    assert (large.lesion.size_group, small.lesion.size_group) == ("5-10 mm", "<3 mm")
    assert (large.recovery, large.missed_ml) == (1, 0)
    assert (small.recovery, small.missed_ml) == (0, pytest.approx(0.008))
    assert (large.enhancing_ml, small.enhancing_ml) == pytest.approx((0.12, 0.008))
    assert enhancement_scores(image, reference, None).recovery > 0.9


def test_lesions_add_up_to_the_tumor(study):
    rng = np.random.default_rng(0)
    image = (study.standard_dose - 0.4 * rng.random(study.shape)).astype(np.float32)
    reference = study.reference()
    whole = enhancement_scores(image, reference, None)
    lesions = lesion_scores(image, reference)
    assert sum(lesion.missed_ml for lesion in lesions) == pytest.approx(whole.missed_ml)
    weights = [reference.enhancement[reference.lesion_numbers == n].sum() for n in (1, 2)]
    assert np.average([lesion.recovery for lesion in lesions], weights=weights) == pytest.approx(whole.recovery)


def test_a_lesion_that_does_not_enhance_has_no_recovery(study):
    study.standard_dose[20:22, 20:22, 14:16] = study.pre_contrast[20:22, 20:22, 14:16]
    large, small = lesion_scores(study.standard_dose, study.reference())
    assert large.recovery == 1
    assert math.isnan(small.recovery)
    assert small.missed_ml == 0
