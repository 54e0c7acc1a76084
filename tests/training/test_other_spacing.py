# SPDX-License-Identifier: Apache-2.0
"""A trained field, asked between its pixels, against restoring and then interpolating."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from lessgad.dose.simulator import LowDoseSimulator
from lessgad.evaluation.similarity import psnr_db
from lessgad.field.position import position_grid_mm
from lessgad.field.presets import FieldSettings
from lessgad.preparation.head import HeadBox
from lessgad.restoration.other_spacing import resample_in_plane, restore_at_spacing
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.volumes import restore_volume
from lessgad.training.batches import Batch
from lessgad.training.learner import Learner
from lessgad.training.settings import TrainingSettings
from lessgad.volume import Volume

DOSE, SIGMA, SIZE = 0.3, 0.04, 64
FP32 = RestorationSettings(precision="fp32")


def pair(seed, n=6):
    """Slices (x, y, z) of uneven tissue, in which blobs enhance; T1 and T1ce without noise."""
    rng = np.random.default_rng(seed)
    tissue = np.stack([ndimage.gaussian_filter(rng.standard_normal((SIZE, SIZE)), 4) for _ in range(n)], axis=2)
    blobs = np.stack([ndimage.gaussian_filter(rng.standard_normal((SIZE, SIZE)), 5) for _ in range(n)], axis=2)
    t1 = np.clip(-0.4 + 1.5 * tissue, -0.9, 0.2).astype(np.float32)
    return t1, np.clip(t1 + 0.5 * (blobs > 0.06), -1, 1).astype(np.float32)


def scans(seed):
    t1, t1ce = pair(seed)
    rng, simulator = np.random.default_rng([seed, 1]), LowDoseSimulator(sigma=SIGMA)
    low = simulator.scan(t1, t1ce, DOSE, rng)
    noisy = simulator.scan(t1, t1ce, 0.0, rng)
    return {"pre_contrast": noisy, "low_dose": low}, t1ce


@pytest.fixture(scope="module")
def trained():
    torch.set_num_threads(1)
    shape = {"channels": (8, 16), "n_blocks": 1, "feature_channels": 12, "field_width": 8, "n_hidden_layers": 1}
    field = FieldSettings(**shape, n_neighbor_slices=0)
    learner = Learner(field, TrainingSettings(learning_rate=3e-3, precision="fp32"))
    position = position_grid_mm((SIZE, SIZE), (1.0, 1.0), ((SIZE - 1) / 2,) * 2).expand(6, -1, -1, -1)
    for step in range(500):
        images, t1ce = scans(step)
        source = torch.from_numpy(np.stack([images[name].transpose(2, 1, 0) for name in field.inputs], axis=1))
        target = torch.from_numpy(np.ascontiguousarray(t1ce.transpose(2, 1, 0)))[:, None]
        learner.learn(Batch(source, target, torch.full((6,), DOSE), position), 1.0)
    return learner.field.eval()


@pytest.mark.slow
def test_half_the_resolution_restored_at_the_original_is_as_good_as_interpolated(trained):
    spacing_mm, coarse_mm, box = (1.0, 1.0, 3.0), (2.0, 2.0, 3.0), HeadBox(0, SIZE // 2, 0, SIZE // 2)
    gains = []
    for seed in range(10_000, 10_006):
        images, t1ce = scans(seed)
        halved = {
            name: image.reshape(SIZE // 2, 2, SIZE // 2, 2, -1).mean(axis=(1, 3)) for name, image in images.items()
        }
        coarse = restore_volume(trained, halved, DOSE, box, coarse_mm, FP32).restored
        cubic = resample_in_plane(Volume(coarse, np.diag([*coarse_mm, 1.0])), spacing_mm[:2]).array
        onto = restore_at_spacing(trained, halved, DOSE, box, coarse_mm, spacing_mm[:2], FP32).restored
        low = resample_in_plane(Volume(halved["low_dose"], np.diag([*coarse_mm, 1.0])), spacing_mm[:2]).array
        everywhere = np.ones(t1ce.shape, dtype=bool)
        gains.append([psnr_db(image, t1ce, everywhere) for image in (low, cubic, onto)])
    unrestored, interpolated, asked = np.mean(gains, axis=0)
    assert interpolated > unrestored + 1  # it has learned something
    assert asked >= interpolated - 0.1
