# SPDX-License-Identifier: Apache-2.0
import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from lessgad.dose.linear import mix
from lessgad.errors import StorageError, VolumeError
from lessgad.evaluation.similarity import psnr_db
from lessgad.preparation.head import HeadBox
from lessgad.preparation.normalization import Normalization
from lessgad.preparation.prepared_study import PreparedFiles, PreparedStudy, read_prepared, write_prepared
from lessgad.volume import Volume, in_transverse_order, read_volume, same_grid, write_volume

ORDERS = [
    (order, flips) for order in itertools.permutations(range(3)) for flips in itertools.product((1, -1), repeat=3)
]
REGIONS = {"intrameatal": (1,), "extrameatal": (2, 3)}


def scan(order=(0, 1, 2), flips=(1, 1, 1), angles_deg=(0.0, 0.0, 0.0)) -> Volume:
    """A T1 as scanned, its affine as a file holds it."""
    affine = np.zeros((4, 4))
    for axis, (world, sign) in enumerate(zip(order, flips, strict=True)):
        affine[world, axis] = sign * (0.5, 0.9, 3.0)[axis]
    affine[:3, :3] = Rotation.from_euler("xyz", angles_deg, degrees=True).as_matrix() @ affine[:3, :3]
    affine[:, 3] = (-20.3, 7.1, 40.0, 1.0)
    array = np.random.default_rng(1).normal(size=(5, 6, 7)).astype(np.float32)
    return Volume(array, affine.astype(np.float32).astype(np.float64))


def study_on(grid: Volume, *, labels: bool = True, seed: int = 0) -> PreparedStudy:
    transverse = in_transverse_order(grid)
    shape, rng = transverse.array.shape, np.random.default_rng(seed)
    return PreparedStudy(
        patient="01",
        session="a",
        pre_contrast=rng.uniform(-1, 1, shape).astype(np.float32),
        standard_dose=rng.uniform(-1, 1, shape).astype(np.float32),
        labels=rng.integers(0, 4, shape).astype(np.int32) if labels else None,
        head=rng.random(shape) < 0.5,
        head_box=HeadBox(1, 4, 0, 3),
        spacing_mm=transverse.spacing_mm,
        normalization=Normalization(0.1, 1234.567),
    )


@pytest.fixture
def files(tmp_path: Path) -> PreparedFiles:
    return PreparedFiles(tmp_path / "prepared" / "sub-01" / "ses-a", "sub-01_ses-a")


def assert_same(one: PreparedStudy, other: PreparedStudy) -> None:
    for name in ("pre_contrast", "standard_dose", "labels", "head"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert other.pre_contrast.dtype == other.standard_dose.dtype == np.float32
    assert other.head.dtype == bool
    assert (one.patient, one.session, one.head_box, one.normalization) == (
        other.patient,
        other.session,
        other.head_box,
        other.normalization,
    )
    assert other.spacing_mm == pytest.approx(one.spacing_mm, rel=1e-6)


angles = st.tuples(*[st.floats(-30, 30)] * 3)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(ORDERS), angles, st.booleans())
def test_round_trip_bit_for_bit(tmp_path_factory, orders, angles_deg, labels: bool):
    files = PreparedFiles(tmp_path_factory.mktemp("prepared"), "sub-01_ses-a")
    grid = scan(*orders, angles_deg)
    study = study_on(grid, labels=labels)
    write_prepared(files, study, grid, {})
    assert_same(study, read_prepared(files))
    for path in (files.pre_contrast, files.standard_dose, files.head):
        assert same_grid(read_volume(path, labels=path == files.head), grid)  # in the axis order of the T1


def test_voxels_stay_in_their_place(files: PreparedFiles):
    grid = scan((2, 0, 1), (-1, 1, -1), (10.0, -5.0, 20.0))
    study = replace(study_on(grid), pre_contrast=in_transverse_order(grid).array)
    write_prepared(files, study, grid, {})
    np.testing.assert_array_equal(read_volume(files.pre_contrast).array, grid.array)


def test_study_whose_mask_was_taken_away(files: PreparedFiles):
    grid = scan()
    write_prepared(files, study_on(grid), grid, {})
    assert read_prepared(files).labels is not None
    write_prepared(files, study_on(grid, labels=False), grid, {})
    assert read_prepared(files).labels is None


