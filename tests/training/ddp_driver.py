# SPDX-License-Identifier: Apache-2.0
"""Train the tiny tasks of `tiny_training.py` in each process that torchrun starts.

    torchrun --nproc-per-node=2 ddp_driver.py JOBS.json

A job is ``{"folder": F, "changes": {…}, "interrupt": [RANK, N_SAMPLES]}``, the last one if Ctrl-C shall come to one
process. Each process writes ``F/rank-R.json``: losses, a hash of all weights that it ends with, whether it was stopped.
"""

import hashlib
import importlib.util
import json
import os
import signal
import sys
from pathlib import Path

import torch

from lessgad.training import trainer
from lessgad.training.launch import launched
from lessgad.training.learner import Learner
from lessgad.training.processes import Processes
from lessgad.training.settings import LossWeights


def tiny_task(folder, losses=None, **changes):
    spec = importlib.util.spec_from_file_location("tiny", Path(__file__).with_name("tiny_training.py"))
    tiny = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tiny)
    if losses is not None:
        changes["losses"] = LossWeights(**losses)
    return tiny.task(folder, **changes)


def digest(learner):
    sha = hashlib.sha256()
    for network in (learner.field, *([learner.critic.discriminator] if learner.critic else [])):
        for value in network.state_dict().values():
            sha.update(value.numpy().tobytes())
    return sha.hexdigest()


def run(job, processes):
    losses, learners, stopped = [], [], False

    class Watched(Learner):
        def __init__(self, *how):
            super().__init__(*how)
            learners.append(self)

    def look(progress):
        losses.append(progress.loss)
        if job.get("interrupt") == [processes.rank, progress.n_samples_done]:
            signal.raise_signal(signal.SIGINT)

    trainer.Learner = Watched
    folder = Path(job["folder"])
    try:
        trainer.train(tiny_task(folder, **job["changes"]), look, processes)
    except KeyboardInterrupt:
        stopped = True
    told = {"losses": losses, "weights": digest(learners[0]), "stopped": stopped}
    (folder / f"rank-{processes.rank}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    torch.set_num_threads(1)
    together = Processes.joined(launched(os.environ))
    for one in json.loads(Path(sys.argv[1]).read_text()):
        run(one, together)
    together.part()
