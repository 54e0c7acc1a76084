# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.errors import CalibrationError
from lessgad.preparation.calibration import IntensityMap, calibrate, calibrate_peaks, calibrate_robust
from lessgad.volume import in_transverse_order, read_volume

maps = st.builds(IntensityMap, st.floats(1e-3, 1e3), st.floats(-1e3, 1e3))


def make_pair(noise: float = 4.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """T1, T1ce with a tenth of the head enhancing, on one scale; and the head."""
    random = np.random.default_rng(seed)
    x, y, z = np.meshgrid(*[np.linspace(-1, 1, n) for n in (48, 48, 32)], indexing="ij")
    radius = np.sqrt(x**2 + y**2 + z**2)
    head = radius < 0.9
    tissue = np.where(radius < 0.55, 300.0, 240.0) + 12 * np.sin(9 * x) * np.cos(7 * y)
    t1 = np.where(head, tissue, 0.0)
    enhancing = (np.hypot(x - 0.4, y) < 0.28) & head
    assert 0.05 < enhancing[head].mean() < 0.2
    t1ce = np.where(enhancing, t1 * 2.2, t1)
    noisy = [
        np.hypot(image + noise * random.normal(size=x.shape), noise * random.normal(size=x.shape)).astype("f4")
        for image in (t1, t1ce)
    ]
    return noisy[0], noisy[1], head


@given(maps, maps, st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=5))
def test_maps_compose_and_invert(one: IntensityMap, other: IntensityMap, values: list[float]):
    x = np.array(values)
    span = 1 + np.abs(x).max() + 1e3
    np.testing.assert_allclose(one.then(other).apply(x), other.apply(one.apply(x)), rtol=1e-9, atol=1e-6 * span)
    np.testing.assert_allclose(one.inverse().apply(one.apply(x)), x, atol=1e-6 * span)
    np.testing.assert_allclose(one.then(one.inverse()).apply(x), x, atol=1e-6 * span)


def test_a_map_keeps_the_type():
    assert IntensityMap(1.5, -2.0).apply(np.ones((2, 2), np.float32)).dtype == np.float32


@pytest.mark.parametrize(("scale", "offset"), [(0.0, 0.0), (-1.0, 0.0), (np.nan, 0.0), (np.inf, 0.0), (1.0, np.nan)])
def test_impossible_maps_are_refused(scale: float, offset: float):
    with pytest.raises(CalibrationError):
        IntensityMap(scale, offset)


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(0.05, 20), seed=st.integers(0, 3))
def test_robust_recovers_a_known_scale_beside_enhancement(scale: float, seed: int):
    t1, t1ce, head = make_pair(seed=seed)
    found = calibrate_robust(t1, (scale * t1ce).astype(np.float32), head)
    assert found.scale * scale == pytest.approx(1, rel=0.01)
    assert found.offset == 0


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(0.05, 20), offset=st.floats(-0.5, 0.5))
def test_peaks_recover_a_known_affine_map_beside_enhancement(scale: float, offset: float):
    t1, t1ce, _ = make_pair()
    applied = IntensityMap(scale, 300 * scale * offset)
    found = applied.then(calibrate_peaks(t1, applied.apply(t1ce)))
    assert found.scale == pytest.approx(1, rel=0.03)
    assert abs(found.offset) < 0.02 * 300


def test_an_image_is_calibrated_to_itself_by_the_identity():
    t1, _, head = make_pair()
    assert calibrate_peaks(t1, t1) == IntensityMap(1.0, 0.0)
    assert calibrate_robust(t1, t1, head).scale == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("noise", [1.0, 10.0, 25.0])
def test_robust_is_inverted_by_swapping(noise: float):
    t1, t1ce, head = make_pair(noise)
    t1ce = 3.7 * t1ce
    there, back = calibrate_robust(t1, t1ce, head), calibrate_robust(t1ce, t1, head)
    assert there.scale * back.scale == pytest.approx(1, rel=0.01)


def test_methods_are_what_they_are_called():
    t1, t1ce, head = make_pair()
    assert calibrate(t1, t1ce, head) == calibrate(t1, t1ce, head, "robust") == calibrate_robust(t1, t1ce, head)
    assert calibrate(t1, t1ce, head, "peaks") == calibrate_peaks(t1, t1ce)
    assert calibrate(t1, t1ce, head, "none") == IntensityMap(1.0, 0.0)


def test_images_without_a_common_scale_are_refused():
    t1, _, head = make_pair()
    random = np.random.default_rng(0)
    with pytest.raises(CalibrationError, match="agree up to a scale"):
        calibrate_robust(t1, np.exp(random.uniform(-2, 2, t1.shape)).astype(np.float32), head)


def test_images_without_overlap_are_refused():
    t1, t1ce, head = make_pair()
    left, right = t1.copy(), t1ce.copy()
    left[24:], right[:24] = 0, 0
    with pytest.raises(CalibrationError, match="0 voxels"):
        calibrate_robust(left, right, head)
    for one, other in ((t1, np.zeros_like(t1)), (np.zeros_like(t1), t1)):
        with pytest.raises(CalibrationError):
            calibrate_robust(one, other, head)
    with pytest.raises(CalibrationError):
        calibrate_robust(t1, t1ce, np.zeros_like(head))


def test_empty_images_are_refused():
    empty = np.zeros((0, 2, 2), np.float32)
    with pytest.raises(CalibrationError):
        calibrate_robust(empty, empty, empty > 0)
    with pytest.raises(CalibrationError):
        calibrate_peaks(empty, empty)


@pytest.mark.real_data
@pytest.mark.parametrize("patient", ["CBICAABM1", "2013231", "TCIA106371"])
def test_real_pairs(shared: Path, patient: str):
    root = shared / "data/glioma-pairs"
    anat = root / f"sub-{patient}/anat"
    t1, t1ce = (
        in_transverse_order(read_volume(anat / f"sub-{patient}_{name}.nii.gz")).array
        for name in ("T1w", "ce-gadolinium_T1w")
    )
    mask = root / f"derivatives/expert/sub-{patient}/anat/sub-{patient}_space-T1w_dseg.nii.gz"
    head = t1 > 0
    there, back = calibrate_robust(t1, t1ce, head), calibrate_robust(t1ce, t1, head)
    assert there.scale * back.scale == pytest.approx(1, rel=0.01)
    healthy = head & (in_transverse_order(read_volume(mask, labels=True)).array == 0)
    both = healthy & (t1ce > 0)
    median_ratio = IntensityMap(float(np.median(t1[both] / t1ce[both])), 0.0)

    def residual(found: IntensityMap) -> float:
        return float(np.median(np.abs(found.apply(t1ce[healthy]) - t1[healthy])))

    assert residual(there) < residual(median_ratio)
    assert residual(calibrate_peaks(t1, t1ce)) < 1.1 * residual(median_ratio)
