# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from lessgad.errors import VolumeError
from lessgad.evaluation.clusters import (
    box_around,
    clustered_ml,
    clusters_of,
    distance_mm,
    fewest_voxels,
    in_clusters,
    volume_ml,
)

spacings = st.tuples(*[st.sampled_from([0.4, 0.5, 1.0, 1.5, 3.0, 6.0])] * 3)


def made_mask(seed, share, shape=(4, 5, 3)):
    return np.random.default_rng(seed).random(shape) < share


def slow_clusters(mask):
    """Sets of voxels that share faces, by flooding."""
    left = {tuple(at) for at in np.argwhere(mask).tolist()}
    while left:
        cluster, front = set(), [left.pop()]
        while front:
            at = front.pop()
            cluster.add(at)
            for axis in range(3):
                for step in (-1, 1):
                    beside = tuple(c + step * (axis == a) for a, c in enumerate(at))
                    if beside in left:
                        left.remove(beside)
                        front.append(beside)
        yield cluster


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1), spacings, st.floats(0.01, 40))
def test_clusters_are_those_that_flooding_finds(seed, share, spacing, smallest):
    mask = made_mask(seed, share)
    expected = np.zeros_like(mask)
    for cluster in slow_clusters(mask):
        volume_mm3 = len(cluster) * float(np.prod(spacing))
        assume(abs(volume_mm3 - smallest) > 1e-3)
        expected[tuple(np.array(sorted(cluster)).T)] = volume_mm3 > smallest
    assert np.array_equal(in_clusters(mask, spacing, smallest), expected)


@pytest.mark.parametrize(("spacing", "n"), [((1.0, 1.0, 1.0), 10), ((0.5, 0.5, 1.0), 40), ((1.0, 1.0, 6.0), 2)])
def test_ten_cubic_millimeters_in_voxels(spacing, n):
    assert fewest_voxels(10.0, spacing) == n
    line = np.zeros((1, 60, 1), bool)
    line[0, :n] = True
    assert in_clusters(line, spacing).sum() == n
    line[0, 0] = False
    assert not in_clusters(line, spacing).any()


@pytest.mark.parametrize("error", [-1e-7, 1e-7])
def test_spacings_with_rounding_errors_make_no_difference(error):
    assert fewest_voxels(10.0, (1.0 + error, 1.0, 1.0)) == 10


def test_a_voxel_larger_than_the_smallest_cluster_is_one():
    assert fewest_voxels(10.0, (2.0, 2.0, 3.0)) == 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 0.3), spacings, st.floats(0, 12))
def test_distance_is_that_to_the_closest_voxel(seed, share, spacing, reach):
    mask = made_mask(seed, share)
    mask[1, 2, 1] = True
    at = np.argwhere(np.ones_like(mask)) * spacing
    to = np.argwhere(mask) * spacing
    expected = np.linalg.norm(at[:, None] - to[None], axis=2).min(axis=1).reshape(mask.shape)
    found = distance_mm(mask, spacing, reach)
    inside = expected <= reach - 1e-3
    np.testing.assert_allclose(found[inside], expected[inside], rtol=1e-6)
    assert np.isinf(found[expected > reach + 1e-3]).all()


def test_a_voxel_exactly_at_reach_is_within():
    mask = np.zeros((9, 1, 1), bool)
    mask[0] = True
    assert np.isfinite(distance_mm(mask, (0.1, 1.0, 1.0), 0.3)).sum() == 4


def test_an_empty_mask_has_no_distance_and_no_box():
    empty = np.zeros((2, 2, 2), bool)
    for measure in (lambda: distance_mm(empty, (1.0, 1.0, 1.0), 3.0), lambda: box_around(empty)):
        with pytest.raises(VolumeError, match="mask is empty"):
            measure()


def test_the_box_stops_where_the_grid_does():
    mask = np.zeros((9, 8, 7), bool)
    mask[1, 4, 6] = True
    assert box_around(mask) == (slice(1, 2), slice(4, 5), slice(6, 7))
    assert mask[box_around(mask, (3, 2, 1))].shape == (5, 5, 2)


def test_volume_counts_millilitres():
    assert volume_ml(np.ones((10, 10, 10), bool), (1.0, 0.5, 3.0)) == 1.5


@pytest.mark.parametrize("share", [0.0, 0.005, 0.02, 0.3, 1.0])
def test_clusters_are_those_of_scipy_however_many_voxels_there_are(share):
    rng = np.random.default_rng(3)
    for shape in ((9, 7, 11), (1, 40, 40), (20, 1, 3)):
        mask = rng.random(shape) < share
        voxels = np.flatnonzero(mask)
        labels, n = ndimage.label(mask)
        numbers = clusters_of(voxels, shape)
        assert len(set(zip(numbers, labels.reshape(-1)[voxels], strict=True))) == n == len(set(numbers))
        assert clustered_ml(voxels, shape, (1.0, 2.0, 3.0), 20.0) == pytest.approx(
            volume_ml(in_clusters(mask, (1.0, 2.0, 3.0), 20.0), (1.0, 2.0, 3.0))
        )


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_order_of_voxels_in_memory_makes_no_difference(axes):
    mask = np.random.default_rng(3).random((12, 10, 8)) < 0.35
    in_memory = np.ascontiguousarray(mask.transpose(axes)).transpose(np.argsort(axes))
    found = in_clusters(in_memory, (1.0, 1.0, 1.0))
    assert found.any()
    np.testing.assert_array_equal(found, in_clusters(mask, (1.0, 1.0, 1.0)))
