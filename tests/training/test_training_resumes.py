# SPDX-License-Identifier: Apache-2.0
"""A training that was stopped ends as one that was not. What is said of bits holds on a CPU."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from tiny_training import BATCH, N_SAMPLES, results, silently, task

from lessgad.field.checkpoint import DESCRIPTION, LAST
from lessgad.training import trainer
from lessgad.training.trainer import RESUME_FILE, train


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("stop_at", [2, 6, 8, 14, N_SAMPLES - BATCH])
def test_ctrl_c_loses_nothing(tmp_path, precision, stop_at):
    def press_ctrl_c(progress):
        if progress.n_samples_done == stop_at:
            signal.raise_signal(signal.SIGINT)

    train(task(tmp_path / "whole", precision=precision), silently)
    with pytest.raises(KeyboardInterrupt):
        train(task(tmp_path / "stopped", precision=precision), press_ctrl_c)
    assert not (tmp_path / "stopped" / LAST).exists()
    told = []
    train(task(tmp_path / "stopped", precision=precision), told.append)
    assert [p.n_samples_done for p in told] == list(range(stop_at + 2 * BATCH, N_SAMPLES + 1, BATCH))
    assert results(tmp_path / "stopped") == results(tmp_path / "whole")


@pytest.mark.parametrize("between_saves_s", [0.0, 30.0])
def test_an_error_outside_loses_at_most_what_was_not_saved(tmp_path, monkeypatch, between_saves_s):
    monkeypatch.setattr(trainer, "SECONDS_BETWEEN_SAVES", between_saves_s)

    def fail(progress):
        if progress.n_samples_done == 12:
            raise RuntimeError("outside")

    train(task(tmp_path / "whole"), silently)
    with pytest.raises(RuntimeError, match="outside"):
        train(task(tmp_path / "stopped"), fail)
    told = []
    train(task(tmp_path / "stopped"), told.append)
    assert told[0].n_samples_done == (14 if between_saves_s == 0 else 10)
    assert results(tmp_path / "stopped") == results(tmp_path / "whole")


def test_stopped_again_and_again(tmp_path):
    train(task(tmp_path / "whole"), silently)
    for _ in range(20):
        try:
            train(task(tmp_path / "stopped"), lambda _: signal.raise_signal(signal.SIGINT))
        except KeyboardInterrupt:
            continue
        break
    assert results(tmp_path / "stopped") == results(tmp_path / "whole")


@pytest.mark.slow
def test_killed_without_a_word(tmp_path):
    """kill -9 between two saves, in a process of its own."""
    script = f"""
        import importlib.util, os, signal, sys
        from pathlib import Path
        import torch
        from lessgad.training.trainer import train
        torch.set_num_threads(1)
        spec = importlib.util.spec_from_file_location("tiny", {str(Path(__file__).with_name("tiny_training.py"))!r})
        tiny = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tiny)
        def kill(progress):
            if progress.n_samples_done == 12:
                os.kill(os.getpid(), signal.SIGKILL)
        train(tiny.task(Path(sys.argv[1])), kill)
    """
    train(task(tmp_path / "whole"), silently)
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "killed")]
    killed = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    told = []
    train(task(tmp_path / "killed"), told.append)
    assert told[0].n_samples_done == 10
    assert results(tmp_path / "killed") == results(tmp_path / "whole")


def test_a_finished_training_is_not_done_again(tmp_path):
    train(task(tmp_path), silently)
    before = results(tmp_path)
    (tmp_path / LAST).unlink()
    told = []
    train(task(tmp_path), told.append)
    assert not told
    assert results(tmp_path) == before


def stopped_after_one_validation(folder, **changes):
    def press_ctrl_c(progress):
        if progress.n_samples_done == 8:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(task(folder, **changes), press_ctrl_c)


def test_a_state_of_another_training_is_not_gone_on_from(tmp_path):
    train(task(tmp_path / "whole"), silently)
    stopped_after_one_validation(tmp_path / "other", fingerprint="other", seed=5)
    told = []
    train(task(tmp_path / "other"), told.append)
    assert told[0].n_samples_done == 2
    assert results(tmp_path / "other") == results(tmp_path / "whole")


def test_a_damaged_state_is_not_gone_on_from(tmp_path):
    train(task(tmp_path / "whole"), silently)
    stopped_after_one_validation(tmp_path / "damaged")
    path = tmp_path / "damaged" / RESUME_FILE
    path.write_bytes(path.read_bytes()[:-200])
    told = []
    train(task(tmp_path / "damaged"), told.append)
    assert told[0].n_samples_done == 2
    assert results(tmp_path / "damaged") == results(tmp_path / "whole")


def test_no_weights_of_an_earlier_model_beside_a_new_description(tmp_path):
    train(task(tmp_path), silently)

    def fail(_progress):
        raise RuntimeError("before the first validation")

    with pytest.raises(RuntimeError, match="first validation"):
        train(task(tmp_path, fingerprint="new", field={"output": "tanh"}), fail)
    assert {file.name for file in tmp_path.iterdir()} == {DESCRIPTION}
