# SPDX-License-Identifier: Apache-2.0
"""A SLURM that runs while the tests of this folder do."""

import one_node
import pytest


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """Give the environment of its commands; tests skip where SLURM is not installed."""
    reason = one_node.why_not()
    if reason:
        pytest.skip(f"no SLURM: {reason}")
    with one_node.slurm(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment
