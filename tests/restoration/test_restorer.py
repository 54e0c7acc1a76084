# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch
from scipy import ndimage

from lessgad import Restorer
from lessgad.cohort.acquisition import Acquisition
from lessgad.dose.simulation import SimulationSettings, dose_curve
from lessgad.errors import CalibrationError, DoseError, ModelError, SettingsError, StudyError
from lessgad.field.checkpoint import BEST, ModelDescription, write_description, write_weights
from lessgad.field.conditional_field import ConditionalField
from lessgad.field.presets import FieldSettings
from lessgad.preparation import registration
from lessgad.preparation.head import head_box, head_mask
from lessgad.preparation.histogram_peaks import find_peaks
from lessgad.preparation.normalisation import normalisation_from_peaks
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.preparation.settings import PreparationSettings
from lessgad.restoration import restorer as module
from lessgad.restoration.anchor import Anchor, DoseAnchor, write_anchor
from lessgad.restoration.intervals import IntervalCalibration
from lessgad.restoration.new_scan import new_scan
from lessgad.restoration.scan_consistency import consistency_of_scan, forward_model
from lessgad.restoration.settings import RestorationSettings
from lessgad.volume import Volume, same_grid


@pytest.fixture(scope="module")
def scan(lopsided):
    return lopsided.pair()[1]


def model(folder, *, dose=None, weights=0.1, bias=None, **field_changes):
    """A small model on disk: random weights, or nothing but the bias of the last layer."""
    small = {
        "inputs": ("low_dose",),
        "channels": (4,),
        "n_blocks": 1,
        "feature_channels": 4,
        "field_width": 4,
        "n_hidden_layers": 1,
    }
    settings = FieldSettings(**{**small, **field_changes})
    torch.manual_seed(0)
    field = ConditionalField(settings)
    with torch.no_grad():
        for parameter in field.parameters():
            parameter.normal_(0, weights) if bias is None else parameter.zero_()
        if bias is not None:
            field.layers[-1].bias.fill_(bias)
    description = ModelDescription(
        field=settings,
        dose=dose,
        simulation=SimulationSettings(),
        preparation=PreparationSettings(),
        cohort_fingerprint="0",
    )
    write_description(folder, description)
    write_weights(folder / BEST, field)
    return Restorer.load(folder, RestorationSettings(precision="fp32"))


def normalised(scan):
    normalisation = normalisation_from_peaks(find_peaks(scan.array), PreparationSettings().full_scale)
    return normalisation, normalisation.apply(scan.array)


def test_a_model_that_is_not_there(tmp_path):
    with pytest.raises(ModelError, match=r"no model\.yaml"):
        Restorer.load(str(tmp_path / "nowhere"))


def test_settings_are_those_given_or_the_defaults(tmp_path):
    model(tmp_path)
    assert Restorer.load(tmp_path).settings == RestorationSettings()
    assert Restorer.load(tmp_path, RestorationSettings(window="sliding")).settings.window == "sliding"


def test_only_the_head_box_changes_and_the_scan_is_left_alone(lopsided, tmp_path, scan):
    before = scan.array.copy()
    restored = model(tmp_path).restore(scan, 0.1)
    assert np.array_equal(scan.array, before)
    assert same_grid(restored, scan)
    assert restored.array.dtype == np.float32
    box = head_box(head_mask(scan.array, scan.spacing_mm)).slices
    outside = np.ones(lopsided.SHAPE, dtype=bool)
    outside[box] = False
    assert np.array_equal(restored.array[outside], before[outside])
    assert (restored.array != before)[box].mean() > 0.9


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1), (1, 0, 2)])
@pytest.mark.parametrize("flipped", [(), (0,), (1, 2), (0, 1, 2)])
def test_axis_order_of_the_scan_comes_back_and_changes_nothing(lopsided, tmp_path, scan, order, flipped):
    restorer = model(tmp_path)
    expected = restorer.restore(scan, 0.3).array
    flip = np.eye(4)
    for axis in flipped:
        flip[axis, axis], flip[axis, 3] = -1, lopsided.SHAPE[axis] - 1
    turned = Volume(np.flip(scan.array, flipped).transpose(order), (lopsided.AFFINE @ flip)[:, [*order, 3]])
    restored = restorer.restore(turned, 0.3)
    assert same_grid(restored, turned)
    back = np.flip(restored.array.transpose(np.argsort(order)), flipped)
    np.testing.assert_allclose(back, expected, rtol=0, atol=1e-4 * expected.max())


