# SPDX-License-Identifier: Apache-2.0
"""What fine-tuning gains on simulated low doses, and what it does to scanned ones, by the share of the trained weights.

    python benchmarks/shares_on_true_scans.py TRUE --studies sub-05_ses-1 sub-08_ses-1 sub-09_ses-1 \\
        --experiment EXPERIMENT [--peer STATE/kernel-scratch.pt]

TRUE: folder `prepared` of an experiment with scanned low doses at 10 and 30 %. EXPERIMENT: fine-tuned. Printed for each
share: mean gain on its validation patients (simulated low doses, as training validates), then PSNR in the tumor box,
rms error and artifact volume of the whole head on the scanned low doses. `--peer`: networks that `peers.py` trained.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from ablation import on_true_scans
from peer_networks import PEERS

from lessgad.experiment.opened import open_experiment
from lessgad.experiment.read_study import study_files
from lessgad.field.checkpoint import LAST, load_field
from lessgad.stages.train import _task
from lessgad.training.start import SHARES, averaged, pretrained_weights
from lessgad.training.trainer import _figures


def of_experiment(root: Path, prepared: Path, studies: list[str]) -> None:
    """Print one line for each share of the trained weights."""
    experiment = open_experiment(root, only_look=True)
    validation = [study_files(experiment, study, ()) for study in experiment.studies(["validation"])]
    task = _task(experiment, "all-doses", None, "", {"validation": validation})
    field, description = load_field(experiment.folder.model("all-doses"), LAST)
    trained = {name: weight.clone() for name, weight in field.state_dict().items()}
    start = pretrained_weights(description.field)
    for share in SHARES:
        field.load_state_dict(averaged(start, trained, share))
        gain_db = _figures(task, field).gain_db
        field.eval()
        print(f"{root}, share {share:g} | {gain_db:+.2f} dB | {on_true_scans(field, prepared, studies)}", flush=True)


def of_peer(state: Path, prepared: Path, studies: list[str]) -> None:
    """Print one line for a network that `peers.py` trained."""
    peer = PEERS[state.stem]()
    peer.network.load_state_dict(torch.load(state, weights_only=True)["network"])
    print(f"{state} | {on_true_scans(peer.network.eval(), prepared, studies)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("true", type=Path)
    parser.add_argument("--studies", nargs="+", required=True)
    parser.add_argument("--experiment", type=Path, action="append", default=[])
    parser.add_argument("--peer", type=Path, action="append", default=[])
    given = parser.parse_args()
    torch.set_num_threads(1)
    for experiment in given.experiment:
        of_experiment(experiment, given.true, given.studies)
    for state in given.peer:
        of_peer(state, given.true, given.studies)


if __name__ == "__main__":
    main()
