# SPDX-License-Identifier: Apache-2.0
"""Checkpoints as the authors' code writes them."""

from collections import OrderedDict

import pytest
import torch
from stored_checkpoints import light_checkpoint

from lessgad.field.published_checkpoint import authors_name, load_published_checkpoint


def checkpoint(field):
    return OrderedDict((authors_name(name), weight) for name, weight in field.state_dict().items())


def outputs(field):
    source = torch.linspace(-1, 1, 16 * 24).reshape(1, 1, 16, 24)
    with torch.inference_mode():
        return field(source)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_of_the_authors_gives_the_same_output(field, path, zipped):
    torch.save(checkpoint(field), path, _use_new_zipfile_serialization=zipped)
    loaded = load_published_checkpoint(path)
    assert not loaded.training
    assert all(parameter.requires_grad for parameter in loaded.parameters())
    assert torch.equal(outputs(loaded), outputs(field))


def test_half_precision_becomes_single(field, path):
    torch.save({key: weight.half() for key, weight in checkpoint(field).items()}, path)
    loaded = load_published_checkpoint(path).state_dict()
    assert {weight.dtype for weight in loaded.values()} == {torch.float32}
    assert all(torch.equal(loaded[name], weight.half().float()) for name, weight in field.state_dict().items())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_other_precisions(path, dtype):
    torch.save(light_checkpoint(dtype=dtype), path)
    assert {weight.dtype for weight in load_published_checkpoint(path).state_dict().values()} == {torch.float32}


def test_weights_that_share_memory_learn_apart(path):
    torch.save(light_checkpoint(), path)
    weight = load_published_checkpoint(path).shifts.weight
    with torch.no_grad():
        weight[0, 0] = 7
    assert (weight == 7).sum() == 1


@pytest.mark.parametrize("n_inputs", [2, 3, 16])
def test_inputs_are_counted_from_the_shapes(path, n_inputs):
    torch.save(light_checkpoint(n_inputs), path)
    assert load_published_checkpoint(path).n_inputs == n_inputs


@pytest.mark.parametrize(
    ("names", "prefix"),
    [
        *[(names, "") for names in (["state_dict"], ["netG"], ["generator"], ["model"], ["model", "state_dict"])],
        *[([], prefix) for prefix in ("module.", "netG.", "generator.", "model.", "module.netG.", "netG.module.")],
        (["state_dict"], "generator."),
    ],
)
def test_wrappings_and_prefixes(path, names, prefix):
    stored = {f"{prefix}{key}": weight for key, weight in light_checkpoint().items()}
    if prefix:
        stored["netD.0.weight"] = torch.ones(1)
    for name in reversed(names):
        stored = {"epoch": 200, name: stored}
    torch.save(stored, path)
    assert load_published_checkpoint(path).n_inputs == 1


def test_the_generator_is_taken_of_several_networks(path):
    torch.save({"netD": {"scale": torch.ones(1)}, "netG": light_checkpoint(2), "step": torch.ones(1)}, path)
    assert load_published_checkpoint(path).n_inputs == 2
