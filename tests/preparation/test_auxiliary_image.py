# SPDX-License-Identifier: Apache-2.0
"""Further images of a study: a measured low dose on the scale of its T1, a T2 on one of its own."""

import json

import numpy as np
import pytest

from lessgad.errors import RegistrationError, StudyError, VolumeError
from lessgad.preparation.auxiliary_files import read_auxiliary_image, write_auxiliary_image
from lessgad.preparation.auxiliary_image import prepare_low_dose, prepare_t2
from lessgad.preparation.head import head_mask
from lessgad.preparation.pair import prepare_pair
from lessgad.preparation.settings import PreparationSettings
from lessgad.preparation.t2_level import T2_LEVEL, t2_normalization
from lessgad.volume import Volume, in_transverse_order, read_volume

ALIGNED = PreparationSettings(alignment="aligned")


@pytest.fixture(scope="module")
def scans(tiny):
    t1, t1ce, _ = tiny.head(1)
    return Volume(t1, tiny.AFFINE), Volume(t1ce, tiny.AFFINE)


@pytest.fixture(scope="module")
def t2(scans):
    t1 = scans[0].array
    return scans[0].with_array(np.where(t1 > 30, 60 * np.exp(1.5 - t1 / 200), t1 / 10).astype(np.float32))


@pytest.mark.parametrize("method", ["robust", "peaks", "none"])
def test_the_standard_dose_itself_is_prepared_as_in_the_pair(scans, method):
    """At dose 1 a measured low dose is the T1ce: whatever makes the pair must make it too."""
    settings = PreparationSettings(alignment="aligned", calibration=method)
    pair = prepare_pair(*scans, settings)
    measured = prepare_low_dose(*scans, settings)
    np.testing.assert_array_equal(measured.image, pair.normalized_standard_dose)
    assert measured.to_pre_contrast == pair.to_pre_contrast
    assert measured.normalization == pair.normalization


@pytest.mark.parametrize("gain", [0.02, 5.0])
def test_the_intensity_window_of_a_low_dose_does_not_matter(scans, gain):
    t1, t1ce = scans
    usual, other = (prepare_low_dose(t1, t1ce.with_array(np.float32(g) * t1ce.array), ALIGNED) for g in (1, gain))
    np.testing.assert_allclose(other.image, usual.image, atol=2e-3)


def test_a_t2_has_true_zero_at_the_bottom_and_the_median_of_its_head_at_a_fixed_level(t2):
    normalized = t2_normalization(t2).apply(t2.array)
    head = head_mask(t2.array, t2.spacing_mm)
    assert np.median(normalized[head]) == pytest.approx(-1 + 2 / T2_LEVEL, abs=1e-6)
    assert normalized[t2.array == 0].max(initial=-1.0) == -1.0
    assert normalized.max() <= 1


@pytest.mark.parametrize("gain", [0.01, 30.0])
def test_the_intensity_window_of_a_t2_does_not_matter(scans, t2, gain):
    one = prepare_t2(scans[0], t2, ALIGNED).image
    other = prepare_t2(scans[0], t2.with_array(np.float32(gain) * t2.array), ALIGNED).image
    np.testing.assert_allclose(other, one, atol=1e-5)


def test_what_is_said_to_be_aligned_must_be_on_one_grid(scans, t2):
    for prepare, scan in ((prepare_low_dose, scans[1]), (prepare_t2, t2)):
        with pytest.raises(VolumeError, match="not on one grid"):
            prepare(scans[0], Volume(scan.array[:-2], scan.affine), ALIGNED)
        with pytest.raises(RegistrationError):
            prepare(scans[0], scan.with_array(np.roll(scan.array, 4, axis=0)), ALIGNED)


def test_a_t2_without_a_head_is_refused(scans, t2):
    with pytest.raises(StudyError):
        prepare_t2(scans[0], t2.with_array(np.zeros_like(t2.array)), ALIGNED)


@pytest.mark.slow
def test_a_t2_on_a_grid_of_its_own_is_brought_home(lopsided):
    t1, _ = lopsided.pair()
    bright = np.where(t1.array > 60, 900 - t1.array, t1.array).astype(np.float32)
    elsewhere = Volume(bright, lopsided.OFFSET.matrix @ lopsided.AFFINE)
    moved = prepare_t2(t1, elsewhere, PreparationSettings())
    at_home = t2_normalization(t1.with_array(bright)).apply(bright)
    inner = head_mask(t1.array, t1.spacing_mm)
    assert np.corrcoef(moved.image[inner], at_home[inner])[0, 1] > 0.9


def test_what_is_written_is_what_is_read(scans, t2, tmp_path):
    turned = Volume(t2.array[:, ::-1].transpose(2, 1, 0), t2.affine @ flip(1, t2.array.shape[1]))
    turned = Volume(turned.array, turned.affine[:, [2, 1, 0, 3]])
    image = prepare_t2(scans[0], t2, ALIGNED).image
    write_auxiliary_image(tmp_path / "t2.nii", image, turned, {"a": 1})
    back, description = read_auxiliary_image(tmp_path / "t2.nii")
    np.testing.assert_array_equal(back, image)
    assert description == {"a": 1}
    assert read_volume(tmp_path / "t2.nii").array.shape == turned.array.shape
    np.testing.assert_array_equal(in_transverse_order(read_volume(tmp_path / "t2.nii")).array, image)


def flip(axis, n):
    matrix = np.eye(4)
    matrix[axis, axis], matrix[axis, 3] = -1, n - 1
    return matrix


@pytest.mark.parametrize("content", ["{", "[1]", None])
def test_a_damaged_description_is_one_clear_line(scans, t2, tmp_path, content):
    path = tmp_path / "t2.nii"
    write_auxiliary_image(path, prepare_t2(scans[0], t2, ALIGNED).image, scans[0], {})
    if content is None:
        path.with_suffix(".json").unlink()
    else:
        path.with_suffix(".json").write_text(content)
    with pytest.raises(VolumeError, match=r"missing or damaged|must hold values by name"):
        read_auxiliary_image(path)


def test_the_description_is_json(scans):
    said = json.loads(json.dumps(prepare_low_dose(*scans, ALIGNED).description()))
    assert said["to_t1_intensity"]["scale"] > 0
    assert said["alignment"]["head_dice"] > 0.9
