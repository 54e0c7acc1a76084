# SPDX-License-Identifier: Apache-2.0
"""A scan whose noise cannot be measured is refused, with the reason."""

import numpy as np
import pytest
from test_noise_level import HEAD, MASK, SHAPE, noisy_head

from lessgad.dose.noise import add_noise
from lessgad.dose.noise_level import estimate_noise
from lessgad.errors import StudyError


def test_a_constant_image_is_refused():
    with pytest.raises(StudyError, match="Noise cannot be measured"):
        estimate_noise(np.full((60, 60, 4), 7.0), np.ones((60, 60, 4), dtype=bool))


def test_noise_that_gray_levels_hide_is_refused():
    hidden = np.rint(HEAD / 20 + add_noise(np.zeros_like(HEAD), 0.02, np.random.default_rng(1)))
    with pytest.raises(StudyError, match="gray levels"):
        estimate_noise(hidden, MASK)


def test_no_head_and_no_air_are_refused():
    with pytest.raises(StudyError, match="tissue"):
        estimate_noise(np.zeros((40, 40, 4)), np.zeros((40, 40, 4), dtype=bool))


def test_a_head_of_few_voxels_is_refused():
    head = np.zeros(SHAPE, dtype=bool)
    head[70:82, 70:82, :2] = True
    with pytest.raises(StudyError, match="tissue"):
        estimate_noise(np.where(head, noisy_head(20), 0), head)


@pytest.mark.parametrize("shape", ((3, 3, 1), (5, 40, 2), (1, 1, 1)))
def test_tiny_images_are_refused(shape: tuple[int, int, int]):
    image = np.random.default_rng(1).random(shape)
    with pytest.raises(StudyError):
        estimate_noise(image, np.ones(shape, dtype=bool))
