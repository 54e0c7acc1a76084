# SPDX-License-Identifier: Apache-2.0
"""What `import lessgad` promises: every name is there, documented, and cheap until it is used."""

import inspect
import subprocess
import sys

import pytest

import lessgad

FUNCTIONS = sorted(set(dir(lessgad)) - {"__version__"})


def test_completion_finds_every_name():
    assert set(lessgad.__all__) == set(dir(lessgad))
    assert {"read_volume", "register", "calibrate", "normalize", "simulate_low_dose", "show"} <= set(dir(lessgad))
    with pytest.raises(AttributeError, match="no attribute 'something_else'"):
        _ = lessgad.something_else


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_name_is_documented_and_typed(name):
    thing = getattr(lessgad, name)
    assert len(inspect.getdoc(thing)) > 20
    if inspect.isfunction(thing):
        signature = inspect.signature(thing)
        assert signature.return_annotation is not inspect.Signature.empty
        assert all(p.annotation is not inspect.Parameter.empty for p in signature.parameters.values())


def test_importing_the_package_imports_nothing_heavy():
    heavy = ("torch", "numpy", "nibabel", "monai")
    code = f"import sys, lessgad; dir(lessgad); print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
