# SPDX-License-Identifier: Apache-2.0
"""What one scan does not cover is background in both images, and must not make a result better."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lessgad.evaluation.similarity import psnr_db
from lessgad.preparation.filled_part import filled_part
from lessgad.preparation.prepared_study import PreparedFiles, read_prepared
from lessgad.preparation.resampling import covered
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.scoring.judged_part import areas_of
from lessgad.volume import Volume

REGIONS = {"intrameatal": (1,), "extrameatal": (2,)}


@pytest.fixture(scope="module")
def study(tiny_stages):
    return read_prepared(PreparedFiles(tiny_stages / "prepare" / "prepared" / "sub-05", "sub-05"))


@settings(max_examples=25, deadline=None)
@given(share=st.floats(0.5, 1.0), normal=st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda normal: max(normal) > 0.1))
@example(share=0.6, normal=(1.0, 1.0, 0.0))  # the box of what is left reaches beyond an oblique border
def test_the_uncovered_part_changes_nothing_in_any_area(study, share, normal):
    """PSNR over each area is that of the covered voxels, whatever both images hold elsewhere."""
    tumor = study.tumor(REGIONS)
    depth = np.tensordot(np.array(normal), np.indices(tumor.shape), axes=1)
    seen = depth <= np.quantile(depth[tumor], share)
    cut = [np.where(seen, image, -1.0) for image in (study.pre_contrast, study.standard_dose)]
    partly = replace(
        study,
        pre_contrast=cut[0],
        standard_dose=cut[1],
        labels=np.where(seen, study.labels, 0),
        head=study.head & seen,
        covered=np.array(seen),
    )
    for area, voxels in areas_of(partly, REGIONS).items():
        assert not (voxels & ~seen).any(), area
        truth = psnr_db(np.asarray(study.pre_contrast), np.asarray(study.standard_dose), voxels)
        assert psnr_db(*cut, voxels) == pytest.approx(truth)


@given(st.tuples(*[st.integers(0, 3)] * 6), st.floats(-0.5, 0.5))
def test_padding_is_found_to_the_plane(before_and_after, value):
    before, after = before_and_after[:3], before_and_after[3:]
    inside = np.random.default_rng(1).normal(1, 0.1, (5, 6, 7)).astype(np.float32)
    padded = np.pad(inside, list(zip(before, after, strict=True)), constant_values=value)
    affine = np.diag([2.0, 3.0, 4.0, 1.0])
    whole = Volume(padded, affine)
    part = filled_part(whole)
    np.testing.assert_array_equal(part.array, inside)
    found = covered(part, whole, RigidTransform.identity())
    expected = np.zeros(padded.shape, bool)
    expected[tuple(slice(start, start + n) for start, n in zip(before, inside.shape, strict=True))] = True
    np.testing.assert_array_equal(found, expected)
