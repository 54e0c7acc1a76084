# SPDX-License-Identifier: Apache-2.0
"""A small model on disk, and a scan as it sees it."""

import torch

from lessgad import Restorer
from lessgad.dose.simulation import SimulationSettings
from lessgad.field.checkpoint import BEST, ModelDescription, write_description, write_weights
from lessgad.field.conditional_field import ConditionalField
from lessgad.field.presets import FieldSettings
from lessgad.preparation.histogram_peaks import find_peaks
from lessgad.preparation.normalization import normalization_from_peaks
from lessgad.preparation.settings import PreparationSettings
from lessgad.restoration.settings import RestorationSettings


def model(folder, *, dose=None, weights=0.1, bias=None, **field_changes):
    """A small model on disk: random weights, or nothing but the bias of the last layer."""
    small = {
        "inputs": ("low_dose",),
        "channels": (4,),
        "n_blocks": 1,
        "n_neighbor_slices": 0,
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


def normalized(scan):
    normalization = normalization_from_peaks(find_peaks(scan.array), PreparationSettings().full_scale)
    return normalization, normalization.apply(scan.array)
