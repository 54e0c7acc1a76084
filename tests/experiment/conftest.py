# SPDX-License-Identifier: Apache-2.0
"""What the tests of `lessgad init` share: a cohort of empty files, and a place."""

from pathlib import Path

import pytest

TUMOR = "index\tname\n0\tBackground\n1\tnecrotic\n2\tedema\n4\tenhancing\n"


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    root = tmp_path / "cohort"
    for patient in ("01", "02"):
        for name in ("T1w", "ce-gadolinium_T1w"):
            path = root / f"sub-{patient}" / "anat" / f"sub-{patient}_{name}.nii.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    mask = root / "derivatives" / "expert" / "sub-01" / "anat" / "sub-01_dseg.nii.gz"
    mask.parent.mkdir(parents=True)
    mask.touch()
    (root / "derivatives" / "expert" / "dseg.tsv").write_text(TUMOR)
    return root


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    return tmp_path / "experiment"
