# SPDX-License-Identifier: Apache-2.0
"""What all tests share: where the real scans are, and what happens where they are not."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real scans (LESSGAD_SHARED); its absence fails where LESSGAD_REQUIRE_DATA=1 and skips elsewhere."""
    folder = Path(os.environ.get("LESSGAD_SHARED", "shared-not-set"))
    if (folder / "data").is_dir():
        return folder
    reason = "LESSGAD_SHARED does not name the folder with the real scans"
    if os.environ.get("LESSGAD_REQUIRE_DATA") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
