# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from lessgad.cohort.acquisition import Acquisition
from lessgad.dose.simulation import SimulationSettings
from lessgad.preparation.head import HeadBox
from lessgad.preparation.normalization import Normalization
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.training.training_range import DOSES, find_training_range

MATCHED = SimulationSettings(model="linear", noise="matched")


def study(enhancement, sigma=0.01, spacing_mm=(1.0, 1.0, 3.0), sequence=()):
    rng = np.random.default_rng(0)
    head = np.zeros((40, 44, 30), dtype=bool)
    head[4:-4, 4:-4, 2:-2] = True
    t1 = np.where(head, -0.4, -1.0) + 0.02 * rng.standard_normal(head.shape) * head
    t1ce = t1 + enhancement * ((np.arange(40) % 20 < 12)[:, None, None] & head)
    t1, t1ce = t1.astype(np.float32), t1ce.astype(np.float32)
    return PreparedStudy(
        patient="01",
        session="",
        pre_contrast=t1,
        standard_dose=t1ce,
        labels=None,
        head=head,
        head_box=HeadBox(0, 40, 0, 44),
        spacing_mm=spacing_mm,
        normalization=Normalization(0.0, 1.0),
        acquisition=Acquisition(scanning_sequence=sequence),
        sigma=sigma,
        clean_pre_contrast=t1,
        clean_standard_dose=t1ce,
    )


def test_least_and_most_of_all_studies():
    seen = find_training_range([study(0.2), study(0.4, 0.03, (0.7, 0.8, 2.0), ("SE",))], MATCHED)
    assert seen.sigma == (0.01, 0.03)
    assert seen.spacing_mm == (0.7, 1.0)
    assert seen.sequence_classes == ("spin echo",)
    assert seen.doses == DOSES
    assert seen.least_enhancement[-1] == pytest.approx(0.2, rel=0.1)
    assert seen.most_enhancement[-1] == pytest.approx(0.4, rel=0.15)
    assert seen.slice_spacing_mm is None


def test_the_distance_of_slices_matters_to_those_who_see_more_than_one():
    studies = [study(0.2), study(0.4, 0.03, (0.7, 0.8, 2.0))]
    assert find_training_range(studies, MATCHED, sees_neighbors=True).slice_spacing_mm == (2.0, 3.0)


def test_enhancement_grows_with_the_dose_above_that_of_noise_alone():
    seen = find_training_range([study(0.4)], MATCHED)
    assert list(seen.most_enhancement) == sorted(seen.most_enhancement)
    assert 0 < seen.most_enhancement[0] < 0.05
    assert seen.most_enhancement == seen.least_enhancement


def test_without_noise_dose_zero_does_not_enhance():
    seen = find_training_range([study(0.4)], SimulationSettings(model="linear", noise="none"))
    assert seen.sigma == (0.0, 0.0)
    assert seen.most_enhancement[0] == 0
    assert math.isclose(seen.enhancement(0.05)[1], 0.5 * seen.most_enhancement[1])
