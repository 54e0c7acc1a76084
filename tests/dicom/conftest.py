# SPDX-License-Identifier: Apache-2.0
"""What DICOM tests share: the validator, and a model that needs no training."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from debian_programs import program


@pytest.fixture(scope="session")
def valid_dicom() -> Callable[[Path], None]:
    """Check a file with dciodvfy, which must find no error."""
    validator = program("dciodvfy")

    def check(path: Path) -> None:
        told = subprocess.run([validator, str(path)], capture_output=True, text=True, errors="replace", check=False)
        lines = (told.stdout + told.stderr).splitlines()
        assert [line for line in lines if line.startswith("Error")] == [], path
        assert "MRImage" in lines, lines

    return check


@pytest.fixture(scope="session")
def untrained_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that sees the low dose alone, changes it a little, and has intervals."""
    import torch

    from lessgad.dose.simulation import SimulationSettings
    from lessgad.field.checkpoint import BEST, ModelDescription, write_description, write_weights
    from lessgad.field.conditional_field import ConditionalField
    from lessgad.field.presets import FieldSettings
    from lessgad.preparation.settings import PreparationSettings
    from lessgad.restoration.conformal_intervals import IntervalCalibration, write_intervals

    folder = tmp_path_factory.mktemp("untrained") / "model"
    small = {"channels": (8, 8), "n_blocks": 1, "feature_channels": 8, "field_width": 8, "n_hidden_layers": 1}
    field = FieldSettings.model_validate({**small, "n_frequencies": 2, "inputs": ("low_dose",)})
    torch.manual_seed(0)
    write_weights(folder / BEST, ConditionalField(field))
    description = ModelDescription(
        field=field,
        simulation=SimulationSettings(),
        preparation=PreparationSettings(),
        cohort_fingerprint="none",
    )
    write_description(folder, description)
    write_intervals(folder, IntervalCalibration(doses=(0.1,), factors=(0.2,), n_patients=3))
    return folder
