# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessgad.training.micro_batches import MicroBatch, micro_batches_of_step

counts = st.integers(1, 7)


def of_all(numbers: range, batch_size: int, n: int) -> list[list[MicroBatch]]:
    return [micro_batches_of_step(numbers, batch_size, rank=rank, n_processes=n) for rank in range(n)]


def test_one_process_sees_the_step_as_it_is():
    assert micro_batches_of_step(range(8, 12), 4) == [MicroBatch(range(8, 12), 1.0)]
    assert micro_batches_of_step(range(8, 11), 4) == [MicroBatch(range(8, 11), 1.0)]


def test_two_processes_and_two_rounds():
    first, second = of_all(range(20, 28), 2, 2)
    assert first == [MicroBatch(range(20, 22), 0.5), MicroBatch(range(24, 26), 0.5)]
    assert second == [MicroBatch(range(22, 24), 0.5), MicroBatch(range(26, 28), 0.5)]


def test_who_is_left_without_a_patch_sees_one_that_counts_nothing():
    first, second = of_all(range(20, 21), 2, 2)
    assert first == [MicroBatch(range(20, 21), 2.0)]
    assert second == [MicroBatch(range(20, 21), 0.0)]


@given(st.integers(0, 99), st.integers(1, 40), counts, counts)
def test_each_patch_counts_once_and_all_alike(start: int, n: int, batch_size: int, n_processes: int):
    """Whatever the losses, sums over shares averaged over processes are the mean over patches."""
    numbers = range(start, start + n)
    shares = of_all(numbers, batch_size, n_processes)
    counted = [number for own in shares for share in own if share.weight for number in share.numbers]
    assert sorted(counted) == list(numbers)
    loss = {
        number: float(value) for number, value in zip(numbers, np.random.default_rng(n).normal(size=n), strict=True)
    }
    sums = [sum(share.weight * np.mean([loss[i] for i in share.numbers]) for share in own) for own in shares]
    assert np.mean(sums) == pytest.approx(np.mean(list(loss.values())))


@given(st.integers(1, 40), counts, counts)
def test_all_compute_equally_often_and_never_more_than_fits(n: int, batch_size: int, n_processes: int):
    shares = of_all(range(n), batch_size, n_processes)
    assert len({len(own) for own in shares}) == 1
    assert all(1 <= len(share.numbers) <= batch_size for own in shares for share in own)
    assert len(shares[0]) == -(-n // (batch_size * n_processes))
