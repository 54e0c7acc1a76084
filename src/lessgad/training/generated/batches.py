# SPDX-License-Identifier: Apache-2.0
"""Batches of generated patches; each depends only on the seed and its number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from lessgad.training.generated.heads import generated_head
from lessgad.training.generated.scan import draw_scan
from lessgad.training.generated.scene import draw_scene

BATCH_SIZE = 8
N_SCANS = 6  # of each scene, with doses and noise of their own
SCENES_OF_HEAD = 64
HEADS_AT_ONCE = 12
N_INTERLEAVED = 4  # blocks whose batches take turns, so that steps in a row see different scenes


@dataclass(frozen=True, eq=False)
class GeneratedBatch:
    """Data of one training step.

    Attributes:
        source: Input channels from `kernel_sources`.
        standard_dose: The noise-free target on [−1, 1].
        dose: Dose of each patch.
    """

    source: Float[Tensor, "b c h w"]
    standard_dose: Float[Tensor, "b 1 h w"]
    dose: Float[Tensor, " b"]


class Blocks(Dataset[list[GeneratedBatch]]):
    """Blocks of `N_SCANS` batches that share their scenes, by number."""

    def __init__(self, seed: int, first: int, stop: int) -> None:
        self.seed, self.first, self.stop = seed, first, stop

    def __len__(self) -> int:
        return self.stop - self.first

    def __getitem__(self, index: int) -> list[GeneratedBatch]:
        if index >= len(self):
            raise IndexError(index)
        return draw_block(self.seed, self.first + index)


def draw_block(seed: int, number: int) -> list[GeneratedBatch]:
    """Draw the batches of one block.

    Args:
        seed: Random seed.
        number: Number of the block.

    Returns:
        The batches.
    """
    torch.set_num_threads(1)
    rngs = [np.random.default_rng((seed, 7, number * BATCH_SIZE + i)) for i in range(BATCH_SIZE)]
    group = number * BATCH_SIZE // (SCENES_OF_HEAD * HEADS_AT_ONCE)
    scenes = [
        draw_scene(generated_head(seed, group * HEADS_AT_ONCE + int(rng.integers(HEADS_AT_ONCE))), rng) for rng in rngs
    ]
    batches = []
    for _ in range(N_SCANS):
        patches = [draw_scan(scene, rng) for scene, rng in zip(scenes, rngs, strict=True)]
        batches.append(
            GeneratedBatch(
                source=torch.from_numpy(np.stack([patch.source for patch in patches])),
                standard_dose=torch.from_numpy(np.stack([patch.standard_dose for patch in patches]))[:, None],
                dose=torch.tensor([patch.dose for patch in patches], dtype=torch.float32),
            )
        )
    return batches


def batches(seed: int, first_step: int, n_steps: int, n_workers: int = 1) -> Iterator[GeneratedBatch]:
    """Draw the batches of the steps from `first_step` ahead in worker processes.

    Args:
        seed: Seed of the training.
        first_step: A multiple of `N_SCANS` · `N_INTERLEAVED`.
        n_steps: Number of steps in all; the last one is n_steps − 1.
        n_workers: Processes; 0 draws in this one. The batches do not depend on it.

    Yields:
        One batch per step.
    """
    blocks = Blocks(seed, first_step // N_SCANS, -(-n_steps // N_SCANS))
    loader = DataLoader(
        blocks,
        batch_size=None,
        num_workers=n_workers,
        prefetch_factor=4 if n_workers else None,
        multiprocessing_context="spawn" if n_workers else None,
        collate_fn=_as_it_is,
    )
    step, held = first_step, []
    for block in loader:
        held.append(block)
        if len(held) == N_INTERLEAVED:
            for turn in range(N_SCANS):
                for one in held:
                    if step < n_steps:
                        yield one[turn]
                    step += 1
            held = []
    for turn in range(N_SCANS):
        for one in held:
            if step < n_steps:
                yield one[turn]
            step += 1


def _as_it_is(block: list[GeneratedBatch]) -> list[GeneratedBatch]:
    return block
