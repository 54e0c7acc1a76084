# SPDX-License-Identifier: Apache-2.0
"""A perfect image stays as it is, whatever noise the scan has: nothing behind the network corrects it by the scan."""

import numpy as np
import pytest
import torch
from made_scene import DELTA, SHAPE, SIGMA, SPACING, ball

from lessgad.dose.noise import add_noise
from lessgad.dose.simulator import BACKGROUND, LowDoseSimulator
from lessgad.evaluation.similarity import psnr_db
from lessgad.field.conditional_field import ConditionalField, FieldOutput
from lessgad.field.presets import FieldSettings
from lessgad.preparation.head import HeadBox
from lessgad.preparation.noise_correlation import WHITE, NoiseCorrelation, gaussian_correlation
from lessgad.restoration.discrepancy import find_discrepancy
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.volumes import restore_volume

DOSE = 0.1
NOISES = (
    WHITE,
    gaussian_correlation(1.5),
    gaussian_correlation(2.0),
    gaussian_correlation(3.0),
    NoiseCorrelation((0.5, 0.5)),
)


class Oracle(ConditionalField):
    """A network that knows the standard dose."""

    def __init__(self, truth: np.ndarray) -> None:
        small = {"channels": (4,), "n_blocks": 1, "feature_channels": 4, "field_width": 4, "n_hidden_layers": 1}
        super().__init__(FieldSettings(**small, inputs=("pre_contrast", "low_dose"), interval=False))
        self.truth = torch.from_numpy(np.ascontiguousarray(truth.transpose(2, 1, 0)[:, None]))

    def forward_in_full(self, source, *_):
        return FieldOutput(self.truth, None, source.new_zeros(1, 1, 1, 1))


def scans(correlation: NoiseCorrelation) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """T1 and a 10 % scan with noise, and the standard dose without."""
    t1 = np.full(SHAPE, -0.4, np.float32)
    truth = t1 + np.float32(0.05) + np.float32(0.5) * ball(12.0)
    rng = np.random.default_rng(1)
    low = LowDoseSimulator(None, SIGMA, correlation).slices(t1, truth, DOSE)
    magnitude = (t1 - np.float32(BACKGROUND)).transpose(2, 1, 0)
    noisy = add_noise(magnitude, SIGMA, rng, correlation=correlation).transpose(2, 1, 0) + np.float32(BACKGROUND)
    return noisy, low, truth


@pytest.mark.parametrize("correlation", NOISES)
def test_a_perfect_image_is_returned_as_it_is(correlation: NoiseCorrelation):
    t1, low, truth = scans(correlation)
    box = HeadBox(0, SHAPE[0], 0, SHAPE[1])
    settings = RestorationSettings(precision="fp32", window="whole_slice", slices_at_once=SHAPE[2])
    images = {"pre_contrast": t1, "low_dose": low}
    restored = restore_volume(Oracle(truth).eval(), images, DOSE, box, SPACING, settings).restored
    np.testing.assert_array_equal(restored, truth)
    assert psnr_db(restored, truth, np.ones(SHAPE, bool)) > 45


@pytest.mark.parametrize("correlation", NOISES)
def test_a_perfect_image_contradicts_no_scan_whose_noise_is_known(correlation: NoiseCorrelation):
    """Taken for white, correlated noise would look 2 to 4 times as strong as it is known to be."""
    t1, low, truth = scans(correlation)

    def check(known: NoiseCorrelation):
        return find_discrepancy(
            t1, low, truth, dose=DOSE, simulator=LowDoseSimulator(None, SIGMA, known), head=np.ones(SHAPE, bool),
            spacing_mm=SPACING, sigma_pre_contrast=SIGMA, least_error=DELTA,
        )  # fmt: skip

    found = check(correlation)
    assert found.unsupported_ml == found.overlooked_ml == 0
    assert max(found.inflation) < 1.1
    if not correlation.is_white:
        assert max(check(WHITE).inflation) > 1.5
