# SPDX-License-Identifier: Apache-2.0
"""A restored image held against the scan that it was made of."""

import numpy as np
import pytest
from small_model import model

from lessgad.cohort.acquisition import Acquisition
from lessgad.dose.simulation import SimulationSettings, dose_curve
from lessgad.errors import DoseError, ModelError, SettingsError
from lessgad.preparation.settings import PreparationSettings
from lessgad.restoration.new_scan import new_scan
from lessgad.restoration.scan_discrepancy import discrepancy_of_scan, forward_model
from lessgad.volume import same_grid

GRADIENT_ECHO = Acquisition(
    field_strength_t=1.5,
    echo_time_ms=4.6,
    repetition_time_ms=25.0,
    flip_angle_rad=0.5,
    scanning_sequence=("GR",),
    sequence_variant=("SP",),
)


@pytest.fixture
def low_of_pair(lopsided):
    """T1, T1ce, and a low dose that follows the equation of a gradient echo, on the scale of the T1."""
    t1, t1ce = lopsided.pair()
    curve = dose_curve(GRADIENT_ECHO, SimulationSettings())
    bright = np.maximum(t1ce.array * 300 / 70, t1.array)
    low = curve.mix(t1.array.astype(np.float32), bright.astype(np.float32), 0.3)
    rng = np.random.default_rng(5)
    return t1, t1.with_array(bright), t1.with_array(np.abs(low + rng.normal(0, 6, low.shape)).astype(np.float32))


@pytest.mark.usefixtures("at_home")
def test_a_restored_image_is_held_against_the_scan(tmp_path, low_of_pair):
    """A field of zeros shows the low dose itself: too little, where the ball of 7.2 ml enhances."""
    t1, _, low = low_of_pair
    restorer = model(tmp_path, bias=0.0, inputs=("pre_contrast", "low_dose"))
    restoration = restorer.restore_in_full(low, 0.3, t1, acquisition=GRADIENT_ECHO, check=True)
    found = restoration.discrepancy
    assert same_grid(found.error, low)
    volume_ml = 2.0 * 2.0 * 3.5 / 1000
    assert found.unsupported_ml == pytest.approx((found.error.array > 0).sum() * volume_ml)
    assert found.overlooked_ml == pytest.approx((found.error.array < 0).sum() * volume_ml)
    assert 0.5 < found.overlooked_ml < 20
    assert found.error.array.min() < -0.2 * 300
    assert 0 < found.detectable[10.0] < found.detectable[5.0]
    assert "ml are brighter than measured" in found.words
    assert restorer.restore_in_full(low, 0.3, t1, acquisition=GRADIENT_ECHO).discrepancy is None


@pytest.mark.usefixtures("at_home")
def test_what_the_scan_does_not_show_is_unsupported(low_of_pair):
    """The true standard dose, held against a scan without contrast and against one with."""
    t1, t1ce, low = low_of_pair
    settings, curve = PreparationSettings(), forward_model(0.3, SimulationSettings(), GRADIENT_ECHO, "scanned")
    without = t1.with_array(np.abs(t1.array + np.random.default_rng(6).normal(0, 6, t1.array.shape)).astype(np.float32))
    found = []
    for scan in (without, low):
        new = new_scan(scan, t1, settings)
        image = new.normalization.apply(t1ce.array)
        found.append(discrepancy_of_scan(new, image, 0.3, curve, 2 / settings.full_scale))
    assert 4 < found[0].unsupported_ml < 12
    assert found[0].overlooked_ml == 0
    assert found[1].unsupported_ml + found[1].overlooked_ml < 0.5


@pytest.mark.usefixtures("at_home")
def test_an_image_that_is_wrong_everywhere_is_said_to_be(tmp_path, low_of_pair):
    t1, _, low = low_of_pair
    restorer = model(tmp_path, bias=0.6, inputs=("pre_contrast", "low_dose"))
    found = restorer.restore_in_full(low, 0.3, t1, acquisition=GRADIENT_ECHO, check=True).discrepancy
    assert found.inflation > 5
    assert "differ all over the head" in found.words


@pytest.mark.usefixtures("at_home")
def test_a_real_scan_without_an_equation_is_not_held_against_the_image(tmp_path, low_of_pair):
    t1, _, low = low_of_pair
    restorer = model(tmp_path, inputs=("pre_contrast", "low_dose"))
    for acquisition in (None, Acquisition(scanning_sequence=("GR",), sequence_variant=("SP",))):
        with pytest.raises(
            ModelError,
            match=r"No signal equation can be used for this scan.*ScanningSequence|No signal equation.*RepetitionTime",
        ):
            restorer.restore_in_full(low, 0.3, t1, acquisition=acquisition, check=True)
    assert restorer.restore_in_full(low, 0.3, t1, origin="simulated", check=True).discrepancy is not None


def test_what_the_check_needs(tmp_path, scan):
    restorer = model(tmp_path)
    how = {"acquisition": GRADIENT_ECHO, "check": True}
    with pytest.raises(ModelError, match="--pre-contrast"):
        restorer.restore_in_full(scan, 0.3, **how)
    with pytest.raises(SettingsError, match="Leave --spacing out"):
        restorer.restore_in_full(scan, 0.3, scan, spacing_mm=(1.0, 1.0), **how)
    with pytest.raises(DoseError, match="above 0"):
        restorer.restore_in_full(scan, 0.0, scan, **how)
