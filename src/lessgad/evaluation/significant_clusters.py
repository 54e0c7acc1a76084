# SPDX-License-Identifier: Apache-2.0
"""Clusters of a smooth z-map that are more than chance, false discoveries among them controlled."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from lessgad.evaluation.clusters import clusters_of

THRESHOLD = 3.0  # of clusters, in z
_HIGHEST = 40.0  # beyond it p is 0 in double precision


@dataclass(frozen=True, eq=False)
class Cluster:
    """Neighboring voxels above the threshold, and how surprising their peak is.

    Attributes:
        peak: Largest z.
        peak_at: Voxel of the peak.
        p: Chance of such a peak in a cluster of noise.
        voxels: Flat indices of its core: where the effect is at least half of that at the peak.
    """

    peak: float
    peak_at: tuple[int, ...]
    p: float
    voxels: Int[np.ndarray, " voxel"]


def find_clusters(
    z: Float[np.ndarray, "x y z"], effect: Float[np.ndarray, "x y z"], threshold: float = THRESHOLD
) -> list[Cluster]:
    """Find the clusters of a map (voxels that share a face, z above the threshold u).

    Under noise, z is a smooth Gaussian field of unit variance, and

        p = P(peak ≥ z | a cluster) = ρ(z)/ρ(u),   ρ(z) = (z² − 1)·e^(−z²/2)

    the ratio of expected Euler characteristics in three dimensions, at any smoothness; on a coarse grid the true
    chance is smaller.

    Args:
        z: The map; −inf where nothing is evaluated.
        effect: Tested effect with the same sign, in any unit.
        threshold: u, at least 2.5, for the approximation to hold.

    Returns:
        The clusters.

    Source: Chumbley et al., NeuroImage 2010 (topological FDR); Worsley et al., Human Brain Mapping 1996.
    """
    voxels = np.flatnonzero(z > threshold)
    numbers = clusters_of(voxels, z.shape)
    order = np.argsort(numbers, kind="stable")
    ends = np.cumsum(np.bincount(numbers))
    return [_cluster(z, effect, voxels[own], threshold) for own in np.split(order, ends[:-1]) if len(own)]


def _cluster(
    z: Float[np.ndarray, "x y z"],
    effect: Float[np.ndarray, "x y z"],
    voxels: Int[np.ndarray, " voxel"],
    threshold: float,
) -> Cluster:
    at = int(voxels[np.argmax(z.flat[voxels])])
    peak = float(z.flat[at])
    return Cluster(
        peak=peak,
        peak_at=tuple(int(index) for index in np.unravel_index(at, z.shape)),
        p=_density(peak) / _density(threshold),
        voxels=voxels[effect.flat[voxels] >= effect.flat[at] / 2],
    )


def significant(clusters: Sequence[Cluster], false_discovery_rate: float) -> list[Cluster]:
    """Keep clusters by their p-values, so that the expected share of false ones is limited.

    Where all is noise, the chance to keep any is at most that rate.

    Source: Benjamini and Hochberg, JRSS B 1995.

    Args:
        clusters: The clusters.
        false_discovery_rate: Accepted share of false clusters among those found.

    Returns:
        The clusters that are kept, highest peak first.
    """
    from scipy.stats import false_discovery_control

    if not clusters:
        return []
    adjusted = false_discovery_control([cluster.p for cluster in clusters])
    kept = [cluster for cluster, p in zip(clusters, adjusted, strict=True) if p <= false_discovery_rate]
    return sorted(kept, key=lambda cluster: -cluster.peak)


def strongest(clusters: Iterable[Cluster]) -> list[Cluster]:
    """Of clusters whose cores overlap (one thing seen at two scales), keep the one with the highest peak."""
    kept: list[Cluster] = []
    taken: set[int] = set()
    for cluster in sorted(clusters, key=lambda cluster: -cluster.peak):
        voxels = set(cluster.voxels.tolist())
        if taken.isdisjoint(voxels):
            kept.append(cluster)
            taken |= voxels
    return kept


def peak_needed(false_discovery_rate: float, n_others: int, threshold: float = THRESHOLD) -> float:
    """Compute the z that one true peak must reach to be kept among `n_others` of noise: p = rate/(n + 1).

    Args:
        false_discovery_rate: Accepted share of false clusters among those found.
        n_others: Number of other clusters that are kept.
        threshold: Threshold of the map, in SD of the noise.

    Returns:
        The z-value.
    """
    from scipy.optimize import brentq

    wanted = false_discovery_rate / (n_others + 1) * _density(threshold)
    return float(brentq(lambda z: math.log(_density(z) / wanted), threshold, _HIGHEST - 5))


def _density(z: float) -> float:
    """ρ, up to a factor."""
    high = min(z, _HIGHEST - 2)
    return (high**2 - 1) * math.exp(-(high**2) / 2)
