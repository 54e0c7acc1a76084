# SPDX-License-Identifier: Apache-2.0
import random

import pytest
import torch
import yaml

from lessgad.dose.simulation import SimulationSettings
from lessgad.errors import ModelError
from lessgad.field.checkpoint import (
    BEST,
    DESCRIPTION,
    LAST,
    ModelDescription,
    load_field,
    read_description,
    write_description,
    write_weights,
)
from lessgad.field.conditional_field import ConditionalField
from lessgad.field.position import position_grid_mm
from lessgad.field.presets import FieldSettings
from lessgad.preparation.settings import PreparationSettings

SETTINGS = FieldSettings(
    inputs=("low_dose",),
    n_neighbor_slices=0,
    channels=(4, 8),
    n_blocks=1,
    feature_channels=4,
    field_width=4,
    n_hidden_layers=1,
)


def description(**changes):
    known = {
        "field": SETTINGS,
        "simulation": SimulationSettings(),
        "preparation": PreparationSettings(),
        "cohort_fingerprint": "0123456789abcdef",
        "training": {"n_samples": 3, "betas": [0.9, 0.999]},
    }
    return ModelDescription(**{**known, **changes})


def randomized(settings=SETTINGS):
    torch.manual_seed(0)
    field = ConditionalField(settings).to(memory_format=torch.channels_last).eval()
    with torch.no_grad():
        for parameter in field.parameters():
            parameter.normal_(0, 0.3)
    return field


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    write_description(folder, description())
    write_weights(folder / BEST, randomized())
    return folder


def refused(folder, match):
    with pytest.raises(ModelError, match=match) as caught:
        load_field(folder)
    assert "\n" not in str(caught.value)
    assert caught.value.path is not None


def outputs(field):
    source = torch.linspace(-1, 1, 2 * 20 * 14).reshape(2, 1, 20, 14)
    position = position_grid_mm((20, 14), (1.0, 1.0), (9.5, 6.5)).expand(2, -1, -1, -1)
    with torch.inference_mode():
        return field(source, torch.tensor([0.1, 0.7]), position)


@pytest.mark.parametrize("name", [BEST, LAST])
def test_what_is_written_comes_back(tmp_path, name):
    field, said = randomized(), description(dose=0.3)
    write_description(tmp_path, said)
    write_weights(tmp_path / name, field)
    loaded, read = load_field(tmp_path, name)
    assert read == said
    assert not loaded.training
    assert all(torch.equal(weight, loaded.state_dict()[key]) for key, weight in field.state_dict().items())
    assert torch.equal(outputs(loaded), outputs(field))


def test_description_spells_every_setting(model):
    stored = yaml.safe_load((model / DESCRIPTION).read_text())
    assert stored["format"] == 1
    assert set(stored) == set(ModelDescription.model_fields)
    assert set(stored["field"]) == set(FieldSettings.model_fields)
    assert set(stored["preparation"]) == set(PreparationSettings.model_fields)


def test_who_may_read_the_description_may_read_the_weights(model):
    assert (model / BEST).stat().st_mode == (model / DESCRIPTION).stat().st_mode


def test_no_folder_no_description_no_weights(model, tmp_path):
    refused(tmp_path / "nowhere", "no model.yaml")
    refused(model / BEST, "no model.yaml")
    (model / BEST).unlink()
    refused(model, "no best.safetensors")
    (model / DESCRIPTION).unlink()
    refused(model, "no model.yaml")


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 50, 0.5, 0.99])
def test_truncated_weights(model, keep):
    content = (model / BEST).read_bytes()
    (model / BEST).write_bytes(content[: int(keep * len(content)) if isinstance(keep, float) else keep])
    refused(model, "damaged")


def test_weights_that_are_something_else(model):
    for content in (b"not weights at all, by far", bytes(64), b"\x80\x04" * 40):
        (model / BEST).write_bytes(content)
        refused(model, "damaged")


def test_bytes_that_changed_never_end_in_another_error(model):
    content = (model / BEST).read_bytes()
    generator = random.Random(0)
    for _ in range(200):
        changed = bytearray(content)
        changed[generator.randrange(600)] = generator.randrange(256)  # lengths, names, shapes, places
        (model / BEST).write_bytes(bytes(changed))
        try:
            load_field(model)
        except ModelError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    "other",
    [
        {"channels": (4, 4)},
        {"channels": (4, 8, 8)},
        {"n_blocks": 2},
        {"field_width": 5},
        {"inputs": ("pre_contrast", "low_dose")},
        {"told_the_dose": False},
        {"n_frequencies": 2},
    ],
)
def test_weights_of_another_network(model, other):
    write_weights(model / BEST, ConditionalField(SETTINGS.model_copy(update=other)))
    refused(model, "do not belong to the network")


def changed_description(model, **changes):
    stored = yaml.safe_load((model / DESCRIPTION).read_text())
    stored |= changes
    (model / DESCRIPTION).write_text(yaml.safe_dump(stored))


@pytest.mark.parametrize("version", [2, 0, None, "one", [1]])
def test_a_format_that_is_not_known(model, version):
    changed_description(model, format=version)
    refused(model, "format 1.*newer lessgad")


def test_a_format_that_is_not_said(model):
    (model / DESCRIPTION).write_text("field: {}\n")
    refused(model, "format None")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"color": "red"}, "color"),
        ({"dose": 3}, "dose"),
        ({"field": {"channels": [4, 8], "inputs": ["pre_contrast"]}}, "field.inputs"),
        ({"field": {"preset": "unheard"}}, "field.preset"),
        ({"preparation": {"full_scale": ".nan"}}, "preparation.full_scale"),
    ],
)
def test_a_setting_that_cannot_be(model, changes, match):
    changed_description(model, **changes)
    refused(model, match)


@pytest.mark.parametrize(
    "text", ["", "- 1\n- 2\n", "just words", "a: [1", "\t\t:", "x: !!python/object:os.system y", "7"]
)
def test_a_description_that_is_none(model, text):
    (model / DESCRIPTION).write_text(text)
    refused(model, "model.yaml")


def test_a_description_that_is_no_text(model):
    (model / DESCRIPTION).write_bytes(b"\xff\xfe\x00\x81format")
    refused(model, "damaged")


def test_reading_a_description_needs_no_weights(model):
    (model / BEST).unlink()
    assert read_description(model) == description()
