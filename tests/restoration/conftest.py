# SPDX-License-Identifier: Apache-2.0
"""Scans to restore, and scans that need no registration."""

import pytest

from lessgad.preparation import registration
from lessgad.preparation.rigid_transform import RigidTransform


@pytest.fixture(scope="module")
def scan(lopsided):
    return lopsided.pair()[1]


@pytest.fixture
def at_home(monkeypatch):
    """Scans that lie on each other already: registration finds that nothing is to be moved."""
    monkeypatch.setattr(registration, "_elastix", lambda *_: RigidTransform.identity())
