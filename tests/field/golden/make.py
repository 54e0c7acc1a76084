# SPDX-License-Identifier: Apache-2.0
"""Make the golden models that every later version must load and compute alike.

Never make them anew: that a new one agrees with itself says nothing. A new kind of network, or a new format, gets
a golden model of its own beside these: `python tests/field/golden/make.py NAME` writes only what is not there.
"""

import sys
from pathlib import Path

import numpy as np
import torch

from lessgad.dose.simulation import SimulationSettings
from lessgad.field.checkpoint import BEST, ModelDescription, load_field, write_description, write_weights
from lessgad.field.conditional_field import ConditionalField
from lessgad.field.presets import FieldSettings
from lessgad.preparation.settings import PreparationSettings
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.slices import restore_slices

SMALL = {
    "n_neighbor_slices": 0,
    "channels": (4, 8),
    "n_blocks": 1,
    "feature_channels": 6,
    "field_width": 5,
    "n_hidden_layers": 2,
}
MODELS = {
    "residual": (FieldSettings(**SMALL, inputs=("low_dose",)), None),
    "tanh": (FieldSettings(**SMALL, inputs=("pre_contrast", "low_dose"), output="tanh", told_the_dose=False), 0.3),
    "neighbors": (FieldSettings(**{**SMALL, "n_neighbor_slices": 1}), None),
}
SPACING_MM = (1.5, 0.75)


def make(name: str) -> None:
    field_settings, dose = MODELS[name]
    folder = Path(__file__).parent / name
    if folder.exists():
        raise SystemExit(f"{folder} is there already; a golden model is never made anew")
    torch.manual_seed(1)
    field = ConditionalField(field_settings)
    with torch.no_grad():
        for parameter in field.parameters():  # new fields have zeros in them, which would hide half of the network
            parameter.normal_(0, 0.2)
    description = ModelDescription(
        field=field_settings,
        dose=dose,
        simulation=SimulationSettings(),
        preparation=PreparationSettings(),
        cohort_fingerprint="0123456789abcdef",
        training={"n_samples": 0, "betas": [0.9, 0.999]},
    )
    write_description(folder, description)
    write_weights(folder / BEST, field)
    loaded, _ = load_field(folder)
    rng = np.random.default_rng(1)
    images = {image: rng.uniform(-1, 1, (2, 30, 37)).astype(np.float32) for image in field_settings.inputs}
    settings = RestorationSettings(precision="fp32")
    at = 0.3 if dose is None else dose
    restored = restore_slices(loaded, images, at, SPACING_MM, settings)
    np.savez_compressed(folder / "example.npz", dose=at, spacing_mm=SPACING_MM, restored=restored, **images)


if __name__ == "__main__":
    make(sys.argv[1])
