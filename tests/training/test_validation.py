# SPDX-License-Identifier: Apache-2.0
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from lessgad.dose.linear import mix
from lessgad.dose.simulator import LowDoseSimulator
from lessgad.evaluation.similarity import psnr_db
from lessgad.field.conditional_field import ConditionalField
from lessgad.field.presets import FieldSettings
from lessgad.preparation.head import HeadBox
from lessgad.preparation.normalization import Normalization
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.slices import restore_slices
from lessgad.training.validation import ValidationSlices
from lessgad.training.validation_figures import validate

SMALL = {
    "inputs": ("low_dose",),
    "channels": (4, 8),
    "n_blocks": 1,
    "n_neighbor_slices": 0,
    "feature_channels": 4,
    "field_width": 4,
    "n_hidden_layers": 1,
}
FP32 = RestorationSettings(precision="fp32")


def field(**changes):
    torch.manual_seed(0)
    return ConditionalField(FieldSettings(**{**SMALL, **changes})).eval()


def slices(seed=0):
    rng = np.random.default_rng(seed)
    images = rng.uniform(-0.8, 0.8, (2, 3, 24, 20)).astype(np.float32)
    judged = np.zeros((3, 24, 20), dtype=bool)
    judged[:, 5:12, 4:15] = True
    return ValidationSlices(*images, tuple(images), LowDoseSimulator(), judged, (1.0, 1.0))


def test_a_field_that_says_nothing_gains_nothing():
    silent = field()
    with torch.no_grad():
        for parameter in silent.parameters():
            parameter.zero_()
    found = validate(silent, [slices()], [0.1, 0.5], FP32)
    psnr, gain = found.psnr_db, found.gain_db
    assert gain == 0
    one = slices()
    expected = [
        psnr_db(mix(one.pre_contrast, one.standard_dose, dose), one.standard_dose, one.judged) for dose in (0.1, 0.5)
    ]
    assert psnr == pytest.approx(np.mean(expected))


@pytest.mark.parametrize("inputs", [("low_dose",), ("pre_contrast", "low_dose")])
def test_gain_is_the_mean_over_studies_and_doses(inputs):
    one = field(inputs=inputs)
    before, after = [], []
    for study in (slices(0), slices(1)):
        for dose in (0.0, 0.4):
            low = mix(study.pre_contrast, study.standard_dose, dose)
            images = {"pre_contrast": study.pre_contrast, "low_dose": low}
            restored = restore_slices(one, images, dose, (1.0, 1.0), FP32)
            before.append(psnr_db(low, study.standard_dose, study.judged))
            after.append(psnr_db(restored, study.standard_dose, study.judged))
    found = validate(one, [slices(0), slices(1)], [0.0, 0.4], FP32)
    psnr, gain = found.psnr_db, found.gain_db
    assert psnr == pytest.approx(np.mean(after))
    assert gain == pytest.approx(np.mean(after) - np.mean(before))
    assert gain != 0


@pytest.mark.parametrize("output", ["residual", "tanh"])
def test_the_full_dose_has_nothing_to_gain_and_is_left_out(output):
    one = field(output=output)
    assert validate(one, [slices()], [0.3, 1.0], FP32) == validate(one, [slices()], [0.3], FP32)
    nothing = validate(one, [slices()], [1.0], FP32)
    assert math.isnan(nothing.psnr_db)
    assert math.isnan(nothing.gain_db)


def study(tumor_slices=range(2, 9)):
    rng = np.random.default_rng(0)
    pre, post = rng.uniform(-1, 1, (2, 14, 16, 12)).astype(np.float32)
    head = np.zeros((14, 16, 12), dtype=bool)
    head[2:12, 3:15, 1:11] = True
    tumor = np.zeros_like(head)
    for k in tumor_slices:
        tumor[5 + k % 2, 6:9, k] = True
    prepared = PreparedStudy(
        "1",
        "",
        pre,
        post,
        tumor.astype(np.int32),
        head,
        HeadBox(2, 12, 3, 15),
        (0.5, 0.7, 3.0),
        Normalization(0.0, 1.0),
    )
    return prepared, tumor


def test_slices_run_evenly_through_the_tumor():
    prepared, tumor = study()
    chosen = ValidationSlices.of(prepared, tumor, LowDoseSimulator(), 3)
    for index, k in enumerate((2, 5, 8)):
        assert np.array_equal(chosen.pre_contrast[index], prepared.pre_contrast[2:12, 3:15, k].T)
        assert np.array_equal(chosen.standard_dose[index], prepared.standard_dose[2:12, 3:15, k].T)
    assert chosen.judged.shape == (3, 12, 10)
    assert chosen.judged.sum() == 3 * 3 * 2  # the box is two wide though each slice of the tumor is one
    assert chosen.judged[0, 3:6, 3:5].all()
    assert chosen.spacing_mm == (0.7, 0.5)


