# SPDX-License-Identifier: Apache-2.0
"""A SLURM that runs while the tests of this folder do."""

import os

import one_node
import pytest


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """Give the environment of its commands; without it tests skip, or fail where LESSGAD_REQUIRE_DATA=1."""
    reason = one_node.why_not()
    if reason and os.environ.get("LESSGAD_REQUIRE_DATA") == "1":
        pytest.fail(f"no SLURM: {reason}")
    if reason:
        pytest.skip(f"no SLURM: {reason}")
    with one_node.slurm(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment
