# SPDX-License-Identifier: Apache-2.0
"""`lessgad import-dicom` from and to folders of any name: the same cohort, and nothing is written beside it."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from small_export import files, write_export

from lessgad.cli.main import exit_code

odd = st.text(st.sampled_from("ab #?%&=+;:@'\"[]{}()~!$,*20sd.\\é中"), min_size=1, max_size=9).filter(
    lambda name: name.strip(". ") != ""
)


@pytest.mark.slow
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(folder=odd, name=odd)
@example(folder="100%20", name="%s%p_%d #?")
@example(folder="$(id)`id`", name="a;b 'c' \"d\"")
def test_import(tmp_path_factory, folder, name):
    base = tmp_path_factory.mktemp("odd") / folder
    source, cohort = base / f"e{name}", base / f"c{name}"
    write_export(source, (3,))
    assert exit_code(["import-dicom", str(source), str(cohort)]) == 0
    key = f"{cohort.name}-key.json"
    assert {path.name for path in base.iterdir()} == {source.name, cohort.name, key, f".{key}.lock"}
    assert {path.name for path in base.parent.iterdir()} == {folder}
    images = [path.name for path in files(cohort) if path.name.endswith(".nii.gz")]
    assert len(images) == 3, images
