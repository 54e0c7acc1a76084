# SPDX-License-Identifier: Apache-2.0
"""Choice of the pair among several scans: the two that differ least in everything but contrast."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lessgad.dicom.candidate import Candidate


def best_pair(before: Sequence[Candidate], after: Sequence[Candidate]) -> tuple[Candidate | None, Candidate | None]:
    """Choose a T1 and a T1ce; if one of them is missing, choose the better of the others alone.

    Alike means: the same sequence, slice direction and spacing. Among equals transverse slices and many of them are
    preferred, then the T1 and the T1ce that were acquired last, as repeats replace what failed.

    Args:
        before: Candidates for the T1.
        after: Candidates for the T1ce.

    Returns:
        T1 and T1ce; None for a missing one.
    """
    if not before or not after:
        alone = [*before, *after]
        chosen = min(alone, key=_alone, default=None)
        return (chosen, None) if before else (None, chosen)
    pairs = [(one, other) for one in before for other in after]
    return min(pairs, key=lambda pair: (_unlike(*pair), *_alone(pair[0]), *_alone(pair[1])))


def closest(candidates: Sequence[Candidate], like: Candidate | None) -> Candidate:
    """Choose the scan that is most similar to another one.

    Args:
        candidates: Candidates to choose from.
        like: The series to match; None without one.

    Returns:
        The chosen candidate.
    """
    return min(candidates, key=lambda one: (_unlike(one, like) if like is not None else 0.0, *_alone(one)))


def _unlike(one: Candidate, other: Candidate) -> float:
    """Measure how much two scans differ, 0 for equal; a change of sequence weighs most."""
    if one.grid is None or other.grid is None:
        return np.inf
    headers = one.series.header, other.series.header
    sequence = len(set(headers[0].scanning_sequence) ^ set(headers[1].scanning_sequence))
    normals = [grid.affine[:3, 2] / np.linalg.norm(grid.affine[:3, 2]) for grid in (one.grid, other.grid)]
    turned = float(abs(normals[0] @ normals[1]) < 0.9)
    spacings = [np.linalg.norm(grid.affine[:3, :3], axis=0) for grid in (one.grid, other.grid)]
    scale = float(np.abs(np.log(spacings[0] / spacings[1])).sum())
    return round(4 * sequence + 2 * turned + scale, 1)


def _alone(candidate: Candidate) -> tuple[float, float, float, float]:
    """Sort key of equal candidates; the smallest is preferred: transverse, many slices, late."""
    if candidate.grid is None:
        return (np.inf, 0.0, 0.0, 0.0)
    normal = candidate.grid.affine[:3, 2] / np.linalg.norm(candidate.grid.affine[:3, 2])
    digits = candidate.series.started.replace(".", "")[:14]
    late = -float(digits) if digits.isdigit() else 0.0
    return (
        float(abs(normal[2]) < 0.7),
        -float(candidate.grid.shape[2]),
        late,
        -float(candidate.series.header.number or 0),
    )
