# SPDX-License-Identifier: Apache-2.0
"""Checkpoints as the authors' code writes them, and files that are none."""

import os
import pickle
import random
from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from lessgad.errors import ModelError
from lessgad.field.published import PublishedField
from lessgad.field.published_checkpoint import authors_name, load_published_checkpoint


@pytest.fixture(scope="module")
def field():
    torch.manual_seed(0)
    return PublishedField(1).eval()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "200_net_G.pth"


def checkpoint(field):
    return OrderedDict((authors_name(name), weight) for name, weight in field.state_dict().items())


def light_checkpoint(n_inputs=1, n_outputs=1, dtype=torch.float32):
    """A checkpoint of a few kilobytes: each weight is one number, repeated by strides."""
    with torch.device("meta"):
        field = PublishedField(n_inputs, n_outputs)
    return {
        authors_name(name): torch.full((1,), 0.5, dtype=dtype).expand(weight.shape)
        for name, weight in field.state_dict().items()
    }


def outputs(field):
    source = torch.linspace(-1, 1, 16 * 24).reshape(1, 1, 16, 24)
    with torch.inference_mode():
        return field(source)


def refused(path, match):
    with pytest.raises(ModelError, match=match) as caught:
        load_published_checkpoint(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path}: wanted ")
    return str(caught.value)


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


def test_no_file(path, tmp_path):
    refused(path, "no such file")
    refused(tmp_path, "a folder")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(path):
    torch.save(light_checkpoint(), path)
    path.chmod(0)
    refused(path, "permission denied")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("content", [b"not weights at all", bytes(64), b"\x80\x02", b"\x80\x04" * 40, b"PK\x03\x04"])
def test_a_file_of_another_kind(path, content):
    path.write_bytes(content)
    refused(path, "another kind of file")


def test_an_empty_file(path):
    path.touch()
    refused(path, "an empty file")


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, 0.999])
def test_a_truncated_file(path, zipped, share):
    torch.save(light_checkpoint(), path, _use_new_zipfile_serialization=zipped)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refused(path, "a damaged one")


@pytest.mark.parametrize("zipped", [True, False])
def test_bytes_that_changed_never_end_in_another_error(path, zipped):
    torch.save(light_checkpoint(), path, _use_new_zipfile_serialization=zipped)
    content = path.read_bytes()
    generator = random.Random(0)
    for _ in range(20):
        changed = bytearray(content)
        for _ in range(20):
            changed[generator.randrange(len(content))] = generator.randrange(256)
        path.write_bytes(bytes(changed))
        try:
            load_published_checkpoint(path)
        except ModelError as error:
            assert "\n" not in str(error)


