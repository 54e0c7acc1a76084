# SPDX-License-Identifier: Apache-2.0
"""A head in which a large part enhances is noticed, and one with a tumor is not."""

import numpy as np
import pytest

from lessgad.preparation.ratio_modes import mode_cautions, ratio_modes

SHAPE = (40, 40, 12)


def pair(share, gain, spread=0.05, seed=0):
    """Tissue of two brightnesses; the first `share` of the head along x enhances by `gain`."""
    random = np.random.default_rng(seed)
    head = np.ones(SHAPE, bool)
    tissue = np.where(random.random(SHAPE) < 0.5, 100.0, 140.0)
    enhanced = tissue * np.where(np.arange(SHAPE[0])[:, None, None] < share * SHAPE[0], 1 + gain, 1.0)
    t1, t1ce = (image * np.exp(spread * random.standard_normal(SHAPE)) for image in (tissue, enhanced))
    return t1, t1ce, head


@pytest.mark.parametrize(("share", "gain"), [(0.5, 0.4), (0.4, 0.5), (0.7, 0.6)])
def test_two_groups_are_found_with_their_ratios(share, gain):
    modes = ratio_modes(*pair(share, gain))
    assert len(modes) == 2
    assert sorted(ratio for ratio, _ in modes) == [pytest.approx(1, abs=0.04), pytest.approx(1 + gain, abs=0.06)]
    assert modes[0][1] == 1
    (caution,) = mode_cautions(*pair(share, gain))
    assert "calibration is uncertain" in caution


@pytest.mark.parametrize(
    ("share", "gain", "spread"), [(0.0, 0.0, 0.05), (0.05, 0.8, 0.05), (0.3, 0.05, 0.1), (0.0, 0.0, 0.3)]
)
def test_a_tumor_a_faint_change_or_noise_is_no_second_group(share, gain, spread):
    assert len(ratio_modes(*pair(share, gain, spread))) == 1
    assert mode_cautions(*pair(share, gain, spread)) == ()


def test_swapping_the_scans_inverts_the_ratios():
    t1, t1ce, head = pair(0.5, 0.4)
    forth, back = (sorted(ratio for ratio, _ in ratio_modes(*images, head)) for images in ((t1, t1ce), (t1ce, t1)))
    assert back == pytest.approx([1 / ratio for ratio in reversed(forth)], rel=0.01)


def test_without_bright_voxels_nothing_is_said():
    nothing = np.zeros(SHAPE)
    assert ratio_modes(nothing, nothing, np.ones(SHAPE, bool)) == ()
