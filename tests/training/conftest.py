# SPDX-License-Identifier: Apache-2.0
"""What the tests of training share."""

import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread():
    """Images this small are slower on more threads, and much slower on a busy machine."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)
