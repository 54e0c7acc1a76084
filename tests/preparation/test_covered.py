# SPDX-License-Identifier: Apache-2.0
"""Where one scan does not reach, nothing is measured: not in preparation, not in a new scan."""

import numpy as np
import pytest

from lessgad.errors import CalibrationError, RegistrationError
from lessgad.preparation import registration
from lessgad.preparation.auxiliary_image import prepare_low_dose
from lessgad.preparation.intensity_scale import find_intensity_scale
from lessgad.preparation.pair import prepare_pair
from lessgad.preparation.registration import register_rigid
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.preparation.settings import PreparationSettings
from lessgad.restoration.new_scan import new_scan
from lessgad.volume import Volume


@pytest.fixture
def lies_as_the_headers_say(monkeypatch):
    monkeypatch.setattr(registration, "_elastix", lambda *_args: RigidTransform.identity())


def middle(scan, first, last):
    """Some slices of a scan, where they lay."""
    affine = scan.affine.copy()
    affine[:3, 3] += first * affine[:3, 2]
    return Volume(scan.array[:, :, first:last], affine)


@pytest.mark.usefixtures("lies_as_the_headers_say")
def test_what_the_t1ce_does_not_cover_is_cut_away_in_both(lopsided):
    t1, t1ce = lopsided.pair()
    n = t1.array.shape[2]
    pair = prepare_pair(t1, middle(t1ce, 5, n - 5), PreparationSettings())
    whole = prepare_pair(t1, t1ce, PreparationSettings())
    seen = np.zeros(n, dtype=bool)
    seen[5 : n - 5] = True
    np.testing.assert_array_equal(pair.covered.all(axis=(0, 1)), seen)
    assert not pair.head[:, :, ~seen].any()
    np.testing.assert_array_equal(pair.head[:, :, seen], whole.head[:, :, seen])
    for image in (pair.normalized_pre_contrast, pair.normalized_standard_dose):
        assert image.dtype == np.float32
        assert (image[:, :, ~seen] == -1).all()


@pytest.mark.usefixtures("lies_as_the_headers_say")
def test_what_the_t1_does_not_cover_is_left_as_scanned(lopsided):
    t1, t1ce = lopsided.pair()
    n = t1.array.shape[2]
    new = new_scan(t1ce, middle(t1, 5, n - 5), PreparationSettings())
    assert (new.unit[:, :, :5] == 0).all()
    assert (new.unit[:, :, 5 : n - 5] > 0).all()
    assert not new.head[:, :, :5].any()
    assert all((image[:, :, :5] == -1).all() for image in new.images.values())
    (words,) = new.uncovered_words
    assert words.startswith(f"the T1 does not cover {100 * 10 / n:.1f} % of the scan")
    assert new_scan(t1ce, t1, PreparationSettings()).uncovered_words == ()


@pytest.mark.parametrize("n_slices", [1, 3])
def test_too_few_slices_to_register_are_an_error_and_no_crash(lopsided, n_slices):
    t1, t1ce = (middle(scan, 10, 10 + n_slices) for scan in lopsided.pair())
    with pytest.raises(RegistrationError, match=f"needs 4 voxels along each axis; a volume has only {n_slices}"):
        register_rigid(t1, t1ce)


@pytest.mark.parametrize("method", ["smooth", "robust"])
@pytest.mark.parametrize("offset", [0.6, -0.6])
def test_a_scan_after_contrast_with_an_offset_is_refused(lopsided, method, offset):
    t1, t1ce = (scan.array.astype(np.float32) for scan in lopsided.pair())
    settings = PreparationSettings(calibration=method)
    find_intensity_scale(t1, t1ce, (1.0, 1.0, 1.0), settings)
    level = np.float32(offset * np.median(t1ce[t1 > t1.mean()]))
    with pytest.raises(CalibrationError, match=r"Zero differs|agree up to a scale"):
        find_intensity_scale(t1, t1ce + level, (1.0, 1.0, 1.0), settings)


@pytest.mark.usefixtures("lies_as_the_headers_say")
def test_half_a_slice_beyond_the_outermost_one_is_no_measurement(lopsided):
    t1, t1ce = lopsided.pair()
    n = t1.array.shape[2]
    shifted = middle(t1ce, 5, n - 5)
    shifted.affine[:3, 3] += 0.4 * shifted.affine[:3, 2]  # its first slice lies at 5.4 of those of the T1
    seen = np.zeros(n, dtype=bool)
    seen[6 : n - 5] = True  # slice 5 lies 0.4 before its first one, slice n − 6 0.4 before its last one
    np.testing.assert_array_equal(prepare_pair(t1, shifted, PreparationSettings()).covered.all(axis=(0, 1)), seen)
    low = prepare_low_dose(t1, shifted, PreparationSettings()).image
    assert low.dtype == np.float32
    assert (low[:, :, ~seen] == -1).all()
    assert (low[:, :, seen].max(axis=(0, 1)) > -1).all()
