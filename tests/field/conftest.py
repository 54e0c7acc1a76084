# SPDX-License-Identifier: Apache-2.0
"""The published network, and where its checkpoint lies."""

import sys
from pathlib import Path

import pytest
import torch

from lessgad.field.published import PublishedField

sys.path.insert(0, str(Path(__file__).parent))  # tests import helper modules of their folder by name


@pytest.fixture(scope="module")
def field():
    torch.manual_seed(0)
    return PublishedField(1).eval()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "200_net_G.pth"
