# SPDX-License-Identifier: Apache-2.0
"""`lessgad restore` and `lessgad phantom` in folders of any name: they find what they read, and write nowhere else."""

import shutil

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lessgad.cli.main import exit_code

FEW = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]}
odd = st.text(st.sampled_from("ab #?%&=+;:@'\"[]{}()~!$,*20.\\é中\u0301"), min_size=1, max_size=9).filter(
    lambda name: name.strip(". ") != ""
)


def names_in(folder) -> set[str]:
    return {path.name for path in folder.iterdir()}


@settings(max_examples=4, **FEW)
@given(folder=odd, name=odd)
def test_restore(low, model, tmp_path_factory, folder, name):
    base = tmp_path_factory.mktemp("odd") / folder
    shutil.copytree(model, base / f"m{name}")
    scan = base / f"l{name}.nii.gz"
    shutil.copy(low, scan)
    out, half = base / f"o{name}.nii.gz", base / f"h{name}.nii"
    options = ("--model", base / f"m{name}", "--dose", "0.1", "--interval", half)
    assert exit_code([str(word) for word in ("restore", scan, out, *options)]) == 0
    assert names_in(base) == {f"m{name}", scan.name, out.name, half.name}
    assert names_in(base.parent) == {folder}
    np.testing.assert_allclose(nibabel.load(out).affine, nibabel.load(low).affine, atol=1e-4)


@pytest.mark.slow
@settings(max_examples=1, **FEW)
@given(folder=odd, name=odd)
def test_phantom(tmp_path_factory, folder, name):
    base = tmp_path_factory.mktemp("odd") / folder
    cohort = base / f"c{name}"
    assert exit_code(["phantom", str(cohort), "--patients", "1", "--pairs-only"]) == 0
    assert names_in(base) == {cohort.name}
    assert names_in(base.parent) == {folder}
    assert len(list(cohort.glob("sub-*/ses-*/anat/*_ce-gadolinium_T1w.nii.gz"))) >= 1
