# SPDX-License-Identifier: Apache-2.0
from dataclasses import dataclass

import numpy as np
import pytest
from small_study import FIELD, SIMULATION, study, tumor

from lessgad.dose.simulation import simulated_low_dose, study_simulator
from lessgad.restoration.conformal_intervals import IntervalCalibration
from lessgad.restoration.settings import RestorationSettings
from lessgad.training.interval_calibration import calibrate_intervals
from lessgad.training.misalignment import COMMON, OWN, fine_difference, own_share
from lessgad.training.tuning_scans import SimulatedScans, TuningScan, TuningScans
from lessgad.training.validation import ValidationSlices

NUMBERS = (3, 9, 14)


def with_edges(name="p"):
    """A study whose T1ce differs from its T1 along an edge, a little, as it does where it was cut otherwise."""
    from dataclasses import replace

    one = study(name)
    t1ce = one.clean_standard_dose.copy()
    t1ce[5] += 0.1
    t1ce[6] -= 0.1
    return replace(one, clean_standard_dose=t1ce)


def test_where_nothing_is_varied_they_are_the_simulated_low_doses():
    scans = SimulatedScans(study("p"), SIMULATION)
    for dose in (0.0, 0.1, 1.0):
        image, simulator, misaligned = scans.at(dose, NUMBERS)
        assert not misaligned
        assert np.array_equal(image, simulated_low_dose(study("p"), dose, SIMULATION, NUMBERS))
        assert simulator == study_simulator(study("p"), SIMULATION)


def test_in_turn_they_lie_as_training_draws_them():
    """Both have the noise of the low dose as the T1ce lies; what differs are shares of the fine differences."""
    one = with_edges()
    t1, t1ce = (image.transpose(2, 0, 1) for image in one.source_pair)
    fine = fine_difference(t1, t1ce, (1.0, 1.0)).transpose(1, 2, 0)[..., list(NUMBERS)]
    assert np.abs(fine).max() > 0.05
    plain = SimulatedScans(one, SIMULATION).at(0.1, NUMBERS).image
    shares = []
    for deviate in (-1.0, 1.0):
        moved = SimulatedScans(one, SIMULATION, None, 1.0, deviate).at(0.1, NUMBERS).image
        change = (moved - plain)[5:7]
        shares.append(0.1 + float((change * fine[5:7]).sum() / (fine[5:7] ** 2).sum()))
    assert shares == pytest.approx([COMMON - OWN, COMMON + OWN], abs=0.02)
    assert np.mean(shares) == pytest.approx(0.5, abs=0.02)
    assert own_share(0.0) == COMMON


def test_a_scan_without_contrast_lies_as_the_t1_and_a_tumor_stays_where_it_is():
    one, mask = with_edges(), np.zeros((40, 36, 30), bool)
    mask[4:8] = True
    plain = SimulatedScans(one, SIMULATION)
    moved, outlined = SimulatedScans(one, SIMULATION, None, 1.0), SimulatedScans(one, SIMULATION, mask, 1.0)
    assert np.array_equal(moved.at(0.0, NUMBERS).image, plain.at(0.0, NUMBERS).image)
    assert not np.array_equal(moved.at(0.3, NUMBERS).image, plain.at(0.3, NUMBERS).image)
    assert np.allclose(outlined.at(0.3, NUMBERS).image[4:8], plain.at(0.3, NUMBERS).image[4:8], atol=1e-6)


def test_slices_of_validation_are_cut_from_them():
    one = study("p")
    scans = SimulatedScans(one, SIMULATION)
    chosen = ValidationSlices.of(one, tumor(), study_simulator(one, SIMULATION), 3, 1, scans)
    low = chosen.low_dose(0.3)
    whole = simulated_low_dose(one, 0.3, SIMULATION)
    x, y = one.head_box.slices[:2]
    assert np.array_equal(low, whole[x, y][..., list(chosen.numbers)].transpose(2, 1, 0))
    assert low.shape == chosen.pre_contrast.shape
    assert chosen.sigma(0.3) == study_simulator(one, SIMULATION).sigma
    assert chosen.has(0.3)


@dataclass(frozen=True)
class Scanned:
    """Scans of a study at some doses alone."""

    inner: SimulatedScans
    doses: tuple[float, ...]

    def has(self, dose: float) -> bool:
        return dose in self.doses

    def at(self, dose: float, numbers) -> TuningScan:
        assert self.has(dose)
        return self.inner.at(dose, numbers)


def test_a_study_without_a_scan_at_a_dose_does_not_count_there():
    """With one of two left out, what is found is what is found of the other alone."""
    here, there = study("p0"), study("p1")
    everywhere, once = (
        Scanned(SimulatedScans(here, SIMULATION), (0.1, 0.3)),
        Scanned(SimulatedScans(there, SIMULATION), (0.3,)),
    )
    assert isinstance(once, TuningScans)

    def slices(one, scans):
        return ValidationSlices.of(one, tumor(), study_simulator(one, SIMULATION), 3, 0, scans)

    of_both = calibrate_intervals(
        lambda _: FIELD,
        [slices(here, everywhere), slices(there, once)],
        (0.1, 0.3),
        RestorationSettings(),
        scanned=(0.3,),
    )
    of_one = calibrate_intervals(lambda _: FIELD, [slices(here, everywhere)], (0.1,), RestorationSettings())
    assert of_both.factors[0] == of_one.factors[0]
    assert of_both.scanned == (0.3,)


@pytest.mark.parametrize(
    ("dose", "of_scans"),
    [(0.0, False), (0.05, False), (0.1, True), (0.2, True), (0.3, True), (0.4, False), (0.9, False), (1.0, False)],
)
def test_a_factor_is_of_scans_between_two_scanned_doses_alone(dose, of_scans):
    doses = (0.0, 0.1, 0.3, 0.9)
    found = IntervalCalibration(doses=doses, factors=(1.0, 1.0, 1.0, 1.0), n_patients=3, scanned=(0.1, 0.3))
    assert found.of_scans(dose) is of_scans
    assert not IntervalCalibration(doses=doses, factors=(1.0,) * 4, n_patients=3).of_scans(dose)