def test_an_oblique_scan_is_restored_on_its_own_grid(lopsided, tmp_path, scan):
    restorer = model(tmp_path)
    oblique = Volume(scan.array, lopsided.OFFSET.matrix @ lopsided.AFFINE)
    restored = restorer.restore(oblique, 0.3)
    assert np.array_equal(restored.affine, oblique.affine)
    np.testing.assert_allclose(restored.array, restorer.restore(scan, 0.3).array, rtol=0, atol=1e-3)


@pytest.mark.parametrize("factor", [2.0, 0.0137, 37.3])
@pytest.mark.parametrize("output", ["residual", "tanh"])
def test_intensity_units_are_those_of_the_scan(tmp_path, scan, factor, output):
    restorer = model(tmp_path, output=output)
    expected = restorer.restore(scan, 0.1).array
    scaled = restorer.restore(scan.with_array((factor * scan.array).astype(np.float32)), 0.1).array / factor
    assert np.abs(scaled - expected).max() < 0.01 * np.abs(expected).max()


def test_whole_numbers_are_a_scan_too(tmp_path, scan):
    whole = scan.array.round()
    restorer = model(tmp_path)
    integers = restorer.restore(scan.with_array(whole.astype(np.int16)), 0.1)
    assert np.array_equal(integers.array, restorer.restore(scan.with_array(whole), 0.1).array)


@pytest.mark.parametrize("window", ["whole_slice", "sliding"])
def test_the_full_dose_comes_back(tmp_path, scan, window):
    model(tmp_path)
    restorer = Restorer.load(tmp_path, RestorationSettings(window=window))
    restored = restorer.restore(scan, 1.0).array
    np.testing.assert_allclose(restored, scan.array, rtol=0, atol=1e-5 * scan.array.max())
    if window == "whole_slice":
        assert np.array_equal(restored, scan.array)


def test_the_result_is_the_field_on_the_normalised_scan(tmp_path, scan):
    restorer = model(tmp_path, output="tanh")
    normalisation, low = normalised(scan)
    restored = normalisation.apply(restorer.restore(scan, 0.1).array)
    box = head_box(head_mask(scan.array, scan.spacing_mm))
    expected = module.restore_volume(
        restorer.field, {"low_dose": low}, 0.1, box, (2.0, 2.0, 3.5), restorer.settings
    ).restored
    unclipped = np.abs(low) < 1
    np.testing.assert_allclose(restored[unclipped], expected[unclipped], rtol=0, atol=1e-5)


def test_what_normalisation_clips_is_not_lost(tmp_path, scan):
    """A field that darkens everything alike: so must it darken fat beyond full scale, and not flatten it."""
    bright = scan.array.copy()
    bright[40:50, 50:60, 15:25] *= 9
    bright = scan.with_array(bright)
    normalisation, low = normalised(bright)
    assert (low == 1).sum() > 500
    restored = model(tmp_path, bias=-0.02).restore(bright, 0.5).array
    box = head_box(head_mask(bright.array, bright.spacing_mm)).slices
    change = (restored - bright.array)[box][low[box] > -0.98]
    expected = -0.02 * (1 - 0.5) * (normalisation.full_scale - normalisation.background) / 2
    np.testing.assert_allclose(change, expected, rtol=0.01)


def test_a_model_with_pre_contrast_asks_for_it(tmp_path, scan):
    restorer = model(tmp_path, inputs=("pre_contrast", "low_dose"))
    assert restorer.needs_pre_contrast
    with pytest.raises(ModelError, match="pre-contrast"):
        restorer.restore(scan, 0.1)
    assert not model(tmp_path / "other").needs_pre_contrast


def test_a_model_of_one_dose_refuses_others(tmp_path, scan):
    restorer = model(tmp_path, dose=0.3)
    for near in (0.3, 0.304):
        restorer.restore(scan, near)
    for other in (0.1, 0.31, 0.0, 1.0):
        with pytest.raises(DoseError, match="30 %"):
            restorer.restore(scan, other)
    with pytest.raises(DoseError, match="30 %"):
        model(tmp_path / "t1", dose=0.3, inputs=("pre_contrast", "low_dose")).restore(scan, 0.1)


def test_a_model_of_dose_zero_refuses_others(tmp_path, scan):
    restorer = model(tmp_path, dose=0.0)
    restorer.restore(scan, 0.0)
    with pytest.raises(DoseError, match="0 %"):
        restorer.restore(scan, 0.1)


