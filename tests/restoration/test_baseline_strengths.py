# SPDX-License-Identifier: Apache-2.0
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_scene import CURVE

from lessgad.dose.simulator import LowDoseSimulator
from lessgad.errors import DoseError, InputError, SettingsError
from lessgad.evaluation.similarity import psnr_db
from lessgad.field.measured_enhancement import ScanFacts
from lessgad.restoration.baseline_strengths import (
    BaselineStrengths,
    DoseStrengths,
    _denoised,
    read_strengths,
    tune_baselines,
    write_strengths,
)
from lessgad.restoration.denoised_baselines import denoise, denoise_and_scale
from lessgad.restoration.gaussian_baseline import scaled_average, scaled_averages

SIGMA = 0.03


@dataclass
class Slices:
    """Two slices of a block that enhances; T1 and low dose with noise of their own."""

    enhancement: float = 0.5
    sd: float = SIGMA
    without: tuple[float, ...] = ()
    seed: int = 1
    n: int = 40
    simulator: LowDoseSimulator = field(init=False)
    judged: np.ndarray = field(init=False)
    clean: np.ndarray = field(init=False)
    pre_contrast: np.ndarray = field(init=False)
    standard_dose: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.simulator = LowDoseSimulator(sigma=self.sd, seed=(self.seed,))
        rng = np.random.default_rng(self.seed)
        self.clean = np.full((2, self.n, self.n), -0.5, np.float32)
        truth = self.clean.copy()
        truth[:, 12:28, 12:28] += np.float32(self.enhancement)
        self.judged = np.zeros(truth.shape, bool)
        self.judged[:, 10:30, 10:30] = True
        noise = self.sd * rng.standard_normal((2, *truth.shape)).astype(np.float32)
        self.pre_contrast, self.truth, self.standard_dose = self.clean + noise[0], truth, truth + noise[1]

    def has(self, dose: float) -> bool:
        return dose not in self.without

    def sigma(self, dose: float) -> float:  # noqa: ARG002
        return self.sd

    def facts_at(self, dose: float) -> ScanFacts:  # noqa: ARG002
        return ScanFacts((1.0, 1.0, 1.0))

    def low_dose(self, dose: float) -> np.ndarray:
        rng = np.random.default_rng([self.seed, round(1e6 * dose)])
        return self.simulator.scan(self.clean, self.truth, dose, rng)


def mean_psnr(studies: list[Slices], restore, dose: float) -> float:
    values = []
    for study in studies:
        pre, low = (image.transpose(2, 1, 0) for image in (study.pre_contrast, study.low_dose(dose)))
        values.append(psnr_db(restore(study, pre, low).transpose(2, 1, 0), study.standard_dose, study.judged))
    return float(np.mean(values))


STUDIES = [Slices(0.3, seed=1), Slices(0.6, seed=2), Slices(0.9, sd=0.015, seed=3)]


@pytest.mark.parametrize("dose", [0.1, 0.3, 0.8])
def test_no_other_gaussian_is_better(dose: float):
    tuned = tune_baselines(STUDIES, [dose]).at(dose)

    def with_gaussian(width: float, scale: float) -> float:
        values = []
        for study in STUDIES:
            low = study.low_dose(dose)
            average = scaled_average(study.pre_contrast, low, dose, study.facts_at(dose), width)
            restored = study.pre_contrast + np.float32(scale) * average
            values.append(psnr_db(restored, study.standard_dose, study.judged))
        return float(np.mean(values))

    best = with_gaussian(tuned.gaussian_mm, tuned.gaussian_scale)
    for width in (0.0, 0.4, 1.0, 1.7, 3.0):
        for scale in (0.5, 0.9, 1.0, 1.2):
            assert with_gaussian(width, scale) <= best + 1e-3


@pytest.mark.parametrize("curve", [None, CURVE])
def test_part_of_several_averages_is_that_of_each_alone(curve):
    study, facts = Slices(n=60), ScanFacts((2.0, 0.7, 0.9), 0.01, curve, sigma_low_dose=0.03)
    low, part, widths = study.low_dose(0.3), (slice(20, 27), slice(3, 31)), (0.0, 0.6, 2.2)
    low[:, :, 50:] = -1  # not scanned
    found = scaled_averages(study.pre_contrast, low, 0.3, facts, widths, [1], part)
    for width, one in zip(widths, found, strict=True):
        whole = scaled_average(study.pre_contrast, low, 0.3, facts, width)
        np.testing.assert_allclose(one[0], whole[1][part], rtol=0, atol=1e-6)


@pytest.mark.parametrize("strength", [0.1, 1.0])
def test_what_is_judged_is_denoised_as_in_the_whole_slice(strength: float):
    study = Slices(n=80)
    study.judged[0] = False
    whole = denoise(study.standard_dose.transpose(2, 1, 0), sigma=SIGMA, strength=strength).transpose(2, 1, 0)
    found = _denoised(study, study.standard_dose, SIGMA, strength)
    np.testing.assert_allclose(found, whole[study.judged], rtol=0, atol=1e-6)
    assert np.abs(found - study.standard_dose[study.judged]).max() > SIGMA


