# SPDX-License-Identifier: Apache-2.0
"""nnU-Net's trainer, made silent, resumable to the same weights, and fit for a small network on a CPU."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from nnunetv2.training.lr_scheduler.polylr import PolyLRScheduler
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

from lessgad.atomic_write import replacing
from lessgad.segmentation.nnunet_plan import QUICK

LATEST, FINAL = "checkpoint_latest.pth", "checkpoint_final.pth"
QUICK_STEPS = 50
QUICK_LEARNING_RATE = 3e-3


class SilentTrainer(nnUNetTrainer):  # type: ignore[misc]  # nnunetv2 has no types
    """One network; made as nnU-Net makes its own trainers, then told with `assign` what to learn from."""

    current_epoch: int

    def assign(
        self, cases: Sequence[str], *, n_epochs: int, seed: int, mark: str, tell: Callable[[int, float], None]
    ) -> None:
        """Say what to learn.

        Args:
            cases: Names of the training cases.
            n_epochs: Number of epochs.
            seed: Together with the number of the epoch it sets every draw, so that a training that was stopped
                continues to the same weights (on a GPU, where nnU-Net augments in several processes, to others as
                good).
            mark: Fingerprint of the training; a state of another one is not gone on from.
            tell: Is given the number of epochs that are done and the loss of the last one.
        """
        self._cases, self._seed, self._mark, self._tell = list(cases), seed, mark, tell
        self.num_epochs = n_epochs
        if self.configuration_name == QUICK:
            self.initial_lr = QUICK_LEARNING_RATE
            self.num_iterations_per_epoch = QUICK_STEPS

    def configure_optimizers(self) -> tuple[Any, Any]:
        """Use AdamW for the small network, which does not learn with SGD, and polynomial decay for all.

        Returns:
            Optimizer and schedule.
        """
        if self.configuration_name != QUICK:
            return super().configure_optimizers()
        optimizer = torch.optim.AdamW(self.network.parameters(), self.initial_lr, weight_decay=self.weight_decay)
        return optimizer, PolyLRScheduler(optimizer, self.initial_lr, self.num_epochs)

    def do_split(self) -> tuple[list[str], list[str]]:
        """Train on all given cases; whole volumes are evaluated instead of nnU-Net's own validation.

        Returns:
            Cases to train on, twice.
        """
        return list(self._cases), list(self._cases)

    def run_training(self) -> None:
        """Train from where it stopped to the end, and write ``checkpoint_final.pth``."""
        folder = Path(self.output_folder)
        self._draw_from(-1)
        self.initialize()
        self._go_on_from(folder / LATEST)
        self.on_train_start()
        for epoch in range(self.current_epoch, self.num_epochs):
            self._draw_from(epoch)
            self.network.train()
            self.lr_scheduler.step(epoch)
            losses = [
                float(self.train_step(next(self.dataloader_train))["loss"])
                for _ in range(self.num_iterations_per_epoch)
            ]
            self.current_epoch = epoch + 1
            self._save(folder / LATEST)
            self._tell(self.current_epoch, float(np.mean(losses)))
        self._save(folder / FINAL)
        (folder / LATEST).unlink(missing_ok=True)
        self._finish_loaders()

    def print_to_log_file(self, *args: object, also_print_to_console: bool = True, add_timestamp: bool = True) -> None:
        """Say nothing.

        Args:
            *args: Not used.
            also_print_to_console: Not used.
            add_timestamp: Not used.
        """

    def plot_network_architecture(self) -> None:
        """Draw nothing."""

    def _save_debug_information(self) -> None:
        """Remove information about the machine."""

    def _draw_from(self, epoch: int) -> None:
        drawn = np.random.SeedSequence([self._seed, epoch + 1]).generate_state(3)
        random.seed(int(drawn[0]))
        np.random.seed(int(drawn[1]))  # noqa: NPY002 - nnU-Net draws from the global state
        torch.manual_seed(int(drawn[2]))

    def _save(self, path: Path) -> None:
        """Write a checkpoint that nnU-Net reads too, whole or not at all, of plain values and tensors."""
        state = {
            "network_weights": self.network.state_dict(),
            "optimizer_state": self.optimizer.state_dict(),
            "current_epoch": self.current_epoch,
            "trainer_name": type(self).__name__,
            "init_args": {"configuration": self.configuration_name, "fold": self.fold},
            "inference_allowed_mirroring_axes": [int(axis) for axis in self.inference_allowed_mirroring_axes],
            "lessgad_mark": self._mark,
        }
        with replacing(path) as temporary:
            torch.save(state, temporary)

    def _go_on_from(self, path: Path) -> None:
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
        except Exception:  # noqa: BLE001 - a damaged state cannot be continued, however it is damaged
            return
        if state.get("lessgad_mark") == self._mark:
            self.network.load_state_dict(state["network_weights"])
            self.optimizer.load_state_dict(state["optimizer_state"])
            self.current_epoch = int(state["current_epoch"])

    def _finish_loaders(self) -> None:
        for loader in (self.dataloader_train, self.dataloader_val):
            if hasattr(loader, "_finish"):
                loader._finish()


#: nnU-Net names the folder of a model after the class, and looks the class up by that name when the model is used.
SilentTrainer.__name__ = nnUNetTrainer.__name__
