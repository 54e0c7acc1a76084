# SPDX-License-Identifier: Apache-2.0
"""One process by itself, and 16 bits; two together are in `test_ddp.py`."""

import math

import numpy as np
import pytest
import torch

from lessgad.dose.linear import mix
from lessgad.errors import SettingsError
from lessgad.field.presets import FieldSettings
from lessgad.training import learner as learner_module
from lessgad.training.batches import stack_patches
from lessgad.training.launch import Launch
from lessgad.training.learner import Learner
from lessgad.training.patches import Patch
from lessgad.training.processes import ALONE, Processes, another_ended
from lessgad.training.settings import TrainingSettings


@pytest.fixture
def small_field():
    return FieldSettings(
        inputs=("low_dose",),
        n_neighbor_slices=0,
        channels=(4, 8),
        n_blocks=1,
        feature_channels=4,
        field_width=4,
        n_hidden_layers=1,
    )


@pytest.fixture
def small_batch():
    y, x = np.mgrid[:16, :16].astype(np.float32)
    t1 = (-0.4 + 0.2 * np.sin(x / 5) * np.cos(y / 7)).astype(np.float32)
    t1ce = t1 + np.float32(0.6) * ((x - 9) ** 2 + (y - 7) ** 2 < 16)
    return stack_patches(
        [Patch(t1[None], t1ce, mix(t1, t1ce, 0.2)[None], (7.5, 7.5), (1.0, 1.0), 0.2)],
        FieldSettings(inputs=("low_dose",)),
    )


def test_alone_nothing_needs_to_be_agreed_on():
    told = {"to": "nobody"}
    assert ALONE.leads
    assert ALONE.n == 1
    assert ALONE.mean(0.1) == 0.1
    assert ALONE.any(True)
    assert not ALONE.any(False)
    assert ALONE.from_leader(told) is told


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed"])
def test_the_precision_asked_for_is_the_one_given(precision):
    given = ALONE.fabric(precision).strategy.precision
    assert given.precision == precision
    assert (getattr(given, "scaler", None) is not None) == (precision == "16-mixed")


def test_slurm_is_not_asked_where_one_process_is_alone(monkeypatch):
    """Lightning itself refuses a batch script that has several tasks and no --ntasks-per-node."""
    monkeypatch.setenv("SLURM_NTASKS", "4")
    monkeypatch.delenv("SLURM_NTASKS_PER_NODE", raising=False)
    assert ALONE.fabric("32-true").world_size == 1


def test_fewer_gpus_than_processes_is_one_line(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(SettingsError, match="4 processes run on this machine, and it has 2 GPUs"):
        Processes.joined(Launch("torchrun", 0, 8, 2))


@pytest.mark.parametrize(
    ("error", "is_of_another"),
    [
        (RuntimeError("[../third_party/gloo/gloo/transport/tcp/pair.cc:534] Connection closed by peer"), True),
        (torch.distributed.DistBackendError("NCCL communicator was aborted"), True),
        (RuntimeError("shapes cannot be multiplied"), False),
        (ValueError("gloo"), False),
    ],
)
def test_errors_that_mean_another_process_has_gone(error, is_of_another):
    assert another_ended(error) == is_of_another


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_fp16_without_a_gpu_is_one_line(small_field):
    with pytest.raises(SettingsError, match=r"fp16 needs a GPU, and there is none\. Set precision: auto, bf16 or fp32"):
        Learner(small_field, TrainingSettings(precision="fp16"))


@pytest.fixture
def sixteen_bits(monkeypatch, small_field):
    """A learner in fp16 with its scaler, on the processor at hand: slow, and the same arithmetic."""
    monkeypatch.setattr(learner_module, "_fabric_precision", lambda _settings: "16-mixed")

    def build(**changes):
        return Learner(small_field, TrainingSettings(precision="fp16", learning_rate=1e-2, **changes))

    return build


def weights(one):
    return {name: value.clone() for name, value in one.field.state_dict().items()}


def test_fp16_learns(sixteen_bits, small_batch):
    one = sixteen_bits()
    losses = [one.learn(small_batch, 1 - i / 60) for i in range(60)]
    assert losses[-1] < losses[0] / 2


def test_a_step_out_of_range_is_left_out_and_the_scale_falls(sixteen_bits, small_batch):
    one = sixteen_bits()
    one.learn(small_batch, 1.0)
    before, scale = weights(one), one.state()["scaler"]["scale"]
    hook = next(one.field.parameters()).register_hook(lambda gradient: gradient * math.inf)
    assert math.isfinite(one.learn(small_batch, 1.0))
    assert all(torch.equal(value, before[name]) for name, value in one.field.state_dict().items())
    assert one.state()["scaler"]["scale"] == scale / 2
    hook.remove()
    one.learn(small_batch, 1.0)
    assert any(not torch.equal(value, before[name]) for name, value in one.field.state_dict().items())


def test_gradients_that_no_scale_mends_are_an_error(sixteen_bits, small_batch):
    one = sixteen_bits()
    next(one.field.parameters()).register_hook(lambda gradient: gradient * math.nan)
    with pytest.raises(FloatingPointError, match="gradient of norm"):
        for _ in range(30):
            one.learn(small_batch, 1.0)
    assert one.state()["scaler"]["scale"] == 1.0


def test_fp16_goes_on_with_its_scale(sixteen_bits, small_batch):
    whole, first, resumed = sixteen_bits(), sixteen_bits(), sixteen_bits(seed=9)
    for one in (whole, first):
        one.learn(small_batch, 1.0)
        hook = next(one.field.parameters()).register_hook(lambda gradient: gradient * math.inf)
        one.learn(small_batch, 1.0)
        hook.remove()
    resumed.restore(first.state())
    for one in (whole, resumed):
        one.learn(small_batch, 1.0)
    assert resumed.state()["scaler"] == whole.state()["scaler"]
    assert all(torch.equal(value, weights(whole)[name]) for name, value in resumed.field.state_dict().items())
