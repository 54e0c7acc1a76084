# SPDX-License-Identifier: Apache-2.0
import pytest
import torch

from lessgad.field import precision
from lessgad.field.precision import autocast, resolve_precision

CPU = torch.device("cpu")


@pytest.mark.parametrize("named", ["bf16", "fp32"])
def test_what_is_named_is_taken(named):
    assert resolve_precision(named, CPU) == named


@pytest.mark.parametrize(("in_hardware", "taken"), [(True, "bf16"), (False, "fp32")])
def test_auto_asks_the_processor(monkeypatch, in_hardware, taken):
    monkeypatch.setattr(precision, "_processor_has_bf16", lambda: in_hardware)
    assert resolve_precision("auto", CPU) == taken


@pytest.mark.parametrize(("in_hardware", "taken"), [(True, "bf16"), (False, "fp32")])
def test_auto_asks_the_graphics_card(monkeypatch, in_hardware, taken):
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation: in_hardware and not including_emulation
    )
    assert resolve_precision("auto", torch.device("cuda")) == taken


@pytest.mark.parametrize(
    ("flags", "has"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16 sse", True),
        ("flags\t\t: fpu amx_bf16", True),
        ("flags\t\t: fpu avx512f avx2", False),
        ("Features\t: fp asimd", False),
    ],
)
def test_processor_flags(monkeypatch, tmp_path, flags, has):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\n{flags}\n")
    monkeypatch.setattr(precision, "Path", lambda _: cpuinfo)
    assert precision._processor_has_bf16.__wrapped__() is has
    cpuinfo.unlink()
    assert precision._processor_has_bf16.__wrapped__() is False


@pytest.mark.parametrize(("named", "dtype"), [("bf16", torch.bfloat16), ("fp32", torch.float32)])
def test_inside_the_block_matrices_are_of_that_format(named, dtype):
    with autocast(CPU, named):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype
