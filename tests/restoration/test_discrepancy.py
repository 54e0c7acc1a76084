# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from made_scene import CURVE, DELTA, SHAPE, SIGMA, SPACING, Scene, ball
from scipy.stats import binom

from lessgad.dose.dose_curve import DoseCurve
from lessgad.dose.noise import add_noise
from lessgad.dose.simulator import BACKGROUND, LowDoseSimulator
from lessgad.errors import DoseError, SettingsError, StudyError
from lessgad.restoration.baselines import subtract_and_scale
from lessgad.restoration.discrepancy import find_discrepancy


@pytest.mark.parametrize("curve", [None, CURVE])
@pytest.mark.parametrize("dose", [0.1, 0.5, 1.0])
def test_the_noise_of_the_residual_is_known(dose: float, curve: DoseCurve | None):
    """The spread of r over what σ, σ_T1 and the forward model say: 1."""
    k = np.array([Scene(dose, curve, seed).check().inflation[0] for seed in range(8)])
    assert k.mean() < 1.06
    too_small = [Scene(dose, curve, seed).check(simulator=LowDoseSimulator(curve, SIGMA / 2), sigma_pre_contrast=0.01)
                 for seed in range(8)]  # fmt: skip
    assert np.mean([c.inflation[0] for c in too_small]) == pytest.approx(2, rel=0.06)


@pytest.mark.parametrize("least_error", [1e-3, DELTA])
def test_the_truth_is_rarely_blamed(least_error: float):
    n = 40
    alarms = sum(bool(Scene(seed=seed).check(least_error=least_error).error.any()) for seed in range(n))
    assert alarms <= binom.ppf(0.999, n, 0.05)


@pytest.mark.parametrize("dose", [0.1, 0.3, 1.0])
def test_what_was_invented_is_unsupported(dose: float):
    where = ball(12)
    for seed in range(3):
        found = Scene(dose, seed=seed, in_restored=0.4 * where).check()
        assert (found.unsupported & where).sum() > 0.7 * where.sum()
        assert found.unsupported_ml == pytest.approx(where.sum() / 1000, rel=0.25)
        assert found.overlooked_ml == 0
        assert found.error[where].mean() == pytest.approx(0.4, rel=0.3)


@pytest.mark.parametrize("dose", [0.1, 0.3, 1.0])
def test_what_was_left_out_is_overlooked(dose: float):
    where = ball(12)
    for seed in range(3):
        found = Scene(dose, seed=seed, in_truth=0.4 * where).check()
        assert found.overlooked_ml == pytest.approx(where.sum() / 1000, rel=0.25)
        assert found.unsupported_ml == 0
        assert found.error[where].mean() == pytest.approx(-0.4, rel=0.3)


def test_both_at_once():
    there = np.roll(ball(10), 12, axis=0)
    found = Scene(0.5, in_restored=0.4 * ball(10), in_truth=0.4 * there).check()
    assert (found.unsupported & ball(10)).any()
    assert (found.overlooked & there).any()
    assert not (found.unsupported & there).any()


def test_errors_below_the_least_pass_however_sure():
    clear = {"sigma": 0.001, "sigma_pre_contrast": 0.001, "dose": 0.5}
    assert not Scene(in_restored=0.9 * DELTA * ball(14), **clear).check().error.any()
    assert Scene(in_restored=1.5 * DELTA * ball(14), **clear).check().unsupported_ml > 0.5 * ball(14).sum() / 1000


def test_an_image_that_only_repeats_the_measurement_is_not_blamed():
    scene = Scene(0.2)
    pre, low, _ = scene.images()
    found = scene.check(subtract_and_scale(pre, low, 0.2))
    assert not found.error.any()
    assert found.inflation == (1.0, 1.0)


def test_another_scale_of_intensities_widens_and_does_not_alarm():
    scene = Scene(0.2)
    pre, low, truth = scene.images()
    found = find_discrepancy(
        pre, (1.05 * (low + 1) - 1).astype(np.float32), truth, dose=0.2, simulator=LowDoseSimulator(sigma=SIGMA),
        head=scene.head, spacing_mm=SPACING, sigma_pre_contrast=SIGMA, least_error=1e-3,
    )  # fmt: skip
    assert not found.error.any()
    assert found.inflation[1] > 3


def test_only_tissue_in_the_head_is_judged():
    head = np.zeros(SHAPE, bool)
    head[:22] = True
    outside = np.zeros(SHAPE, bool)
    outside[26:36, 15:30, 10:20] = True
    assert not Scene(0.5, in_restored=0.5 * outside, head=head).check().error.any()
    with pytest.raises(StudyError, match="signal"):
        Scene(0.5, tissue=-1.0, enhancement=0.0).check()


@pytest.mark.parametrize("snr", [2.5, 3.0, 3.5, 5.0])
def test_dark_tissue_raises_no_alarm(snr: float):
    """Voxels must not be chosen by their noise, nor the Rician bias be taken for an error."""
    head = np.ones(SHAPE, bool)
    for seed in range(3):
        scene = Scene(0.3, seed=seed, tissue=BACKGROUND + 0.5, head=head)
        pre, low, truth = scene.images()
        rng = np.random.default_rng(seed)
        dark, magnitude = np.s_[10:30, 10:30, 8:22], np.full((20, 20, 14), snr * SIGMA)
        pre[dark], low[dark] = (add_noise(magnitude, SIGMA, rng) + BACKGROUND for _ in range(2))
        truth[dark] = snr * SIGMA + BACKGROUND
        found = find_discrepancy(
            pre, low, truth, dose=0.3, simulator=LowDoseSimulator(sigma=SIGMA), head=head, spacing_mm=SPACING,
            sigma_pre_contrast=SIGMA, least_error=DELTA,
        )  # fmt: skip
        assert not found.error.any()


def test_clipped_voxels_are_not_judged():
    where = ball(12)
    found = Scene(0.5, in_truth=5.0 * where, in_restored=(1.0 - (-0.3)) * where).check()
    assert not found.error[where].any()


def test_without_noise_every_error_above_the_least_is_found():
    quiet = {"sigma": 0.0, "sigma_pre_contrast": 0.0, "dose": 0.1}
    assert not Scene(**quiet).check().error.any()
    found = Scene(in_restored=4 * DELTA * ball(12), **quiet).check()
    assert found.unsupported_ml == pytest.approx(ball(12).sum() / 1000, rel=0.25)


def test_thick_slices():
    spacing = (0.6, 0.6, 3.0)
    where = ball(10, spacing)
    found = Scene(0.3, in_restored=0.4 * where, spacing=spacing).check()
    assert (found.unsupported & where).any()
    assert found.unsupported_ml == pytest.approx(where.sum() * 1.08e-3, rel=0.4)
    assert found.overlooked_ml == 0


def test_where_no_contrast_was_given_nothing_can_be_checked():
    with pytest.raises(DoseError, match="above 0"):
        Scene(0.0).check()
    with pytest.raises(DoseError):
        Scene(0.2).check(dose=10.0)
    with pytest.raises(SettingsError, match="least error"):
        Scene().check(least_error=0.0)
    with pytest.raises(SettingsError, match="least share"):
        Scene().check(least_share=1.0)


def test_a_share_of_the_enhancement_passes():
    """The forward model may be off by it; what is tolerated is told."""
    clear = {"sigma": 0.002, "sigma_pre_contrast": 0.002, "dose": 0.5, "enhancement": 0.6}
    assert not Scene(in_restored=0.12 * ball(14), **clear).check().error.any()
    assert not Scene(in_truth=0.1 * ball(14), **clear).check().error.any()
    assert Scene(in_restored=0.24 * ball(14), **clear).check().unsupported.any()
    assert Scene(in_truth=0.18 * ball(14), **clear).check().overlooked.any()
    assert Scene(in_restored=0.12 * ball(14), **clear).check(least_share=0.1).unsupported.any()
    told = [Scene(**clear).check(least_share=share).detectable[10.0] for share in (0.0, 0.1, 0.2, 0.4)]
    assert told == sorted(told)
    assert told[2] > 0.15
