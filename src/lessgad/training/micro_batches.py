# SPDX-License-Identifier: Apache-2.0
"""Which patches of a step each process sees, and how much they count."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MicroBatch:
    """The samples that one process computes at a time.

    Attributes:
        numbers: Numbers of the patches.
        weight: Weight of their mean loss. The sum over the shares of a process, averaged over processes, is the mean
            over all patches of the step.
    """

    numbers: range
    weight: float


def micro_batches_of_step(numbers: range, batch_size: int, *, rank: int = 0, n_processes: int = 1) -> list[MicroBatch]:
    """Divide the patches of a step among processes, `batch_size` at a time.

    The first `batch_size` go to the first process, the next to the second, and round again. Every process gets as
    many shares as any other, since all wait for each other's gradients. The last round may leave a process a smaller
    share, or none: then it sees the first patch of the round, which counts nothing.

    Args:
        numbers: Numbers of all patches of the step.
        batch_size: Patches that a process sees at a time.
        rank: Rank of this process.
        n_processes: All of them.

    Returns:
        The micro-batches.
    """
    shares = []
    for start in range(0, len(numbers), batch_size * n_processes):
        first = start + rank * batch_size
        own = numbers[first : min(first + batch_size, start + batch_size * n_processes)]
        weight = len(own) * n_processes / len(numbers)
        shares.append(MicroBatch(own or numbers[start : start + 1], weight))
    return shares