def test_images_stay_on_disk_until_they_are_looked_at(files: PreparedFiles):
    grid = scan((1, 2, 0), (1, -1, 1))
    write_prepared(files, study_on(grid), grid, {})
    image: object = read_prepared(files).pre_contrast
    while isinstance(image, np.ndarray) and not isinstance(image, np.memmap):
        image = image.base
    assert isinstance(image, np.memmap)


def test_description_is_written_last_and_says_what_it_was_told(files: PreparedFiles, monkeypatch: pytest.MonkeyPatch):
    grid = scan()
    write_prepared(files, study_on(grid), grid, {"rotation_deg": 1.25})
    assert json.loads(files.description.read_text())["rotation_deg"] == 1.25
    files.description.unlink()

    def full(_path: Path, _volume: Volume) -> None:
        raise StorageError("There is no room")

    monkeypatch.setattr("lessgad.preparation.prepared_study.write_volume", full)
    with pytest.raises(StorageError):
        write_prepared(files, study_on(grid), grid, {})
    assert not files.description.exists()


@pytest.mark.parametrize("name", ["pre_contrast", "standard_dose", "head", "description"])
@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_missing_or_damaged_file_is_named(files: PreparedFiles, name: str, damage: str):
    grid = scan()
    write_prepared(files, study_on(grid), grid, {})
    path: Path = getattr(files, name)
    content = path.read_bytes()
    path.unlink()
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    with pytest.raises(VolumeError) as caught:
        read_prepared(files)
    assert path.name in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "{}", '{"patient": "1", "session": "", "head_box": [1], "normalisation": {}}'])
def test_description_of_something_else(files: PreparedFiles, text: str):
    grid = scan()
    write_prepared(files, study_on(grid), grid, {})
    files.description.write_text(text)
    with pytest.raises(VolumeError, match="missing or damaged"):
        read_prepared(files)


def test_files_are_named_as_bids(files: PreparedFiles):
    names = [files.pre_contrast, files.standard_dose, files.labels, files.head, files.description, files.picture]
    assert all(path.name.startswith("sub-01_ses-a_") and path.parent == files.folder for path in names)
    assert len(set(names)) == len(names)


@settings(deadline=None)
@given(st.lists(st.integers(1, 9), max_size=3))
def test_regions(values: list[int]):
    study = study_on(scan())
    region = study.region(tuple(values))
    expected = np.zeros_like(study.head)
    for value in values:
        expected |= study.labels == value
    if expected.any():
        np.testing.assert_array_equal(region, expected)
    else:
        assert region is None


def test_tumor_is_the_union_of_its_regions():
    study = study_on(scan())
    np.testing.assert_array_equal(study.tumor(REGIONS), study.labels > 0)
    assert study.tumor({}) is None
    assert study_on(scan(), labels=False).tumor(REGIONS) is None


# The paper's Table 4: PSNR(β) = PSNR(0) − 20·log10(1 − β), from files as the experiment writes them.


@pytest.mark.parametrize("orders", [ORDERS[0], ORDERS[21], ORDERS[46]])
def test_psnr_of_the_mix_follows_the_dose_to_the_last_digit(tmp_path: Path, files: PreparedFiles, orders):
    grid = scan(*orders, (8.0, -12.0, 5.0))
    write_prepared(files, study_on(grid), grid, {})
    study = read_prepared(files)
    tumor = np.zeros_like(study.head)
    tumor[1:4, 1:5, 2:5] = True
    at_zero = psnr_db(study.pre_contrast, study.standard_dose, tumor)
    assert np.isfinite(at_zero)
    for tenths in range(10):
        low = mix(study.pre_contrast, study.standard_dose, tenths / 10)
        write_volume(tmp_path / "low.nii.gz", Volume(low, in_transverse_order(grid).affine))
        again = in_transverse_order(read_volume(tmp_path / "low.nii.gz")).array
        np.testing.assert_array_equal(again, low)
        expected = at_zero - 20 * np.log10(1 - tenths / 10)
        assert psnr_db(again, study.standard_dose, tumor) == pytest.approx(expected, abs=1e-4)