@pytest.mark.parametrize("dose", [-0.1, 1.01, 10.0, float("nan"), float("inf")])
@pytest.mark.parametrize("trained", [None, 0.3])
def test_what_is_no_dose_is_refused(tmp_path, scan, dose, trained):
    with pytest.raises(DoseError, match="between 0 and 1"):
        model(tmp_path, dose=trained).restore(scan, dose)


def test_what_is_no_head_is_refused(lopsided, tmp_path, scan):
    restorer = model(tmp_path)
    with pytest.raises((CalibrationError, StudyError)):
        restorer.restore(scan.with_array(np.full(lopsided.SHAPE, 3.0, dtype=np.float32)), 0.1)


@pytest.mark.slow
def test_a_pre_contrast_scan_is_moved_onto_the_low_dose_and_rules_its_scale(lopsided, tmp_path, monkeypatch):
    t1, t1ce = lopsided.pair()
    low = t1ce.with_array((0.5 * t1.array * 70 / 300 + 0.5 * t1ce.array).astype(np.float32))
    elsewhere = Volume(t1.array, lopsided.OFFSET.matrix @ lopsided.AFFINE)
    seen = {}

    def spy(field, images, *rest):
        seen.update(images)
        return restore_volume(field, images, *rest)

    restore_volume = module.restore_volume
    monkeypatch.setattr(module, "restore_volume", spy)
    restorer = model(tmp_path, bias=-0.02, inputs=("pre_contrast", "low_dose"))
    restored = restorer.restore(low, 0.5, elsewhere)

    head = head_mask(t1.array, t1.spacing_mm)
    inner = ndimage.binary_erosion(head, iterations=4)
    normalisation, expected = normalised(t1)
    assert np.corrcoef(seen["pre_contrast"][inner], expected[inner])[0, 1] > 0.97  # it was moved home
    difference = seen["low_dose"][inner] - seen["pre_contrast"][inner]
    assert abs(np.median(difference)) < 0.02  # most of the head does not enhance: on one scale now
    change = (restored.array - low.array)[inner]
    expected_change = -0.02 * 0.5 * normalisation.full_scale / 2 * 70 / 300  # in units of the low dose
    assert np.median(change) == pytest.approx(expected_change, rel=0.05)
    assert same_grid(restored, low)

    assert np.array_equal(restorer.restore(low, 1.0, elsewhere).array, low.array)


@pytest.fixture
def at_home(monkeypatch):
    """Scans that lie on each other already: registration finds that nothing is to be moved."""
    monkeypatch.setattr(registration, "register_rigid", lambda *_, **__: RigidTransform.identity())


@pytest.mark.usefixtures("at_home")
def test_a_model_with_a_t2_does_without_and_sees_one(tmp_path, scan):
    restorer = model(tmp_path, inputs=("low_dose", "t2"))
    t2 = scan.with_array(np.where(scan.array > 20, 200 - scan.array, scan.array).astype(np.float32))
    without, seen = restorer.restore(scan, 0.3), restorer.restore(scan, 0.3, t2=t2)
    assert np.abs(seen.array - without.array).max() > 1e-3 * scan.array.max()
    for given in (None, t2):
        assert np.array_equal(restorer.restore(scan, 1.0, t2=given).array, scan.array)


def test_a_model_without_a_t2_takes_none(tmp_path, scan):
    with pytest.raises(ModelError, match="Leave --t2 out"):
        model(tmp_path).restore(scan, 0.3, t2=scan)


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
    found = restoration.consistency
    assert same_grid(found.error, low)
    volume_ml = 2.0 * 2.0 * 3.5 / 1000
    assert found.unsupported_ml == pytest.approx((found.error.array > 0).sum() * volume_ml)
    assert found.overlooked_ml == pytest.approx((found.error.array < 0).sum() * volume_ml)
    assert 0.5 < found.overlooked_ml < 20
    assert found.error.array.min() < -0.2 * 300
    assert 0 < found.detectable[10.0] < found.detectable[5.0]
    assert "ml show more than was measured" in found.words
    assert restorer.restore_in_full(low, 0.3, t1, acquisition=GRADIENT_ECHO).consistency is None


