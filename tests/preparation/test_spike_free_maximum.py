# SPDX-License-Identifier: Apache-2.0
"""The largest value but for spikes, against a sort of all voxels."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from lessgad.preparation.spike_free_maximum import N_SPIKES, spike_free_maximum

SHAPES = npst.array_shapes(min_dims=3, max_dims=3, max_side=6)


@given(npst.arrays(np.float32, SHAPES, elements=st.floats(-1000, 1000, width=32)))
def test_as_a_sort_says(image):
    assert spike_free_maximum(image) == np.sort(image, axis=None)[::-1][: N_SPIKES + 1][-1]
