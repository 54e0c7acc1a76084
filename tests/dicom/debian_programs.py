# SPDX-License-Identifier: Apache-2.0
"""Programs of Debian's that DICOM tests run: dciodvfy (dicom3tools), storescu (dcmtk), Orthanc."""

import os
import shutil

import pytest


def program(name: str) -> str:
    """A program of Debian's; the Makefile installs it. Without it the test is skipped, in CI it fails."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if path is None:
        reason = f"no {name}: see the Makefile for what to install"
        if os.environ.get("LESSGAD_REQUIRE_DATA") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