@pytest.mark.usefixtures("at_home")
def test_a_restored_image_is_moved_to_what_was_measured(tmp_path, low_of_pair):
    """A field of zeros shows the low dose itself; its enhancement is small, the measurement knows the whole."""
    t1, t1ce, low = low_of_pair
    restorer = model(tmp_path, bias=0.0, inputs=("pre_contrast", "low_dose"))
    how = DoseAnchor(dose=0.3, fwhm_mm=6.0, weight=1.0)
    intervals = IntervalCalibration(doses=(0.3,), factors=(0.125,), n_patients=1)
    write_anchor(tmp_path, Anchor(doses=(how,), intervals=intervals))
    moving = Restorer.load(tmp_path, RestorationSettings(precision="fp32"))
    ball = t1ce.array > 1.2 * t1.array
    core = ndimage.binary_erosion(ball, iterations=2)

    def missing(restoration):
        return float(np.mean((t1ce.array - restoration.image.array)[core]))

    before = restorer.restore_in_full(low, 0.3, t1, acquisition=GRADIENT_ECHO)
    after = moving.restore_in_full(low, 0.3, t1, acquisition=GRADIENT_ECHO)
    assert missing(before) > 30
    assert abs(missing(after)) < 0.25 * missing(before)
    assert after.half_width is not None
    assert not any("moved" in words for words in after.cautions)
    without = moving.restore_in_full(low, 0.3, t1)
    np.testing.assert_array_equal(without.image.array, before.image.array)
    assert any("was not moved to what was measured: the linear mix" in words for words in without.cautions)
    left = Restorer.load(tmp_path, RestorationSettings(precision="fp32", anchor=False))
    left_alone = left.restore_in_full(low, 0.3, t1, acquisition=GRADIENT_ECHO)
    np.testing.assert_array_equal(left_alone.image.array, before.image.array)


@pytest.mark.usefixtures("at_home")
def test_what_the_scan_does_not_show_is_unsupported(low_of_pair):
    """The true standard dose, held against a scan without contrast and against one with."""
    t1, t1ce, low = low_of_pair
    settings, curve = PreparationSettings(), forward_model(0.3, SimulationSettings(), GRADIENT_ECHO, "scanned")
    without = t1.with_array(np.abs(t1.array + np.random.default_rng(6).normal(0, 6, t1.array.shape)).astype(np.float32))
    found = []
    for scan in (without, low):
        new = new_scan(scan, t1, settings)
        image = new.normalisation.apply(t1ce.array)
        found.append(consistency_of_scan(new, image, 0.3, curve, 2 / settings.full_scale))
    assert 4 < found[0].unsupported_ml < 12
    assert found[0].overlooked_ml == 0
    assert found[1].unsupported_ml + found[1].overlooked_ml < 0.5


@pytest.mark.usefixtures("at_home")
def test_an_image_that_is_wrong_everywhere_is_said_to_be(tmp_path, low_of_pair):
    t1, _, low = low_of_pair
    restorer = model(tmp_path, bias=0.6, inputs=("pre_contrast", "low_dose"))
    found = restorer.restore_in_full(low, 0.3, t1, acquisition=GRADIENT_ECHO, check=True).consistency
    assert found.inflation > 5
    assert "differ all over the head" in found.words


@pytest.mark.usefixtures("at_home")
def test_a_real_scan_without_an_equation_is_not_held_against_the_image(tmp_path, low_of_pair):
    t1, _, low = low_of_pair
    restorer = model(tmp_path, inputs=("pre_contrast", "low_dose"))
    for acquisition in (None, Acquisition(scanning_sequence=("GR",), sequence_variant=("SP",))):
        with pytest.raises(ModelError, match=r"a signal equation for this scan.*linear mix"):
            restorer.restore_in_full(low, 0.3, t1, acquisition=acquisition, check=True)
    assert restorer.restore_in_full(low, 0.3, t1, origin="simulated", check=True).consistency is not None


def test_what_the_check_needs(tmp_path, scan):
    restorer = model(tmp_path)
    how = {"acquisition": GRADIENT_ECHO, "check": True}
    with pytest.raises(ModelError, match="--pre-contrast"):
        restorer.restore_in_full(scan, 0.3, **how)
    with pytest.raises(SettingsError, match="Leave --spacing out"):
        restorer.restore_in_full(scan, 0.3, scan, spacing_mm=(1.0, 1.0), **how)
    with pytest.raises(DoseError, match="above 0"):
        restorer.restore_in_full(scan, 0.0, scan, **how)
