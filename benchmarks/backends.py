# SPDX-License-Identifier: Apache-2.0
"""What runs the preset compact fastest: ms for a slice of 144×176. Needs onnx, onnxruntime and openvino besides."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from speed_against_paper import loaded_field


def milliseconds(function, n: int = 40) -> str:
    for _ in range(5):
        function()
    started = time.perf_counter()
    for _ in range(n):
        function()
    return f"{1e3 * (time.perf_counter() - started) / n:.1f} ms"


def main() -> int:
    import onnxruntime
    import openvino
    import torch

    field = loaded_field("compact")
    given = torch.rand(1, field.settings.n_images, 144, 176) * 2 - 1, torch.tensor([0.3]), torch.rand(1, 2, 144, 176)
    arrays = [tensor.numpy() for tensor in given]
    with torch.inference_mode():
        print("channels-last", milliseconds(lambda: field(*given)))
        plain = loaded_field("compact").to(memory_format=torch.contiguous_format)
        print("channels-first", milliseconds(lambda: plain(*given)))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            print("bf16", milliseconds(lambda: field(*given), 5))
        compiled = torch.compile(field)
        print("torch.compile", milliseconds(lambda: compiled(*given)))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "compact.onnx")
        torch.onnx.export(field, given, path, dynamo=False, opset_version=17)
        session = onnxruntime.InferenceSession(path)
        feed = dict(zip([one.name for one in session.get_inputs()], arrays, strict=True))
        print("ONNX Runtime", milliseconds(lambda: session.run(None, feed)))
        request = openvino.compile_model(path, "CPU").create_infer_request()
        print("OpenVINO", milliseconds(lambda: request.infer(arrays)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