def test_no_more_slices_than_there_are_and_none_twice():
    prepared, tumor = study(range(4, 6))
    assert len(ValidationSlices.of(prepared, tumor, LowDoseSimulator(), 8).judged) == 2
    assert len(ValidationSlices.of(prepared, tumor, LowDoseSimulator(), 1).judged) == 1


def test_without_a_mask_the_head_is_judged():
    prepared, _ = study()
    chosen = ValidationSlices.of(prepared, None, LowDoseSimulator(), 4)
    assert len(chosen.judged) == 4
    assert chosen.judged.all()


def noisy(seed=0):
    one = slices()
    clean = one.source_pair[0] * np.float32(0.5), one.source_pair[1] * np.float32(0.5)
    return replace(one, source_pair=clean, simulator=LowDoseSimulator(sigma=0.05, seed=(seed,)))


def test_low_doses_are_mixed_from_the_end_points_with_the_same_noise_at_each_call():
    one = noisy()
    noise = {dose: one.low_dose(dose) - mix(*one.source_pair, dose) for dose in (0.1, 0.5)}
    for dose, added in noise.items():
        assert added.std() == pytest.approx(0.05, rel=0.1)
        assert np.array_equal(one.low_dose(dose), noisy().low_dose(dose))
    noise["another study"] = noisy(seed=1).low_dose(0.1) - mix(*one.source_pair, 0.1)
    noise["another slice"] = noise[0.1][[1, 2, 0]]
    for one_noise, other in itertools.combinations(noise.values(), 2):
        assert abs(np.corrcoef(one_noise.ravel(), other.ravel())[0, 1]) < 0.1  # 3.8 / √1440


def test_with_noise_validation_is_the_same_each_time_and_the_target_stays_the_scan():
    one, study = field(), noisy()
    assert validate(one, [study], [0.1, 0.5], FP32) == validate(one, [study], [0.1, 0.5], FP32)
    silent = field()
    with torch.no_grad():
        for parameter in silent.parameters():
            parameter.zero_()
    found = validate(silent, [study], [0.5], FP32)
    psnr, gain = found.psnr_db, found.gain_db
    assert gain == 0
    assert psnr == pytest.approx(psnr_db(study.low_dose(0.5), study.standard_dose, study.judged))


def test_slices_around_come_along_and_are_not_judged():
    prepared, tumor = study()
    chosen = ValidationSlices.of(prepared, tumor, LowDoseSimulator(), 3, n_neighbor_slices=1)
    alone = ValidationSlices.of(prepared, tumor, LowDoseSimulator(), 3)
    taken = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert np.array_equal(chosen.pre_contrast, prepared.pre_contrast[2:12, 3:15][..., taken].transpose(2, 1, 0))
    assert np.flatnonzero(chosen.judged.any(axis=(1, 2))).tolist() == [1, 4, 7]
    assert np.array_equal(chosen.judged[[1, 4, 7]], alone.judged)


@pytest.mark.parametrize("interval", [True, False])
def test_judged_slices_are_restored_as_in_the_whole_stack(interval):
    prepared, tumor = study()
    chosen = ValidationSlices.of(prepared, tumor, LowDoseSimulator(), 3, n_neighbor_slices=1)
    one, low_dose = (
        field(inputs=("pre_contrast", "low_dose"), n_neighbor_slices=1, interval=interval),
        chosen.low_dose(0.3),
    )
    answer = chosen.restored(one, low_dose, 0.3, FP32)
    images = {
        "pre_contrast": prepared.pre_contrast,
        "low_dose": mix(prepared.pre_contrast, prepared.standard_dose, 0.3),
    }
    cut = {name: np.ascontiguousarray(image[2:12, 3:15].transpose(2, 1, 0)) for name, image in images.items()}
    whole = restore_slices(one, cut, 0.3, (0.7, 0.5), FP32)
    np.testing.assert_allclose(answer.restored[[1, 4, 7]], whole[[2, 5, 8]], rtol=0, atol=1e-5)
    assert np.array_equal(answer.restored[[0, 2, 3]], low_dose[[0, 2, 3]])
    assert (answer.half_width is not None) == interval
