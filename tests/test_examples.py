# SPDX-License-Identifier: Apache-2.0
"""The examples run on a generated pair, are short, and use public names alone."""

import ast
import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import lessgad

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))
GOLDEN = Path(__file__).parent / "field" / "golden" / "residual"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def files(lopsided, tmp_path_factory) -> dict[str, str]:
    """T1, T1ce, mask and low dose of a generated head, as files."""
    folder = tmp_path_factory.mktemp("pair")
    t1, t1ce = lopsided.pair()
    x, y, z = np.ogrid[-90:90:2, -104:104:2, -70:70:3.5]
    tumor = t1.with_array((((x - 30) / 12) ** 2 + (y / 12) ** 2 + (z / 12) ** 2 <= 1).astype(np.uint8))
    calibrated = lessgad.calibrate(t1, t1ce)
    low = lessgad.simulate_low_dose(t1, calibrated, 0.3)
    volumes = {"t1": t1, "t1ce": t1ce, "tumor": tumor, "calibrated": calibrated, "low": low}
    for name, volume in volumes.items():
        lessgad.write_volume(folder / f"{name}.nii.gz", volume)
    return {name: str(folder / f"{name}.nii.gz") for name in volumes}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_an_example_is_short_and_uses_public_names_alone(script):
    text = script.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 40
    tree = ast.parse(text)
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"sys", "lessgad"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "lessgad"
    }
    assert used
    assert used <= set(dir(lessgad))


@pytest.mark.slow
def test_a_low_dose_of_a_pair_is_simulated(files, tmp_path, capsys):
    out = tmp_path / "low_dose.nii.gz"
    example("simulate_your_pair").main(files["t1"], files["t1ce"], str(out))
    low_dose, t1 = lessgad.read_volume(out), lessgad.read_volume(files["t1"])
    assert low_dose.array.shape == t1.array.shape
    assert np.array_equal(low_dose.affine, t1.affine)
    assert (tmp_path / "low_dose.png").stat().st_size > 10_000
    assert "10% of the dose" in capsys.readouterr().out


@pytest.mark.slow
def test_two_restorers_are_compared(files, capsys):
    example("compare_two_restorers").main(files["t1"], files["t1ce"], "pretrained", str(GOLDEN))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["unrestored", "pretrained", str(GOLDEN)]
    printed = [float(line.split("PSNR ")[1].split()[0]) for line in lines[:2]]
    low_dose = lessgad.simulate_low_dose(files["t1"], files["calibrated"], 0.3, noise=25.0, seed=1)
    restored = lessgad.Restorer.load("pretrained").restore(low_dose, 0.3, files["t1"])
    images = [lessgad.normalize(image, files["t1"]) for image in (low_dose, restored)]
    reference = lessgad.normalize(files["calibrated"], files["t1"])
    of_head = [lessgad.similarity(image, reference)[0].psnr_db for image in images]
    assert printed == pytest.approx(of_head, abs=1.0)  # the example registers the pair first
    tumor = lessgad.read_volume(files["tumor"], labels=True).array > 0
    errors = [np.abs(image.array - reference.array)[tumor].mean() for image in images]
    assert errors[1] < 0.5 * errors[0]


@pytest.mark.slow
def test_a_scan_is_restored_with_its_cautions(files, tmp_path, capsys):
    out = tmp_path / "restored.nii.gz"
    example("restore_and_read_cautions").main(files["low"], files["t1"], str(out), 0.3)
    printed = capsys.readouterr().out
    assert "caution: enhancement is assumed to be proportional to the dose" in printed
    assert "90 % interval" in printed
    assert lessgad.read_volume(out).array.shape == lessgad.read_volume(files["low"]).array.shape


def test_an_external_method_is_scored(files, capsys):
    scored = example("score_external_method").main
    scored(files["t1"], files["calibrated"], files["tumor"], files["calibrated"])
    assert "tumor_box: PSNR inf dB, SSIM 1.000" in capsys.readouterr().out
    scored(files["t1"], files["calibrated"], files["tumor"], files["low"])
    assert "recovery 0.30" in capsys.readouterr().out
