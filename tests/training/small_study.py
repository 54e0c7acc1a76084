# SPDX-License-Identifier: Apache-2.0
"""A small prepared study, its tumor, and an untrained field."""

import numpy as np

from lessgad.dose.simulation import SetNoise, SimulationSettings
from lessgad.field.conditional_field import ConditionalField
from lessgad.field.presets import FieldSettings
from lessgad.preparation.head import HeadBox
from lessgad.preparation.normalization import Normalization
from lessgad.preparation.prepared_study import PreparedStudy

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
        normalization=Normalization(0.0, 1.0),
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
