# SPDX-License-Identifier: Apache-2.0
import numpy as np

from lessgad.segmentation.input_image import input_image


def test_true_zero_is_zero_and_air_is_cleared():
    image = np.array([[[-1.0, -0.98, 0.5]]], dtype=np.float32)
    head = np.array([[[False, False, True]]])
    assert input_image(image, head).tolist() == [[[0, 0, 1.5]]]
    np.testing.assert_allclose(input_image(image, None), [[[0, 0.02, 1.5]]], atol=1e-6)
