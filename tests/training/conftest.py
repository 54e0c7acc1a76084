# SPDX-License-Identifier: Apache-2.0
"""What the tests of training share."""

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # tests import helper modules of their folder by name


@pytest.fixture(autouse=True)
def one_thread():
    """Images this small are slower on more threads, and much slower on a busy machine."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)
