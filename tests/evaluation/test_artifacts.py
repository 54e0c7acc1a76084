# SPDX-License-Identifier: Apache-2.0
"""What an eye sees at one glance has a number."""

import numpy as np
import pytest

from lessgad.evaluation.artifacts import FINE_MM, OFF_BY, artifact_scores, beyond_both

LEVEL, SPACING = 0.5, (1.0, 1.0, 2.0)
SHAPE = (24, 22, 12)


def images():
    rng = np.random.default_rng(3)
    t1 = rng.normal(-0.5, 0.02, SHAPE).astype(np.float32)
    t1ce = t1.copy()
    t1ce[8:14, 8:14, 3:8] += 0.4
    tumor = np.zeros(SHAPE, bool)
    tumor[8:14, 8:14, 3:8] = True
    return t1, t1ce, np.ones(SHAPE, bool), tumor


def scores(image):
    t1, t1ce, head, tumor = images()
    return artifact_scores(image, t1, t1ce, head, tumor, SPACING, LEVEL)


def test_the_standard_dose_itself_has_none():
    found = scores(images()[1])
    assert (found.rms_error, found.off_share, found.artifact_ml, found.edge_error) == (0, 0, 0, 0)
    assert found.texture_ratio == 1


def test_errors_are_shares_of_the_signal_of_tissue_and_those_outside_leave_the_tumor_out():
    t1, t1ce, _, tumor = images()
    found = scores(t1ce + np.float32(0.1))
    assert found.rms_error == pytest.approx(0.2)
    assert found.rms_error_outside == pytest.approx(0.2)
    of_t1 = scores(t1)
    assert of_t1.rms_error == pytest.approx(0.8 * np.sqrt(tumor.mean()), rel=1e-4)
    assert of_t1.rms_error_outside == 0
    assert of_t1.off_share == pytest.approx(tumor.mean())


@pytest.mark.parametrize(("sign", "name"), [(1, "brighter_ml"), (-1, "darker_ml")])
def test_a_line_beyond_both_images_is_an_artifact_with_its_volume(sign, name):
    t1, t1ce, _, _ = images()
    image = t1ce.copy()
    image[2, 2:20, 5] = t1[2, 2:20, 5] + sign * np.float32(1.1 * OFF_BY * LEVEL)
    found = scores(image)
    assert getattr(found, name) == pytest.approx(18 * 2.0 / 1000)
    assert found.artifact_ml == getattr(found, name)
    image[2, 2:20, 5] = t1[2, 2:20, 5] + sign * np.float32(0.9 * OFF_BY * LEVEL)
    assert scores(image).artifact_ml == 0


def test_specks_smaller_than_a_cluster_do_not_count():
    _, t1ce, _, _ = images()
    image = t1ce.copy()
    image[2, 2:6, 5] += np.float32(0.3)  # 8 mm³
    assert scores(image).artifact_ml == 0
    assert scores(image).off_share == pytest.approx(4 / np.prod(SHAPE))


def test_what_lies_between_t1_and_standard_dose_is_no_artifact():
    t1, t1ce, head, _ = images()
    bright, dark = beyond_both((t1 + t1ce) / 2, t1, t1ce, head, 0.01)
    assert not bright.any()
    assert not dark.any()


def test_a_blurred_tumor_loses_texture_and_edges():
    from scipy.ndimage import gaussian_filter

    _, t1ce, _, tumor = images()
    blurred = np.where(tumor, gaussian_filter(t1ce, [FINE_MM / mm for mm in SPACING]), t1ce)
    found = scores(blurred)
    assert found.texture_ratio < 0.8
    assert found.edge_error > 0.1


def test_without_a_tumor_its_figures_are_undefined():
    t1, t1ce, head, tumor = images()
    found = artifact_scores(t1, t1, t1ce, head, None, SPACING, LEVEL)
    assert np.isnan(found.texture_ratio)
    assert np.isnan(found.edge_error)
    assert found.rms_error == found.rms_error_outside > 0
    small = np.zeros_like(tumor)
    small[8:10, 8:10, 3] = True
    assert np.isnan(artifact_scores(t1, t1, t1ce, head, small, SPACING, LEVEL).texture_ratio)