@pytest.mark.parametrize("dose", [0.1, 0.3, 0.8])
def test_nothing_tried_is_better(dose: float):
    """Slow oracle: every strength, and λ on a grid."""
    tuned = tune_baselines(STUDIES, [dose], [0.0, 0.2, 0.6]).doses[0]

    def scaled(strength: float, scale: float) -> float:
        return mean_psnr(
            STUDIES,
            lambda s, pre, low: denoise_and_scale(pre, low, sigma=s.sd, strength=strength, scale=scale),
            dose,
        )

    def alone(strength: float) -> float:
        return mean_psnr(STUDIES, lambda s, _pre, low: denoise(low, sigma=s.sd, strength=strength), dose)

    best = max(scaled(strength, scale) for strength in (0.0, 0.2, 0.6) for scale in np.linspace(0, 2 / dose, 41))
    assert scaled(tuned.difference, tuned.scale) > best - 1e-3
    assert alone(tuned.denoise) == max(alone(strength) for strength in (0.0, 0.2, 0.6))


def test_little_dose_is_denoised_and_scaled_more():
    tuned = tune_baselines(STUDIES, [0.9, 0.1, 0.3]).doses
    assert [t.dose for t in tuned] == [0.1, 0.3, 0.9]
    assert tuned[0].scale > tuned[1].scale > tuned[2].scale > 1
    assert tuned[0].difference > 0


def test_it_is_never_worse_than_the_low_dose_or_subtract_and_scale():
    for tuned in tune_baselines(STUDIES, [0.1, 0.5, 1.0]).doses:
        dose = tuned.dose
        before = mean_psnr(STUDIES, lambda _s, _pre, low: low, dose)
        after = mean_psnr(
            STUDIES,
            lambda s, pre, low, t=tuned: denoise_and_scale(pre, low, sigma=s.sd, strength=t.difference, scale=t.scale),
            dose,
        )
        plain = mean_psnr(STUDIES, lambda _s, pre, low, d=dose: pre + (low - pre) / d, dose)
        assert after > max(before, plain) - 1e-3


def test_without_noise_it_is_subtract_and_scale():
    tuned = tune_baselines([Slices(sd=0.0), Slices(0.8, sd=0.0)], [0.1, 0.25, 1.0]).doses
    assert [t.scale for t in tuned] == pytest.approx([10.0, 4.0, 1.0], rel=1e-5)
    assert all(t.denoise == t.difference == 0 for t in tuned)


def test_at_dose_zero_it_stays_between_two_scans_of_the_same_thing():
    tuned = tune_baselines(STUDIES, [0.0]).doses[0]
    assert 0 <= tuned.scale <= 1


def test_a_scan_that_is_its_own_t1_has_nothing_to_scale():
    study = Slices(sd=0.0)
    study.truth = study.clean
    assert tune_baselines([study], [0.5]).doses[0].scale == 1


def test_the_same_each_time():
    assert tune_baselines(STUDIES, [0.1]) == tune_baselines(STUDIES, [0.1])


def table() -> BaselineStrengths:
    rows = ((0.0, 1.0, 0.0, 0.5), (0.1, 0.6, 0.3, 9.0), (0.5, 0.3, 0.3, 2.0))
    return BaselineStrengths(
        doses=tuple(DoseStrengths(dose=a, denoise=b, difference=c, scale=d) for a, b, c, d in rows)
    )


@given(st.floats(0, 1))
def test_between_doses_it_lies_between(dose: float):
    at = table().at(dose)
    assert at.dose == dose
    below = max((t for t in table().doses if t.dose <= dose), key=lambda t: t.dose)
    above = min((t for t in table().doses if t.dose >= dose), key=lambda t: t.dose, default=table().doses[-1])
    for name in ("denoise", "difference", "scale"):
        ends = sorted((getattr(below, name), getattr(above, name)))
        assert ends[0] - 1e-12 <= getattr(at, name) <= ends[1] + 1e-12


def test_at_tuned_doses_it_is_what_was_tuned():
    assert [table().at(dose) for dose in (0.0, 0.1, 0.5)] == list(table().doses)
    assert table().at(0.3).scale == pytest.approx(5.5)


def test_no_dose_is_refused():
    with pytest.raises(DoseError):
        table().at(1.5)


def test_round_trip(tmp_path):
    path = tmp_path / "models" / "baselines.yaml"
    write_strengths(path, table())
    assert read_strengths(path) == table()


@pytest.mark.parametrize(
    "text", [None, "", "format: 2\ndoses: []", "doses: [{dose: 0.5}]", "[", "format: 1\ndoses: []", "\udc80"]
)
def test_damaged_files_are_refused(tmp_path, text):
    path = tmp_path / "baselines.yaml"
    if text is not None:
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match="baselines"):
        read_strengths(path)


def test_doses_must_rise():
    with pytest.raises(ValueError, match="rise"):
        BaselineStrengths(doses=table().doses[::-1])


def test_nobody_to_tune_on():
    with pytest.raises(SettingsError, match="validation"):
        tune_baselines([], [0.1])


def test_slices_of_validation_fit():
    from lessgad.training.validation import ValidationSlices

    study = Slices()
    slices = ValidationSlices(
        study.pre_contrast,
        study.standard_dose,
        (study.clean, study.truth),
        study.simulator,
        study.judged,
        (1.0, 1.0),
    )
    assert tune_baselines([slices], [0.3]).doses[0].scale > 1
