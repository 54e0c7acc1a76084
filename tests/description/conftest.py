# SPDX-License-Identifier: Apache-2.0
import pytest
from paper_cohort import write_paper_cohort


@pytest.fixture(scope="session")
def paper_cohort(tmp_path_factory):
    return write_paper_cohort(tmp_path_factory.mktemp("paper") / "cohort")
