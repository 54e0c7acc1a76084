# SPDX-License-Identifier: Apache-2.0
"""What a stage computes changes with its VERSION alone: somebody's results would be taken for those of today's code."""

import json

import golden
import numpy as np
import pytest
from threshold_model import REGIONS, THRESHOLDS, write_threshold_model

from lessgad.volume import Volume


@pytest.fixture(scope="module")
def root(tiny, tmp_path_factory):
    root = golden.make(tiny, tmp_path_factory.mktemp("golden"))
    golden.run(root)
    return root


@pytest.mark.slow
@pytest.mark.parametrize("stage", list(golden.FILES))
def test_the_results_of_a_stage_change_with_its_version(root, stage):
    known = json.loads(golden.GOLDEN.read_text())[stage]
    found = golden.digests(root)[stage]
    assert found
    assert golden.versions(root)[stage] == known["versions"], (
        f"stage {stage} has another VERSION: write its results anew with python tests/stages/golden.py"
    )
    assert golden.differing(stage, found, known["digest"]) == [], (
        f"stage {stage} computes something else than before: raise its VERSION, then run python tests/stages/golden.py"
    )


def test_a_small_change_is_seen():
    known = {"a": [1.0, 0.5], "b": [0.0]}
    assert golden.differing("prepare", {"a": [1.001, 0.5], "b": [0.001]}, known) == []
    assert golden.differing("prepare", {"a": [1.01, 0.5], "b": [0.0]}, known) == ["a"]
    assert golden.differing("prepare", {"a": [1.0, 0.5], "b": [0.01]}, known) == ["b"]
    assert golden.differing("prepare", {"a": [1.0, 0.5]}, known) == ["b"]
    assert golden.differing("prepare", {**known, "c": [1.0]}, known) == ["c"]


@pytest.mark.slow
def test_the_segmenter_of_the_golden_results_compares_with_two_thresholds(tiny, tmp_path):
    from lessgad.segmentation.nnunet_segmenter import Segmenter

    model = write_threshold_model(tmp_path / "model", tiny.SPACING_MM)
    regions = {name: (number,) for number, name in enumerate(REGIONS, start=1)}
    image = np.random.default_rng(1).uniform(-1, 1, tiny.SHAPE).astype(np.float32)
    segmenter = Segmenter.load(model, regions, None, own=False, mirroring=False)
    found = segmenter.segment(image, np.ones(tiny.SHAPE, dtype=bool), Volume(image, tiny.AFFINE))
    deviation = (image - image.mean()) / image.std()
    first, second = THRESHOLDS
    clear = np.minimum(abs(deviation - first), abs(deviation - second)) > 1e-2
    expected = (deviation > first).astype(int) + (deviation > second)
    assert clear.mean() > 0.98
    inner = np.zeros_like(clear)
    inner[3:-3, 3:-3, 2:-2] = True  # at the edges of a volume nnU-Net's weights of a patch vanish in its 16-bit sums
    clear &= inner
    np.testing.assert_array_equal(found[clear], expected[clear])
