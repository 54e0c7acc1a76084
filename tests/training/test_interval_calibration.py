# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch

from lessgad.dose.simulator import LowDoseSimulator
from lessgad.field.conditional_field import ConditionalField
from lessgad.field.presets import FieldSettings
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.slices import restore_slices_in_full
from lessgad.training.interval_calibration import calibrate_intervals
from lessgad.training.validation import ValidationSlices

SMALL = {"channels": (4, 8), "n_blocks": 1, "feature_channels": 4, "field_width": 4, "n_hidden_layers": 1}
FP32 = RestorationSettings(precision="fp32")
DOSES = (0.1, 0.5)


def field(**changes):
    torch.manual_seed(0)
    made = ConditionalField(FieldSettings(**{**SMALL, **changes})).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(0, 0.2)
    return made


def study(seed):
    rng = np.random.default_rng(seed)
    images = rng.uniform(-0.8, 0.8, (2, 3, 24, 20)).astype(np.float32)
    judged = np.zeros((3, 24, 20), dtype=bool)
    judged[:, 5:12, 4:15] = True
    return ValidationSlices(*images, tuple(images), LowDoseSimulator(sigma=0.02), judged, (1.0, 1.0))


@pytest.mark.parametrize("interval", [True, False])
def test_the_studies_it_was_found_on_are_covered_as_promised(interval):
    studies, one = [study(seed) for seed in range(3)], field(interval=interval)
    found = calibrate_intervals(lambda _: one, studies, DOSES, FP32)
    assert (found.doses, found.n_patients, found.level) == (DOSES, 3, 0.9)
    for dose in DOSES:
        covered = []
        for seen in studies:
            images = {"pre_contrast": seen.pre_contrast, "low_dose": seen.low_dose(dose)}
            answer = restore_slices_in_full(one, images, dose, (1.0, 1.0), FP32)
            half_width = found.factor(dose) * (1.0 if answer.half_width is None else answer.half_width)
            covered.append(np.mean((np.abs(answer.restored - seen.standard_dose) <= half_width)[seen.judged]))
        assert 0.9 - 0.002 <= np.mean(covered) <= 0.93  # more than 90 %, so that a patient left out has it


def test_a_field_that_overstates_its_error_is_shrunk():
    studies, one = [study(seed) for seed in range(2)], field()
    before = calibrate_intervals(lambda _: one, studies, DOSES, FP32).factors
    with torch.no_grad():
        one.layers[-1].bias[1] += 5  # softplus is nearly linear there
    after = calibrate_intervals(lambda _: one, studies, DOSES, FP32).factors
    assert all(small < large for small, large in zip(after, before, strict=True))
