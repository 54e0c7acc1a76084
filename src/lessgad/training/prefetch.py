# SPDX-License-Identifier: Apache-2.0
"""The next step's patches, drawn while this step computes."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")


class Prefetched(Generic[T]):
    """What a function gives for one number, with that for the following number drawn in a thread meanwhile.

    What is given depends only on the number, so drawing ahead changes nothing.

    Attributes:
        waited_s: Time that `take` has waited in all.

    Args:
        draw: Function that draws what a step sees, given the number of its first patch.
    """

    def __init__(self, draw: Callable[[int], T]) -> None:
        self._draw = draw
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="patches")
        self._ahead: tuple[int, Future[T]] | None = None
        self.waited_s = 0.0

    def take(self, number: int, following: int | None) -> T:
        """Take the item of `number`, and start preparing that of `following`.

        Args:
            number: Number of the item.
            following: The number to prepare next; None for none.

        Returns:
            The item.

        Raises:
            Exception: What `draw` raised.
        """
        started = time.perf_counter()
        ahead = self._ahead
        drawn = ahead[1].result() if ahead is not None and ahead[0] == number else self._draw(number)
        self.waited_s += time.perf_counter() - started
        self._ahead = None if following is None else (following, self._thread.submit(self._draw, following))
        return drawn

    def __enter__(self) -> Prefetched[T]:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True, cancel_futures=True)
