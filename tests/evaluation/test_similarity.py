# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from lessgad.dose.linear import mix
from lessgad.errors import VolumeError
from lessgad.evaluation.similarity import bounding_box, psnr_db, similarity, ssim
from lessgad.volume import in_transverse_order, read_volume


def pair(shape, seed=0, dtype=np.float64):
    random = np.random.default_rng(seed)
    reference = np.clip(0.4 * random.standard_normal(shape), -1, 1).astype(dtype)
    return np.clip(reference + 0.1 * random.standard_normal(shape), -1, 1).astype(dtype), reference


def box_at(shape, *extents):
    region = np.zeros(shape, dtype=bool)
    region[tuple(slice(*extent) for extent in extents)] = True
    return region


def slow_ssim(image, reference, region):
    """SSIM by the book: one window at a time, weights written out."""
    offsets = np.arange(-5, 6)
    bell = np.exp(-(offsets[:, None] ** 2 + offsets[None, :] ** 2) / (2 * 1.5**2))
    weights = bell / bell.sum()
    a, b = ((np.pad(volume, ((5, 5), (5, 5), (0, 0)), mode="symmetric") + 1) / 2 for volume in (image, reference))
    values = []
    for i, j, k in np.argwhere(region):
        u, v = a[i : i + 11, j : j + 11, k], b[i : i + 11, j : j + 11, k]
        mean_u, mean_v = (weights * u).sum(), (weights * v).sum()
        var_u, var_v = (weights * (u - mean_u) ** 2).sum(), (weights * (v - mean_v) ** 2).sum()
        covariance = (weights * (u - mean_u) * (v - mean_v)).sum()
        c1, c2 = 0.01**2, 0.03**2
        values.append(
            (2 * mean_u * mean_v + c1) * (2 * covariance + c2) / ((mean_u**2 + mean_v**2 + c1) * (var_u + var_v + c2))
        )
    return np.mean(values)


def test_ssim_is_the_slow_loop_inside_at_edges_and_in_corners():
    image, reference = pair((17, 20, 3))
    for region in (
        box_at(image.shape, (7, 9), (8, 12), (1, 2)),
        box_at(image.shape, (0, 2), (17, 20), (0, 3)),
        box_at(image.shape, (0, 17), (0, 20), (0, 3)),
        box_at(image.shape, (16, 17), (19, 20), (2, 3)),
    ):
        assert ssim(image, reference, region) == pytest.approx(slow_ssim(image, reference, region), abs=1e-12)


