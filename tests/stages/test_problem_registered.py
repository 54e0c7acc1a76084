# SPDX-License-Identifier: Apache-2.0
"""Fields of view that end in the tumor, and lesions between thick slices, through the real registration."""

import nibabel
import numpy as np
import pytest
from problem_studies import save

from lessgad.volume import Volume


def enhancing_ball() -> np.ndarray:
    x, y, z = np.ogrid[-90:90:2, -104:104:2, -70:70:3.5]
    ball = ((x - 30) / 12) ** 2 + (y / 12) ** 2 + (z / 12) ** 2 <= 1
    return ball.astype(np.int16)


def write(root, tiny, name, t1: Volume, t1ce: Volume, mask: Volume) -> None:
    for file, volume in zip(tiny.study_files(root, name).values(), (t1, t1ce, mask), strict=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        save(file, volume.array, volume.affine)


def lowest(volume: Volume, n: int) -> Volume:
    return Volume(volume.array[:, :, :n], volume.affine)


def thrice_as_thick(volume: Volume) -> Volume:
    array = volume.array[:, :, :39].reshape(*volume.array.shape[:2], 13, 3).mean(axis=3).astype(np.float32)
    affine = volume.affine @ np.diag([1, 1, 3, 1])
    affine[:3, 3] += volume.affine[:3, 2]  # the middle of three slices
    return Volume(array, affine)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_is_not_covered_or_lost_is_said_or_refused(lessgad, tiny, lopsided, tmp_path):
    t1, t1ce = lopsided.pair()
    labels = enhancing_ball()
    mask = Volume(labels, t1.affine)
    small = np.zeros_like(labels)
    small[60:62, 50:52, 18] = 1  # four voxels of the T1ce, two slices from the middle of a thick one
    both = labels.copy()
    both[20:22, 50:52, 18] = 1
    cohort = tmp_path / "cohort"
    write(cohort, tiny, "good", t1, t1ce, mask)
    write(cohort, tiny, "ends", t1, lowest(t1ce, 21), mask)
    write(cohort, tiny, "endsearly", t1, lowest(t1ce, 19), mask)
    write(cohort, tiny, "lost", thrice_as_thick(t1), t1ce, Volume(small, t1.affine))
    write(cohort, tiny, "onelost", thrice_as_thick(t1), t1ce, Volume(both, t1.affine))
    root = tiny.write_experiment(
        tmp_path / "experiment", "../cohort", split=None, preparation={"alignment": "register"}
    )
    code, _, err = lessgad("run", root, "--until", "prepare")
    assert code == 1
    summary = err[err.index("could not be used") :]
    assert "sub-good" not in summary
    assert "sub-endsearly (prepare): Both scans cover only" in summary
    assert "sub-lost (prepare): The tumor has" in summary
    assert summary.count("\n") == 3
    assert "sub-ends: caution: T1 and T1ce cover" in err
    assert "sub-onelost: caution: 1 of 2 lesions" in err
    prepared = root / "prepared" / "sub-ends"
    seen, left = (
        np.asanyarray(nibabel.load(prepared / f"sub-ends_{kind}.nii.gz").dataobj) > 0
        for kind in ("desc-covered_mask", "dseg")
    )
    assert not (left & ~seen).any()
    assert 0.5 <= left.sum() / labels.sum() < 1
