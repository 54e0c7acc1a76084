# SPDX-License-Identifier: Apache-2.0
"""The published network, and where its checkpoint lies."""

import pytest
import torch

from lessgad.field.published import PublishedField


@pytest.fixture(scope="module")
def field():
    torch.manual_seed(0)
    return PublishedField(1).eval()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "200_net_G.pth"
