# SPDX-License-Identifier: Apache-2.0
import threading
import time

import pytest

from lessgad.training.prefetch import Prefetched


def test_each_number_gets_its_own_and_the_next_is_drawn_by_another_thread():
    by = {}

    def draw(number):
        by[number] = threading.current_thread()
        return number**2

    with Prefetched(draw) as ahead:
        assert [ahead.take(n, n + 1 if n < 4 else None) for n in range(5)] == [0, 1, 4, 9, 16]
    assert by[0] is threading.current_thread()
    assert {by[n] for n in range(1, 5)} == {by[1]} != {by[0]}
    assert sorted(by) == [0, 1, 2, 3, 4]


def test_another_number_than_foreseen_is_drawn_anew():
    with Prefetched(lambda number: number) as ahead:
        assert ahead.take(0, 1) == 0
        assert ahead.take(7, None) == 7


def test_an_error_comes_out_where_the_patch_is_taken():
    def draw(number):
        if number == 1:
            raise FileNotFoundError("gone")
        return number

    with Prefetched(draw) as ahead:
        ahead.take(0, 1)
        with pytest.raises(FileNotFoundError, match="gone"):
            ahead.take(1, None)


def test_while_a_step_computes_its_next_patches_cost_no_time():
    second_is_drawn = threading.Event()

    def draw(number):
        time.sleep(0.5)
        if number == 1:
            second_is_drawn.set()
        return number

    with Prefetched(draw) as ahead:
        ahead.take(0, 1)
        first = ahead.waited_s
        assert second_is_drawn.wait(60)
        ahead.take(1, None)
    assert first >= 0.5
    assert ahead.waited_s - first < 0.4
