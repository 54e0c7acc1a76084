# SPDX-License-Identifier: Apache-2.0
"""Images side by side: each once, each on one core, and nothing is left changed."""

import threading
import time

import pytest
import torch

from lessgad.field.side_by_side import MOST_AT_ONCE, for_each

CPU = torch.device("cpu")


@pytest.fixture
def four_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield 4
    torch.set_num_threads(before)


def test_each_item_is_done_once_on_one_core(four_threads):
    done, cores, together = [], set(), threading.Barrier(four_threads)

    def do(item):
        if item < four_threads:
            together.wait(timeout=30)  # four at a time, or this breaks
        cores.add(torch.get_num_threads())
        done.append(item)

    for_each(do, range(20), CPU)
    assert sorted(done) == list(range(20))
    assert cores == {1}
    assert torch.get_num_threads() == four_threads


def test_never_more_than_memory_may_hold():
    before, at_once, most, lock = torch.get_num_threads(), [0], [0], threading.Lock()

    def do(_):
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        torch.randn(100, 100) @ torch.randn(100, 100)
        with lock:
            at_once[0] -= 1

    torch.set_num_threads(MOST_AT_ONCE + 4)
    try:
        for_each(do, range(60), CPU)
    finally:
        torch.set_num_threads(before)
    assert most[0] <= MOST_AT_ONCE


def test_an_error_ends_it_and_leaves_the_threads_as_they_were(four_threads):
    done = []

    def do(item):
        if item == 3:
            raise ValueError("the fourth")
        time.sleep(0.001)
        done.append(item)

    with pytest.raises(ValueError, match="the fourth"):
        for_each(do, range(10_000), CPU)
    assert len(done) < 9_000
    assert torch.get_num_threads() == four_threads
