# SPDX-License-Identifier: Apache-2.0
import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.dose.dose_curve import DoseCurve
from lessgad.dose.relaxivity import Relaxivity
from lessgad.dose.signal_equation import Sequence
from lessgad.dose.simulator import BACKGROUND, LowDoseSimulator
from lessgad.errors import ModelError
from lessgad.restoration import anchoring
from lessgad.restoration.anchor import ANCHOR, Anchor, DoseAnchor, read_anchor, write_anchor
from lessgad.restoration.anchoring import Measurement
from lessgad.restoration.intervals import IntervalCalibration
from lessgad.restoration.residual import Residual
from lessgad.restoration.smoothing import Smoothing
from lessgad.training.anchor_tuning import LADDERS_MM

SHAPE, SPACING = (40, 36, 24), (1.0, 1.2, 2.0)
CURVE = DoseCurve(Sequence("spin_echo", 550.0, 10.0), Relaxivity(4.6, 5.3), 1300.0, 80.0)
INNER = np.s_[12:-12, 12:-12, 8:-8]


def measurement(dose, truth, simulator, *, sigma_pre_contrast=0.0, seed=1, head=None):
    """A T1 of one level, and what is measured at a dose of a truth that is whatever it is."""
    rng = np.random.default_rng(seed)
    t1 = np.full(SHAPE, -0.4)
    low = simulator.scan(t1, t1 + 0.1 + truth, dose, rng)
    seen = t1 + sigma_pre_contrast * rng.standard_normal(SHAPE)
    inside = np.ones(SHAPE, bool) if head is None else head
    scans = seen.astype(np.float32), low.astype(np.float32)
    return Measurement(*scans, dose, inside, SPACING, 0.6, simulator, sigma_pre_contrast)


def restored(error=0.0):
    return np.full(SHAPE, -0.3 + error, dtype=np.float32)


@pytest.mark.parametrize("curve", [None, CURVE])
@pytest.mark.parametrize("dose", [0.05, 0.3, 0.9])
@pytest.mark.parametrize("error", [-0.05, 0.02])
def test_an_error_that_is_the_same_all_around_is_found_and_put_right(curve, dose, error):
    """The signal equation is bent: one step along its slope leaves a tenth of such an error at most."""
    measured = measurement(dose, 0.0, LowDoseSimulator(curve))
    found = measured.estimated_error(restored(error), (4.0,))[0]
    np.testing.assert_allclose(found[INNER], error, rtol=1e-3 if curve is None else 0.1)
    moved = measured.anchored(restored(error), DoseAnchor(dose=dose, fwhm_mm=4.0, weight=1.0))
    assert np.abs(moved[INNER] + 0.3).max() < (1e-4 if curve is None else 0.1 * abs(error))
    half = measured.anchored(restored(error), DoseAnchor(dose=dose, fwhm_mm=4.0, weight=0.5))
    np.testing.assert_allclose(half[INNER], (restored(error)[INNER] + moved[INNER]) / 2, atol=1e-6)


def test_at_dose_0_and_at_weight_0_nothing_is_moved():
    measured = measurement(0.0, 0.0, LowDoseSimulator(None, 0.02))
    how = DoseAnchor(dose=0.0, fwhm_mm=4.0, weight=1.0)
    np.testing.assert_array_equal(measured.anchored(restored(0.3), how), restored(0.3))
    measured = measurement(0.3, 0.0, LowDoseSimulator(None, 0.02))
    how = DoseAnchor(dose=0.3, fwhm_mm=4.0, weight=0.0)
    np.testing.assert_array_equal(measured.anchored(restored(0.3), how), restored(0.3))


