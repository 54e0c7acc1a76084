# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from lessgad.dose.simulation import SetNoise, SimulationSettings
from lessgad.field.conditional_field import ConditionalField
from lessgad.field.presets import FieldSettings
from lessgad.preparation.head import HeadBox
from lessgad.preparation.normalisation import Normalisation
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.restoration.anchor import DoseAnchor
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.slices import RestoredSlices
from lessgad.training import anchor_tuning
from lessgad.training.anchor_tuning import RestoredSlab, Slab, tune_anchor
from lessgad.training.tuning_scans import SimulatedScans

SHAPE = (40, 36, 30)
FIELD = ConditionalField(
    FieldSettings(channels=(4, 8), n_blocks=1, feature_channels=4, field_width=4, n_hidden_layers=1)
)
SIMULATION = SimulationSettings(model="linear", noise=SetNoise(snr=30.0))


def study(name):
    rng = np.random.default_rng([ord(letter) for letter in name])
    t1 = np.full(SHAPE, -0.4, dtype=np.float32)
    t1ce = t1.copy()
    t1ce[12:28, 12:28, 10:20] += 0.4
    noise = rng.normal(0, 0.02, (2, *SHAPE)).astype(np.float32)
    return PreparedStudy(
        patient=name,
        session="",
        pre_contrast=t1 + noise[0],
        standard_dose=t1ce + noise[1],
        labels=None,
        head=np.ones(SHAPE, bool),
        head_box=HeadBox(2, 38, 2, 34),
        normalisation=Normalisation(0.0, 1.0),
        spacing_mm=(1.0, 1.0, 1.0),
        sigma=0.02,
        sigma_pre_contrast=0.02,
        clean_pre_contrast=t1,
        clean_standard_dose=t1ce,
    )


def tumor():
    mask = np.zeros(SHAPE, bool)
    mask[14:26, 14:26, 12:18] = True
    return mask


def slabs(n=3):
    studies = [study(f"p{number}") for number in range(n)]
    return [Slab.of(one, tumor(), SimulatedScans(one, SIMULATION)) for one in studies]


def knows(monkeypatch, error):
    """A field that gives the standard dose without noise, but for an error."""

    def restore(_field, images, _dose, _spacing_mm, _settings):
        truth = np.full(images["low_dose"].shape, -0.4, dtype=np.float32)
        n_z = len(truth)
        first = (n_z - 10) // 2
        truth[first : first + 10, 10:26, 10:26] += 0.4
        return RestoredSlices(truth + np.float32(error), None)

    monkeypatch.setattr(anchor_tuning, "restore_slices_in_full", restore)


def test_a_field_that_errs_alike_everywhere_is_moved_with_the_widest_kernel(monkeypatch):
    knows(monkeypatch, 0.2)
    found = tune_anchor(FIELD, slabs(), (0.0, 0.1, 0.3), RestorationSettings())
    assert [how.weight for how in found.doses] == [0.0, pytest.approx(1.0, abs=0.051), pytest.approx(1.0, abs=0.051)]
    assert all(how.coarsest_mm >= 8 for how in found.doses[1:])
    assert found.intervals.doses == (0.0, 0.1, 0.3)
    off = found.intervals.factors
    assert off[0] == pytest.approx(0.2 + 1.28 * 0.02, abs=0.01)  # at dose 0 nothing helps
    assert off[2] < 0.06


def test_the_mean_square_of_every_choice_is_that_of_the_image_moved_so(monkeypatch):
    knows(monkeypatch, 0.05)
    (slab,) = slabs(1)
    one = anchor_tuning.restore_slab(FIELD, slab, 0.1, RestorationSettings())
    squares, judged = one.mean_squares(), slab.cut(slab.judged)
    assert squares.shape == (len(anchor_tuning.WIDTHS_MM), len(anchor_tuning.WEIGHTS))
    for row, (coarsest, finest) in enumerate(anchor_tuning.WIDTHS_MM):
        how = DoseAnchor(dose=0.1, fwhm_mm=finest, coarsest_mm=coarsest, weight=0.5)
        off = (one.measured.anchored(one.restored, how) - slab.cut(slab.study.standard_dose))[judged]
        assert squares[row, 10] == pytest.approx(np.mean(off.astype(float) ** 2), rel=1e-3)


def test_a_field_that_is_right_is_left_alone(monkeypatch):
    knows(monkeypatch, 0.0)
    found = tune_anchor(FIELD, slabs(), (0.1,), RestorationSettings())
    alone = tune_anchor(FIELD, slabs(), (0.0,), RestorationSettings())
    assert found.intervals.factors[0] == pytest.approx(alone.intervals.factors[0], rel=0.05)


def table(n_db_better, weight):
    """Mean squares, the row of (12, 3) and one weight better than all others by so many decibels."""
    row = anchor_tuning.WIDTHS_MM.index((12.0, 3.0))
    squares = np.full((len(anchor_tuning.WIDTHS_MM), len(anchor_tuning.WEIGHTS)), 0.01)
    squares[row, weight] /= 10 ** (n_db_better / 10)
    return squares


@pytest.mark.parametrize(("better", "worse", "weight"), [(1.0, 0.5, 10), (1.0, 2.0, 15), (0.0, 0.0, 0)])
def test_the_choice_is_the_best_on_the_mean_of_patients_and_of_equals_the_least(monkeypatch, better, worse, weight):
    """Two slabs that want 50 % and 75 %, with more to gain in the one or the other."""
    (slab,) = slabs(1)
    restored = [RestoredSlab(slab, slab.measured(0.1), slab.cut(slab.study.pre_contrast), None)] * 2
    tables = iter([table(better, 10), table(worse, 15)])
    monkeypatch.setattr(RestoredSlab, "mean_squares", lambda _: next(tables))
    how = anchor_tuning._best(restored, 0.1)
    assert how.weight == pytest.approx(anchor_tuning.WEIGHTS[weight])
    if weight:
        assert (how.coarsest_mm, how.fwhm_mm) == (12.0, 3.0)


def test_what_the_scan_shows_and_the_standard_dose_does_not_is_not_moved_to(monkeypatch):
    """The low dose lies otherwise: a field that knows better is left alone where the scan would mislead it."""
    knows(monkeypatch, 0.0)
    moved = []
    for name in ("p0", "p1", "p2"):
        one = study(name)
        low = replace(one, clean_standard_dose=np.roll(one.clean_standard_dose, 4, axis=0))
        moved.append(Slab.of(one, tumor(), SimulatedScans(low, SIMULATION)))
    (how,) = tune_anchor(FIELD, moved, (0.3,), RestorationSettings()).doses
    assert how.weight < 0.5


def test_the_slab_has_a_margin_and_ends_with_the_volume():
    assert slabs(1)[0].numbers == tuple(range(4, 26))
    whole = Slab.of(study("p"), None, SimulatedScans(study("p"), SIMULATION))
    assert whole.numbers == tuple(range(30))
    low = whole.measured(0.3)
    assert low.low_dose.shape == (36, 32, 30)