class Malicious:
    """Creates a file where it is unpickled by a reader that executes what it reads."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return (Path.touch, (Path(self.target),))


class System(Malicious):
    def __reduce__(self):
        return (os.system, (f"touch '{self.target}'",))


class Evaluated(Malicious):
    def __reduce__(self):
        return (eval, (f"open({str(self.target)!r}, 'w')",))


@pytest.mark.parametrize("kind", [Malicious, System, Evaluated])
@pytest.mark.parametrize("zipped", [True, False])
def test_nothing_is_executed(path, tmp_path, kind, zipped):
    target = tmp_path / "executed"
    stored = light_checkpoint() | {"decoder.net.0.bias": kind(target)}
    torch.save(stored, path, _use_new_zipfile_serialization=zipped)
    assert "state_dict()" in refused(path, "nothing was executed")
    assert not target.exists()
    torch.load(path, weights_only=False)
    assert target.exists()  # the file is what it was taken for


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", [Malicious, System, Evaluated])
def test_nothing_is_executed_in_a_bare_pickle(path, tmp_path, kind, protocol):
    target = tmp_path / "executed"
    path.write_bytes(pickle.dumps({"state_dict": kind(target)}, protocol))
    refused(path, "nothing was executed|another kind of file")
    assert not target.exists()
    pickle.loads(path.read_bytes())
    assert target.exists()


def test_a_whole_network_is_not_its_weights(path, field):
    torch.save(field.shifts, path)
    refused(path, "other objects")


@pytest.mark.parametrize(
    ("stored", "match"),
    [
        ([torch.ones(2)], "got list"),
        (torch.ones(2), "got Tensor"),
        (7, "got int"),
        ({}, "no weights but nothing"),
        ({"epoch": 3, "lr": 0.1}, "no weights but epoch, lr"),
        ({"state_dict": {"epoch": 3}}, "no weights but epoch"),
        ({"state_dict": None}, "no weights but state_dict"),
        ({f"layer{i}.conv.weight": torch.ones(3) for i in range(9)}, "another network, with 9 weights: layer0"),
        ({0: torch.ones(3)}, "another network, with 1 weights: 0"),
    ],
)
def test_another_network(path, stored, match):
    torch.save(stored, path)
    refused(path, match)


def test_a_wrapping_in_itself(path):
    stored = {}
    stored["model"] = stored
    torch.save(stored, path)
    refused(path, "no weights but model")


def changed(path, n_inputs=1, without=(), **changes):
    weights = light_checkpoint(n_inputs)
    weights |= {key.replace("__", "."): value for key, value in changes.items()}
    torch.save({key: value for key, value in weights.items() if key not in without}, path)


def test_missing_weights(path):
    changed(path, without=("latlayers.bias", "encoder.smooth1.bias"))
    refused(path, "all 329 weights.*got 2 missing, the first encoder.smooth1.bias")
    changed(path, without=("decoder.net.0.weight",))
    refused(path, "got 1 missing, the first decoder.net.0.weight")


def test_unexpected_weights(path):
    changed(path, encoder__bn1__running_mean=torch.ones(64), epoch=3)
    refused(path, "the 329 weights.*got 2 more: encoder.bn1.running_mean, epoch")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"encoder__conv1__weight": torch.ones(64, 2, 7, 7)}, "encoder.conv1.weight of shape 64×1×7×7, got 64×2×7×7"),
        ({"decoder__net__0__weight": torch.ones(64, 30)}, "encoder.conv1.weight of shape 64×2×7×7, got 64×1×7×7"),
        ({"decoder__net__0__weight": torch.ones(64, 28)}, "1 to 16 input images.*28 channels"),
        ({"decoder__net__0__weight": torch.ones(1).expand(64, 10**9)}, "1 to 16 input images"),
        ({"decoder__net__0__weight": torch.ones(64)}, "decoder.net.0.weight of shape 64×29, got 64"),
        ({"decoder__net__4__bias": torch.ones(())}, "decoder.net.4.bias of shape 1, got a single number"),
        ({"latlayers__bias": torch.ones(1).expand(10**12)}, "latlayers.bias of shape 257"),
    ],
)
def test_other_shapes(path, changes, match):
    changed(path, **changes)
    refused(path, match)


def test_two_outputs(path):
    torch.save(light_checkpoint(n_outputs=2), path)
    refused(path, "of shape 1×64, got 2×64|of shape 1, got 2|of shape 257.*got 258")


@pytest.mark.parametrize(
    ("value", "came"),
    [
        (torch.ones(257, dtype=torch.int64), "torch.int64"),
        (torch.ones(257, dtype=torch.complex64), "torch.complex64"),
        (torch.ones(257).to_sparse(), "torch.float32"),
        (torch.ones(257, device="meta"), "torch.float32"),
        ([0.0] * 257, "list"),
        (None, "NoneType"),
    ],
)
def test_weights_that_are_no_dense_floats(path, value, came):
    changed(path, latlayers__bias=value)
    refused(path, f"latlayers.bias as a dense tensor of floats, got {came}")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300])
def test_weights_that_are_not_finite(path, value):
    bias = torch.zeros(257, dtype=torch.float64)
    bias[5] = value
    changed(path, latlayers__bias=bias)
    refused(path, "NaN or infinity in latlayers.bias")
