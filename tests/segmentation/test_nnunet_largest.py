# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scipy import ndimage

from lessgad.segmentation.nnunet_largest import dice_of, largest_is_better, largest_piece

NAN = np.nan


def test_the_largest_piece_of_all_regions_together_stays():
    labels = np.zeros((12, 10, 8), np.uint8)
    labels[1:4, 1:4, 1:4] = 1
    labels[4:7, 1:4, 1:4] = 2  # touches it: one piece of 54 voxels
    labels[1:4, 6:9, 1:6] = 2  # 45 voxels, the largest of label 2
    kept = largest_piece(labels)
    pieces, n = ndimage.label(labels > 0)
    assert n == 2
    np.testing.assert_array_equal(kept, np.where(pieces == pieces[1, 1, 1], labels, 0))
    empty = np.zeros_like(labels)
    np.testing.assert_array_equal(largest_piece(empty), empty)


def test_dice_of_regions_and_of_their_union():
    reference = np.zeros((4, 4, 4), np.uint8)
    reference[0, 0] = 1
    predicted = reference.copy()
    predicted[0, 0, :2] = 2
    np.testing.assert_allclose(dice_of(predicted, reference, 3), [2 * 2 / 6, 0, NAN, 1])


@pytest.mark.parametrize(
    ("every", "largest", "better"),
    [
        ([[0.5, 0.5], [0.4, 0.6]], [[0.5, 0.7], [0.4, 0.6]], True),
        ([[0.5, 0.5], [0.4, 0.6]], [[0.4, 0.7], [0.4, 0.6]], False),  # one region suffers
        ([[0.5, 0.5], [0.4, 0.6]], [[0.5, 0.5], [0.4, 0.6]], False),  # nothing gained
        ([[0.0, 0.5], [NAN, 0.6]], [[NAN, 0.7], [NAN, 0.6]], True),  # what was false is gone
        ([[NAN, NAN]], [[NAN, NAN]], False),
    ],
)
def test_the_largest_alone_is_kept_where_the_union_gains_and_no_region_loses(every, largest, better):
    assert largest_is_better([np.array(row) for row in every], [np.array(row) for row in largest]) is better
