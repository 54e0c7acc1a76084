# SPDX-License-Identifier: Apache-2.0
"""The browser that readers are imitated in."""

import os
import shutil

import pytest


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's Chromium; without it tests skip, or fail where LESSGAD_REQUIRE_DATA=1."""
    found = shutil.which("chromium")
    if found:
        return found
    reason = "no chromium: apt-get install -y --no-install-recommends chromium"
    if os.environ.get("LESSGAD_REQUIRE_DATA") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
