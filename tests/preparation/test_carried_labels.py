# SPDX-License-Identifier: Apache-2.0
"""A tumor that is brought onto another grid keeps its volume, or it is said what it lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.errors import StudyError
from lessgad.preparation.carried_labels import carry_tumor
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.volume import Volume

FINE = Volume(np.zeros((40, 40, 40), np.int32), np.diag([1.0, 1.0, 1.0, 1.0]))
HERE = RigidTransform.identity()


def thick(mm: float, n: int = 8) -> Volume:
    return Volume(np.zeros((40, 40, n), np.float32), np.diag([1.0, 1.0, mm, 1.0]))


def drawn(*boxes: tuple[slice, slice, slice], label: int = 1) -> Volume:
    labels = np.zeros(FINE.array.shape, np.int32)
    for box in boxes:
        labels[box] = label
    return FINE.with_array(labels)


def everywhere(grid: Volume) -> np.ndarray:
    return np.ones(grid.array.shape, bool)


def carry(labels: Volume, grid: Volume, seen: np.ndarray | None = None):
    return carry_tumor(labels, grid, HERE, everywhere(grid) if seen is None else seen, (1, 2))


SMALL = (slice(10, 12), slice(10, 12), slice(12, 13))  # four voxels between two slices of 5 mm
LARGE = (slice(20, 32), slice(20, 32), slice(8, 22))


def test_the_same_grid_changes_nothing():
    labels = drawn(LARGE)
    carried = carry(labels, FINE)
    np.testing.assert_array_equal(carried.labels, labels.array)
    assert carried.cautions == ()
    assert carried.drawn_ml == carried.on_grid_ml == pytest.approx(12 * 12 * 14 / 1000)


def test_a_tumor_of_which_nothing_is_left_is_refused():
    with pytest.raises(StudyError, match=r"0\.004 ml as drawn on the T1ce, and no voxel"):
        carry(drawn(SMALL), thick(5.0))


def test_a_lesion_that_vanishes_beside_a_large_one_is_said_with_its_volume():
    carried = carry(drawn(SMALL, LARGE), thick(5.0))
    assert any("1 of 2 lesions (0.004 ml)" in words for words in carried.cautions)


def test_a_part_that_vanishes_is_said():
    labels = drawn(LARGE)
    labels.array[20:32, 20:32, 22] = 2
    carried = carry(labels, thick(5.0))
    assert any(words.startswith("label 2 has no voxel") for words in carried.cautions)


@settings(max_examples=80, deadline=None)
@given(
    at=st.tuples(*[st.integers(0, 30)] * 3),
    size=st.tuples(*[st.integers(1, 10)] * 3),
    mm=st.floats(0.7, 9.0),
)
def test_the_volume_is_kept_or_what_became_of_it_is_said(at, size, mm):
    box = tuple(slice(start, start + n) for start, n in zip(at, size, strict=True))
    grid = thick(mm, max(1, round(40 / mm)))
    try:
        carried = carry(drawn(box), grid)
    except StudyError as error:
        assert "ml as drawn" in str(error) or "at least half is needed" in str(error)
        return
    volume = np.isin(carried.labels, (1, 2)).sum() * np.prod(grid.spacing_mm) / 1000
    assert volume == pytest.approx(carried.on_grid_ml)
    truth = np.prod(size) / 1000
    assert carried.drawn_ml == pytest.approx(truth)
    assert carried.cautions or abs(volume - truth) <= 0.2 * truth + 1e-9


@pytest.mark.parametrize(("end", "share"), [(31, 11 / 12), (26, 0.5)])
def test_what_one_scan_does_not_cover_is_left_out_and_said(end, share):
    seen = everywhere(FINE)
    seen[end:] = False
    carried = carry(drawn(LARGE), FINE, seen)
    assert carried.covered_share == pytest.approx(share)
    assert not carried.labels[end:].any()
    assert any(f"cover {100 * share:.0f} % of the tumor" in words for words in carried.cautions)


def test_less_than_half_of_the_tumor_is_refused():
    seen = everywhere(FINE)
    seen[25:] = False
    with pytest.raises(StudyError, match="only 42 % of the tumor; at least half"):
        carry(drawn(LARGE), FINE, seen)


def test_a_t1_that_ends_in_the_tumor_counts_too():
    labels = drawn(LARGE)
    short = Volume(np.zeros((40, 40, 18), np.float32), FINE.affine)
    assert carry(labels, short).covered_share == pytest.approx(10 / 14)
    with pytest.raises(StudyError, match="at least half"):
        carry(labels, Volume(np.zeros((40, 40, 12), np.float32), FINE.affine))
