# SPDX-License-Identifier: Apache-2.0
"""Where nnU-Net works: folders of the experiment for as long as it takes, the user's own environment untouched."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from pathlib import Path

from lessgad.errors import SettingsError

DATASET = "Dataset001_lessgad"
PLANS = "nnUNetPlans"
PREFIX = "nnUNet_"


def missing_package() -> str | None:
    """Name the package that nnU-Net lacks; None where it is installed."""
    return next((name for name in ("nnunetv2", "torchvision") if find_spec(name) is None), None)


def check_installed() -> None:
    """Raise SettingsError where nnU-Net is not installed."""
    missing = missing_package()
    if missing is not None:
        raise SettingsError(
            f"Segmentation needs nnU-Net, and the package {missing} is not installed",
            remedy="In the checkout of lessgad, run pip install '.[segmentation]', or set segmentation: null in "
            "experiment.yaml",
        )


@contextmanager
def nnunet_environment(folder: Path | None = None, n_augmenting: int | None = None) -> Iterator[None]:
    """Run nnU-Net silently in folders of lessgad; the user's ``nnUNet_…`` variables are restored afterwards.

    Args:
        folder: Holds ``raw``, ``preprocessed`` and ``results``; None where nothing is written.
        n_augmenting: Processes that augment training patches; 0: this one does; None: as many as nnU-Net likes.

    Yields:
        Nothing.
    """
    before = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    for name in before:
        del os.environ[name]
    if folder is not None:
        for kind in ("raw", "preprocessed", "results"):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            os.environ[PREFIX + kind] = str(folder / kind)
    os.environ[PREFIX + "compile"] = "f"
    if n_augmenting is not None:
        os.environ[PREFIX + "n_proc_DA"] = str(n_augmenting)
    try:
        with redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            del os.environ[name]
        os.environ |= before