@pytest.mark.parametrize("dose", [0.1, 0.3])
def test_noise_is_what_averaging_leaves_of_subtract_and_scale(monkeypatch, dose):
    """√(1/β² + (1 − 1/β)²)·σ, times the root of the sum of the squared weights of the kernel."""
    monkeypatch.setattr(anchoring, "N_SD", 0.0)
    sigma, n = 0.004, 40
    kernel = Smoothing(3.0, SPACING)
    share = np.prod([np.sqrt(np.sum(weights**2)) for weights in kernel.kernels])
    simulator, found = LowDoseSimulator(None, sigma), []
    for seed in range(n):
        measured = measurement(dose, 0.0, simulator, sigma_pre_contrast=sigma, seed=seed)
        found.append(measured.estimated_error(restored(), (3.0,))[0][INNER])
    wanted = share * sigma * np.sqrt(1 / dose**2 + (1 - 1 / dose) ** 2)
    assert np.std(found) == pytest.approx(wanted, rel=0.04)


@pytest.mark.parametrize("dose", [0.1, 0.3])
def test_noise_alone_moves_next_to_nothing_and_what_stands_out_moves_nearly_all_the_way(dose):
    """Shrinking by 1 − (2/z)² leaves 3.4 % of the variance of a standard normal z, and 96 % of what is 10 SDs large."""
    sigma = 0.004
    simulator, width = LowDoseSimulator(None, sigma), 3.0
    share = np.prod([np.sqrt(np.sum(weights**2)) for weights in Smoothing(width, SPACING).kernels])
    sd = share * sigma * np.sqrt(1 / dose**2 + (1 - 1 / dose) ** 2)
    left, far = [], []
    for seed in range(30):
        measured = measurement(dose, 0.0, simulator, sigma_pre_contrast=sigma, seed=seed)
        left.append(measured.estimated_error(restored(), (width,))[0][INNER])
        far.append(measured.estimated_error(restored(10 * sd), (width,))[0][INNER])
    z = np.random.default_rng(0).standard_normal(1_000_000)
    assert np.std(left) == pytest.approx(sd * np.std(z * np.maximum(0, 1 - 4 / z**2)), rel=0.15)
    assert np.mean(far) == pytest.approx(0.96 * 10 * sd, rel=0.02)


