# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import binom

from lessgad.evaluation.significant_clusters import (
    Cluster,
    find_clusters,
    peak_needed,
    significant,
    strongest,
)


def smooth_noise(rng: np.random.Generator, sd_px: float, shape: tuple[int, ...] = (40, 40, 32)) -> np.ndarray:
    field = gaussian_filter(rng.standard_normal(shape), sd_px, mode="wrap")
    return field / (4 * math.pi * sd_px**2) ** -0.75  # theory: its SD over an endless field


def cluster(p: float, peak: float = 4.0, voxels: tuple[int, ...] = (0,)) -> Cluster:
    return Cluster(peak, (0, 0, 0), p, np.array(voxels))


@pytest.mark.parametrize("sd_px", [1.5, 2.5])
def test_peaks_of_noise_are_no_more_surprising_than_they_say(sd_px: float):
    rng = np.random.default_rng(1)
    p = []
    for _ in range(60):
        z = smooth_noise(rng, sd_px)
        p += [cluster.p for cluster in find_clusters(z, z)]
    assert len(p) > 100
    for level in (0.05, 0.2, 0.5):
        assert np.sum(np.array(p) <= level) <= binom.ppf(0.999, len(p), level)
    assert np.mean(np.array(p) <= 0.5) > 0.3  # nor much less


def test_noise_alone_is_rarely_found():
    rng, n = np.random.default_rng(2), 100
    z = [smooth_noise(rng, 2.0) for _ in range(n)]
    alarms = sum(bool(significant(find_clusters(field, field) + find_clusters(-field, -field), 0.05)) for field in z)
    assert alarms <= binom.ppf(0.999, n, 0.05)


def test_p_is_one_at_the_threshold_and_falls():
    p = []
    for peak in (3.0 + 1e-9, 3.5, 4.0, 6.0, 39.0, 1e6):
        z = np.zeros((5, 5, 5))
        z[2, 2, 2] = peak
        (found,) = find_clusters(z, z)
        p.append(found.p)
        assert found.peak == peak
        assert found.peak_at == (2, 2, 2)
    assert p[0] == pytest.approx(1)
    assert p == sorted(p, reverse=True)
    assert p[3] == pytest.approx(35 * math.exp(-18) / (8 * math.exp(-4.5)))
    assert all(0 <= value < math.inf for value in p)


def test_the_core_is_where_the_effect_is_half_of_that_at_the_peak():
    effect = np.zeros((7, 7, 7))
    effect[2:5, 2:5, 2:5], effect[3, 3, 3], effect[2, 3, 3] = 0.4, 1.0, 0.6
    (found,) = find_clusters(10 * effect, effect)
    assert set(found.voxels.tolist()) == {int(np.ravel_multi_index(at, effect.shape)) for at in ((3, 3, 3), (2, 3, 3))}


def test_clusters_apart_are_two_and_nothing_outside_counts():
    z = np.full((9, 5, 5), -np.inf)
    z[1, 1, 1], z[1, 2, 1], z[7, 3, 3], z[4, 4, 4] = 5, 4, 6, 2
    found = find_clusters(z, np.where(np.isfinite(z), z, 0))
    assert sorted((c.peak, c.peak_at, len(c.voxels)) for c in found) == [
        (5, (1, 1, 1), 2),
        (6, (7, 3, 3), 1),
    ]


def test_benjamini_and_hochberg_by_hand():
    p = [0.001, 0.012, 0.02, 0.2, 0.04]  # × m/rank: 0.005, 0.030, 0.033, 0.2, 0.05
    assert [c.p for c in significant([cluster(value, peak=-value) for value in p], 0.04)] == [0.001, 0.012, 0.02]
    assert significant([], 0.05) == []


def test_of_overlapping_ones_the_strongest_stays():
    fine, coarse, apart = cluster(0.01, 6.0, (1, 2)), cluster(0.01, 5.0, (2, 3)), cluster(0.01, 4.0, (3, 4))
    assert strongest([apart, coarse, fine]) == [fine, apart]


@pytest.mark.parametrize("n_others", [0, 3, 100])
def test_the_peak_needed_is_just_kept(n_others: int):
    z = np.zeros((4 * (n_others + 1), 3, 3))
    z[1, 1, 1] = peak_needed(0.05, n_others) + 1e-6
    z[5::4, 1, 1] = 3.0 + 1e-9
    kept = significant(find_clusters(z, z), 0.05)
    assert [c.peak_at for c in kept] == [(1, 1, 1)]
    z[1, 1, 1] -= 2e-6
    assert significant(find_clusters(z, z), 0.05) == []
