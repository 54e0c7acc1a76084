# SPDX-License-Identifier: Apache-2.0
"""Only the phantom needs nilearn: everything else works without it, and the phantom says what to install."""

import subprocess
import sys

import pytest
import yaml

WITHOUT = """
import sys
sys.modules["nilearn"] = None  # as if it were not installed
import lessgad
from lessgad.cli.main import exit_code
sys.exit(exit_code(sys.argv[1:]))
"""


def without_nilearn(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def test_the_phantom_says_what_to_install(tmp_path):
    done = without_nilearn("phantom", tmp_path / "cohort", "--patients", "1")
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("lessgad: ")]
    assert line.endswith(
        "needs the package nilearn, which is not installed. In the checkout of lessgad, run: pip install '.[phantom]'."
    )
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "cohort").exists()


def test_a_scan_is_restored_with_the_pretrained_weights(tiny, tmp_path):
    t1, t1ce, _ = tiny.head(3)
    tiny.save(tmp_path / "t1.nii.gz", t1)
    tiny.save(tmp_path / "low.nii.gz", 0.9 * t1 + 0.1 * t1ce)
    done = without_nilearn(
        "restore",
        tmp_path / "low.nii.gz",
        tmp_path / "out.nii.gz",
        "--dose",
        "0.1",
        "--pre-contrast",
        tmp_path / "t1.nii.gz",
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.nii.gz").is_file()


@pytest.mark.slow
def test_a_model_is_trained_from_the_pretrained_weights(tiny, tmp_path):
    tiny.write_cohort(tmp_path / "cohort")
    settings = tiny.settings("../cohort", simulation={"noise": "matched"})
    settings["field"] = {}  # the preset of the weights that ship with lessgad
    root = tiny.write_experiment(tmp_path / "experiment", "../cohort")
    (root / "experiment.yaml").write_text(yaml.safe_dump(settings))
    done = without_nilearn("run", root, "--until", "train")
    assert done.returncode == 0, done.stderr
    assert list((root / "models").glob("*/best.safetensors"))