def test_it_is_the_least_squares_error_under_the_kernel():
    """A slow sum around one voxel, with a forward model whose slope varies."""
    rng = np.random.default_rng(4)
    bump = 0.2 * rng.random(SHAPE)
    measured = measurement(0.3, bump, LowDoseSimulator(CURVE))
    image = restored() + bump.astype(np.float32)
    image += 0.02 * rng.random(SHAPE).astype(np.float32)
    width, at = 3.0, (20, 18, 12)
    found = measured.estimated_error(image, (width,))[0][at]
    expected = measured.simulator.mix(measured.pre_contrast, image, 0.3)
    step = 1e-4
    slope = (measured.simulator.mix(measured.pre_contrast, image + step, 0.3) - expected) / step
    kernels = Smoothing(width, SPACING).kernels
    above = below = 0.0
    for offset in np.ndindex(*(len(kernel) for kernel in kernels)):
        voxel = tuple(a + o - len(k) // 2 for a, o, k in zip(at, offset, kernels, strict=True))
        weight = np.prod([kernel[o] for kernel, o in zip(kernels, offset, strict=True)])
        above += weight * slope[voxel] * (expected[voxel] - measured.low_dose[voxel])
        below += weight * slope[voxel] ** 2
    assert found == pytest.approx(above / below, rel=0.02)


@pytest.mark.parametrize("sigma_pre_contrast", [0.01, 0.06])
def test_noise_that_the_t1_has_less_of_is_not_taken_for_enhancement(monkeypatch, sigma_pre_contrast):
    """A magnitude stands σ²/2A above its signal: of ten times that 0.03 would be found where the T1 has less noise."""
    monkeypatch.setattr(anchoring, "N_SD", 0.0)
    sigma, found = 0.06, []
    for seed in range(20):
        measured = measurement(0.1, 0.0, LowDoseSimulator(None, sigma), seed=seed)
        rng = np.random.default_rng([7, seed])
        t1 = np.hypot(0.6 + rng.normal(0, sigma_pre_contrast, SHAPE), rng.normal(0, sigma_pre_contrast, SHAPE)) - 1
        image = restored() + np.float32(sigma_pre_contrast**2 / (2 * 0.7))  # of the standard dose, as noisy as the T1
        measured = replace(measured, pre_contrast=t1.astype(np.float32), sigma_pre_contrast=sigma_pre_contrast)
        found.append(measured.estimated_error(image, (8.0,))[0][INNER].mean())
    assert abs(np.mean(found)) < 0.004


@pytest.mark.parametrize("at", [-0.999, -0.985, -0.9, 0.0, 0.97])
def test_the_slope_is_that_of_the_mix_at_either_end_of_the_scale(at):
    shape = (3, 3, 3)
    images = np.full(shape, -0.4), np.full(shape, -0.4), np.full(shape, at)
    of = Residual.of(*images, np.ones(shape, bool), 0.3, LowDoseSimulator(None), 0.0, anchoring.STEP)
    np.testing.assert_allclose(of.slope, 0.3, rtol=1e-6)


def test_each_width_sees_what_the_wider_ones_left():
    """With a straight forward model the steps are those of images that were moved one after the other."""
    simulator = LowDoseSimulator(None, 0.004)
    measured = measurement(0.1, 0.1 * np.random.default_rng(2).random(SHAPE), simulator)
    wide, both = measured.estimated_error(restored(), (8.0, 4.0))
    moved = (restored() - wide).astype(np.float32)
    np.testing.assert_allclose(both - wide, measured.estimated_error(moved, (4.0,))[0], atol=1e-5)


def test_wide_averages_find_what_narrow_ones_take_for_noise_and_narrow_ones_what_wide_ones_blur():
    sigma, dose = 0.004, 0.1
    error = np.full(SHAPE, 0.02, dtype=np.float32)
    error[18:22, 16:19, 11:13] += 0.2
    left = {name: [] for name in ("wide", "narrow", "both")}
    for seed in range(10):
        measured = measurement(dose, 0.0, LowDoseSimulator(None, sigma), sigma_pre_contrast=sigma, seed=seed)
        for name, how in (
            ("wide", DoseAnchor(dose=dose, fwhm_mm=12.0, weight=1.0)),
            ("narrow", DoseAnchor(dose=dose, fwhm_mm=3.0, weight=1.0)),
            ("both", DoseAnchor(dose=dose, fwhm_mm=3.0, coarsest_mm=12.0, weight=1.0)),
        ):
            moved = measured.anchored(restored() + error, how)
            left[name].append(np.mean((moved[INNER] + 0.3) ** 2))
    mean = {name: np.mean(squares) for name, squares in left.items()}
    assert mean["both"] < 0.75 * min(mean["wide"], mean["narrow"])


@settings(deadline=None, max_examples=100)
@given(st.floats(0.5, 10), st.floats(0, 40))
def test_widths_are_a_geometric_row_from_the_coarsest_to_the_finest(fwhm, coarsest):
    widths = DoseAnchor(dose=0.1, fwhm_mm=fwhm, coarsest_mm=coarsest, weight=1.0).widths_mm
    assert widths[-1] == pytest.approx(fwhm)
    assert widths[0] == pytest.approx(max(fwhm, coarsest) if len(widths) > 1 else fwhm)
    ratios = [wide / narrow for wide, narrow in itertools.pairwise(widths)]
    assert ratios == pytest.approx([ratios[0]] * len(ratios) if ratios else [])
    assert all(2**0.5 * 0.999 <= ratio <= 2**1.5 * 1.001 for ratio in ratios)


@pytest.mark.parametrize("ladder", LADDERS_MM)
def test_widths_of_a_tuned_choice_are_those_that_were_tried(ladder):
    for number, finest in enumerate(ladder):
        how = DoseAnchor(dose=0.1, fwhm_mm=finest, coarsest_mm=ladder[0], weight=1.0)
        assert how.widths_mm == pytest.approx(ladder[: number + 1])


def test_what_was_not_measured_stays():
    head = np.zeros(SHAPE, bool)
    head[:30] = True
    measured = measurement(0.3, 0.0, LowDoseSimulator(), head=head)
    image = restored(0.1)
    image[5:9] = 1.0  # clipped
    measured.low_dose[12:15] = BACKGROUND  # cut away
    moved = measured.anchored(image, DoseAnchor(dose=0.3, fwhm_mm=4.0, weight=1.0))
    for untouched in (np.s_[30:], np.s_[5:9], np.s_[12:15]):
        np.testing.assert_array_equal(moved[untouched], image[untouched])
    np.testing.assert_allclose(moved[20:26], -0.3, atol=1e-4)


def anchor(*doses):
    intervals = IntervalCalibration(doses=(0.1, 0.5), factors=(1.0, 2.0), n_patients=3)
    return Anchor(doses=doses, intervals=intervals)


@settings(deadline=None, max_examples=30)
@given(st.floats(0, 1))
def test_between_the_tuned_doses_it_is_linear(dose):
    one = anchor(
        DoseAnchor(dose=0.1, fwhm_mm=4.0, coarsest_mm=16.0, weight=0.2),
        DoseAnchor(dose=0.5, fwhm_mm=2.0, coarsest_mm=2.0, weight=1.0),
    )
    share = np.clip((dose - 0.1) / 0.4, 0, 1)
    assert one.at(dose).fwhm_mm == pytest.approx(4 - 2 * share)
    assert one.at(dose).coarsest_mm == pytest.approx(16 - 14 * share)
    assert one.at(dose).weight == pytest.approx(0.2 + 0.8 * share)
    assert one.at(dose).dose == dose


@pytest.mark.parametrize("dose", [0.1, 0.3, 0.5])
def test_a_hair_beside_a_tuned_dose_widths_are_a_hair_beside_those_that_were_tuned(dose):
    one = anchor(
        DoseAnchor(dose=0.0, fwhm_mm=2.0, coarsest_mm=16.0, weight=0.0),  # says nothing, and pulls on nothing
        DoseAnchor(dose=0.1, fwhm_mm=4.0, coarsest_mm=4.0, weight=1.0),
        DoseAnchor(dose=0.3, fwhm_mm=1.5, coarsest_mm=12.0, weight=1.0),
        DoseAnchor(dose=0.5, fwhm_mm=1.5, coarsest_mm=3.0, weight=0.5),
        DoseAnchor(dose=1.0, fwhm_mm=1.5, coarsest_mm=1.5, weight=0.0),
    )
    for beside in (dose - 1e-6, dose + 1e-6):
        assert one.at(beside).widths_mm == pytest.approx(one.at(dose).widths_mm, abs=1e-3)
    assert one.at(0.02).widths_mm == (4.0,)
    assert one.at(0.9).widths_mm == pytest.approx((3.0, 1.5))


def test_a_file_of_before_names_one_width(tmp_path):
    (tmp_path / ANCHOR).write_text(
        "format: 1\ndoses:\n- {dose: 0.1, fwhm_mm: 3.0, weight: 1.0}\n"
        "intervals: {level: 0.9, doses: [0.1], factors: [1.0], n_patients: 3, scanned: []}\n",
        encoding="utf-8",
    )
    assert read_anchor(tmp_path).at(0.1).widths_mm == (3.0,)


def test_it_is_kept_in_the_model_folder(tmp_path):
    assert read_anchor(tmp_path) is None
    one = anchor(DoseAnchor(dose=0.1, fwhm_mm=4.0, weight=0.25))
    write_anchor(tmp_path, one)
    assert read_anchor(tmp_path) == one
    (tmp_path / ANCHOR).write_text("doses: [", encoding="utf-8")
    with pytest.raises(ModelError, match=r"anchor\.yaml: wanted a readable anchor.yaml"):
        read_anchor(tmp_path)
