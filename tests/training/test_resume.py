# SPDX-License-Identifier: Apache-2.0
import math
import pickle
import random
from pathlib import Path

import pytest
import torch

from lessgad.errors import StorageError
from lessgad.training.best_checkpoints import BestCheckpoints
from lessgad.training.learning_curve import CurvePoint
from lessgad.training.resume import TrainingState, load_state, save_state


def state(**changes):
    layer = torch.nn.Linear(3, 2)
    adam = torch.optim.Adam(layer.parameters(), lr=0.01)
    layer(torch.ones(1, 3)).sum().backward()
    adam.step()
    known = {
        "fingerprint": "abc",
        "n_samples_done": 12,
        "networks": {"field": layer.state_dict(), "optimizer": adam.state_dict()},
        "best": BestCheckpoints(-math.inf, {"01": 0.25}, {"01": "best_without_4.safetensors"}),
        "loss_sum": 0.1 + 0.2,
        "n_losses": 3,
        "curve": [CurvePoint(4, 0.5, 20.0, 0.25), CurvePoint(8, 0.4, math.nan, math.nan)],
    }
    return TrainingState(**{**known, **changes})


def alike(one, other):
    return repr(vars(one)) == repr(vars(other))  # NaN and tensors included


def test_what_is_saved_comes_back(tmp_path):
    saved = state()
    save_state(tmp_path / "resume.pt", saved)
    loaded = load_state(tmp_path / "resume.pt", "abc")
    assert alike(loaded, saved)
    assert all(torch.equal(loaded.networks["field"][key], value) for key, value in saved.networks["field"].items())
    assert loaded.loss_sum == 0.1 + 0.2
    assert isinstance(loaded.curve[0], CurvePoint)


def test_no_state_and_that_of_another_training(tmp_path):
    assert load_state(tmp_path / "resume.pt", "abc") is None
    save_state(tmp_path / "resume.pt", state())
    assert load_state(tmp_path / "resume.pt", "abd") is None


def test_a_damaged_state_is_none_and_never_a_wrong_one(tmp_path):
    path, saved = tmp_path / "resume.pt", state()
    save_state(path, saved)
    content = path.read_bytes()
    generator = random.Random(0)
    damaged = [content[:n] for n in range(0, len(content), 301)] + [b"", b"nothing", bytes(500)]
    for n_bytes in (1, 4, 40) * 60:
        changed = bytearray(content)
        for _ in range(n_bytes):
            changed[generator.randrange(len(content))] = generator.randrange(256)
        damaged.append(bytes(changed))
    n_refused = 0
    for one in damaged:
        path.write_bytes(one)
        loaded = load_state(path, "abc")
        assert loaded is None or alike(loaded, saved)  # bytes that nobody reads may change
        n_refused += loaded is None
    assert n_refused > len(damaged) / 2


class Malicious:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("write", [torch.save, lambda thing, path: path.write_bytes(pickle.dumps(thing))])
@pytest.mark.parametrize("hide", [lambda bad: bad, lambda bad: {**vars(state()), "curve": [], "optimizer": bad}])
def test_nothing_in_the_file_is_executed(tmp_path, write, hide):
    path, trace = tmp_path / "resume.pt", tmp_path / "executed"
    write(hide(Malicious(trace)), path)
    assert load_state(path, "abc") is None
    assert not trace.exists()
    pickle.loads(pickle.dumps(Malicious(trace)))
    assert trace.exists()  # it would have been


@pytest.mark.parametrize("stored", [3, [1], {}, {"fingerprint": "abc"}, {"fingerprint": "abc", "curve": [1]}])
def test_another_thing_that_torch_saved(tmp_path, stored):
    torch.save(stored, tmp_path / "resume.pt")
    assert load_state(tmp_path / "resume.pt", "abc") is None


def test_a_state_of_other_fields_is_none(tmp_path):
    torch.save({**vars(state()), "curve": [], "momentum": 1}, tmp_path / "resume.pt")
    assert load_state(tmp_path / "resume.pt", "abc") is None


def test_a_state_that_may_not_be_read_is_said_not_lost(tmp_path):
    with pytest.raises(StorageError, match="read"):
        (tmp_path / "folder.pt").mkdir()
        load_state(tmp_path / "folder.pt", "abc")


def test_the_old_state_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "resume.pt"
    save_state(path, state())
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        save_state(path, state(optimizer={"bad": lambda: None}))
    assert load_state(path, "abc") is not None
    assert [file.name for file in tmp_path.iterdir()] == ["resume.pt"]
