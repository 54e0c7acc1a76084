# SPDX-License-Identifier: Apache-2.0
"""Several images at a time on a processor, each on one core.

The convolutions of one slice are too small to keep several cores busy; several slices are not. What is computed for an
image then does not depend on the number of cores either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

Item = TypeVar("Item")
MOST_AT_ONCE = 8  # each takes some hundred MB


def for_each(do: Callable[[Item], None], items: Iterable[Item], device: torch.device) -> None:
    """Call a function with each item: on a processor up to eight at a time, on one of torch's threads each.

    On a GPU they follow one another.

    Args:
        do: The function. The order of the calls is not fixed.
        items: Its arguments.
        device: Device on which the function computes.
    """
    n_threads = torch.get_num_threads()
    n_at_once = min(n_threads, MOST_AT_ONCE)
    if device.type != "cpu" or n_at_once == 1:
        for item in items:
            do(item)
        return
    with ThreadPoolExecutor(n_at_once, initializer=torch.set_num_threads, initargs=(1,)) as threads:
        try:
            for _ in threads.map(do, items):
                pass
        finally:
            threads.shutdown(cancel_futures=True)  # after Ctrl-C or an error the others are not worth waiting for
            torch.set_num_threads(n_threads)
