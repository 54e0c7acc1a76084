# SPDX-License-Identifier: Apache-2.0
"""Files that are no checkpoint: missing, damaged, of another kind, and with code in them."""

import os
import pickle
import random
from pathlib import Path

import pytest
import torch
from stored_checkpoints import light_checkpoint, refused

from lessgad.errors import ModelError
from lessgad.field.published_checkpoint import load_published_checkpoint


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
    refused(path, "not a PyTorch checkpoint")


def test_an_empty_file(path):
    path.touch()
    refused(path, "checkpoint is empty")


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, 0.999])
def test_a_truncated_file(path, zipped, share):
    torch.save(light_checkpoint(), path, _use_new_zipfile_serialization=zipped)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    refused(path, "damaged")


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
    refused(path, "nothing was executed|not a PyTorch checkpoint")
    assert not target.exists()
    pickle.loads(path.read_bytes())
    assert target.exists()


def test_a_whole_network_is_not_its_weights(path, field):
    torch.save(field.shifts, path)
    refused(path, "objects other than tensors")