@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 30, 2), (10, 10, 1), (3, 2, 5)])
def test_images_smaller_than_the_window_are_mirrored(shape):
    image, reference = pair(shape)
    whole = np.ones(shape, dtype=bool)
    assert ssim(image, reference, whole) == pytest.approx(slow_ssim(image, reference, whole), abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_box_gives_what_the_map_of_the_whole_slice_gives(data):
    shape = (data.draw(st.integers(11, 40)), data.draw(st.integers(11, 40)), 2)
    starts = [data.draw(st.integers(0, size - 1)) for size in shape]
    extents = [(start, data.draw(st.integers(start + 1, size))) for start, size in zip(starts, shape, strict=True)]
    image, reference = pair(shape, data.draw(st.integers(0, 9)))
    region = box_at(shape, *extents)
    maps = [
        structural_similarity(
            (image[:, :, k] + 1) / 2, (reference[:, :, k] + 1) / 2, data_range=1.0, gaussian_weights=True,
            sigma=1.5, use_sample_covariance=False, full=True,
        )[1]
        for k in range(2)
    ]  # fmt: skip
    assert ssim(image, reference, region) == pytest.approx(np.stack(maps, axis=2)[region].mean(), abs=1e-12)


def test_psnr_is_scikit_images():
    image, reference = pair((9, 8, 7))
    region = np.random.default_rng(1).random(image.shape) < 0.3
    expected = peak_signal_noise_ratio(reference[region], image[region], data_range=2)
    assert psnr_db(image, reference, region) == pytest.approx(expected, abs=1e-12)


def test_an_offset_of_a_fiftieth_of_the_range_is_34_db():
    reference = np.zeros((3, 3, 3))
    assert psnr_db(reference + 0.04, reference, reference == 0) == pytest.approx(20 * np.log10(50))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_identical_images(dtype):
    image, _ = pair((20, 20, 2), dtype=dtype)
    region = box_at(image.shape, (3, 8), (4, 6), (0, 2))
    assert psnr_db(image, image.copy(), region) == np.inf
    assert ssim(image, image.copy(), region) == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_mix_has_the_psnr_that_the_paper_prints(dtype):
    """PSNR(β) = PSNR(0) − 20·log10(1 − β): 19.9, 20.8, 21.8 … 39.9 dB in the paper's Table 4."""
    standard, pre = pair((20, 20, 4), dtype=dtype)
    region = box_at(standard.shape, (3, 18), (4, 16), (0, 4))
    at_zero = psnr_db(mix(pre, standard, 0.0), standard, region)
    for dose in np.arange(10) / 10:
        expected = at_zero - 20 * np.log10(1 - dose)
        assert psnr_db(mix(pre, standard, float(dose)), standard, region) == pytest.approx(expected, abs=1e-3)


def test_both_are_symmetric_and_ignore_what_lies_far_from_the_region():
    image, reference = pair((40, 40, 3))
    region = box_at(image.shape, (10, 14), (10, 14), (1, 2))
    far = image.copy()
    far[20:], far[:, 20:], far[:, :, 0] = 1, 1, 1
    for measure in (psnr_db, ssim):
        assert measure(far, reference, region) == measure(image, reference, region)
        assert measure(reference, image, region) == pytest.approx(measure(image, reference, region), abs=1e-12)


def test_ssim_sees_the_image_around_the_region_and_psnr_does_not():
    image, reference = pair((40, 40, 1))
    region = box_at(image.shape, (10, 14), (10, 14), (0, 1))
    near = image.copy()
    near[18, 12] = 1
    assert ssim(near, reference, region) != ssim(image, reference, region)
    assert psnr_db(near, reference, region) == psnr_db(image, reference, region)


@pytest.mark.parametrize("seed", range(3))
def test_float32_images_have_the_ssim_of_float64_ones(seed):
    image, reference = pair((40, 36, 3), seed)
    image[:, :18], reference[:, :18] = -1, -1  # air beside the head
    tumor = np.random.default_rng(seed).random(image.shape) < 0.02
    areas = {"head": np.ones(image.shape, bool), "tumor": tumor, "tumor_box": bounding_box(tumor)}
    single = similarity(image.astype(np.float32), reference.astype(np.float32), areas)
    for row, double in zip(single, similarity(image, reference, areas), strict=True):
        assert row.ssim == pytest.approx(double.ssim, abs=1e-6)


def test_several_areas_at_once_are_each_alone():
    image, reference = pair((30, 26, 6))
    tumor = np.random.default_rng(2).random(image.shape) < 0.01
    tumor[:, :, 4:] = False
    areas = {"head": box_at(image.shape, (2, 28), (1, 25), (0, 6)), "tumor": tumor, "tumor_box": bounding_box(tumor)}
    together = similarity(image, reference, areas)
    assert [row.area for row in together] == ["head", "tumor", "tumor_box"]
    for row in together:
        assert row.psnr_db == psnr_db(image, reference, areas[row.area])
        assert row.ssim == pytest.approx(ssim(image, reference, areas[row.area]), abs=1e-12)
    assert similarity(image, reference, {}) == []


@settings(deadline=None)
@given(st.sets(st.tuples(st.integers(0, 5), st.integers(0, 6), st.integers(0, 4)), min_size=1, max_size=6))
def test_the_bounding_box_is_the_smallest_one(voxels):
    mask = np.zeros((6, 7, 5), dtype=bool)
    mask[tuple(np.array(sorted(voxels)).T)] = True
    low, high = np.min(list(voxels), axis=0), np.max(list(voxels), axis=0) + 1
    assert np.array_equal(bounding_box(mask), box_at(mask.shape, *zip(low, high, strict=True)))


@pytest.mark.parametrize("measure", [psnr_db, ssim])
def test_an_empty_region_is_an_error(measure):
    image, reference = pair((4, 4, 4))
    with pytest.raises(VolumeError, match="voxels"):
        measure(image, reference, np.zeros((4, 4, 4), dtype=bool))
    with pytest.raises(VolumeError, match="voxels"):
        bounding_box(np.zeros((4, 4, 4), dtype=bool))


@pytest.mark.real_data
def test_on_a_real_pair_the_tumor_box_follows_the_paper(shared):
    """Both measures rise with the dose, PSNR by the identity, SSIM into the .99s as in the paper's Table 4."""
    cohort = shared / "data" / "glioma-pairs"
    masks = sorted((cohort / "derivatives" / "expert").rglob("*_dseg.nii.gz"))
    patient = next(part for part in masks[0].parts if part.startswith("sub-"))
    anat = sorted((cohort / patient).rglob("*_T1w.nii.gz"))
    standard, pre = (
        in_transverse_order(read_volume(next(path for path in anat if ("ce-gadolinium" in path.name) is enhanced)))
        for enhanced in (True, False)
    )
    labels = in_transverse_order(read_volume(masks[0], labels=True)).array
    scaled = [np.clip(v.array / np.percentile(v.array[v.array > 0], 99) * 2 - 1, -1, 1) for v in (pre, standard)]
    box = bounding_box((labels == 1) | (labels == 4))
    doses = [0.0, 0.3, 0.6, 0.9]
    rows = [similarity(mix(*scaled, dose), scaled[1], {"tumor_box": box})[0] for dose in doses]
    for dose, row in zip(doses, rows, strict=True):
        assert row.psnr_db == pytest.approx(rows[0].psnr_db - 20 * np.log10(1 - dose), abs=1e-3)
    assert [row.ssim for row in rows] == sorted(row.ssim for row in rows)
    assert 0.99 < rows[-1].ssim < 1
