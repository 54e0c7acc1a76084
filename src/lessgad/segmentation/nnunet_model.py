# SPDX-License-Identifier: Apache-2.0
"""A trained nnU-Net folder, read without running anything that is in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lessgad.errors import ModelError

_MULTIARRAY = import_module("numpy._core.multiarray")
#: What of NumPy stands in nnU-Net's checkpoints: numbers of its logs.
_SAFE: list[Any] = [
    np.dtype,
    np.ndarray,
    *(
        (getattr(_MULTIARRAY, name), f"{module}.{name}")
        for name in ("scalar", "_reconstruct")
        for module in ("numpy._core.multiarray", "numpy.core.multiarray")  # of NumPy 2, of NumPy 1
    ),
    *(type(np.dtype(kind)) for kind in ("f2", "f4", "f8", "i4", "i8", "b1")),
]
_ARCHITECTURES, _LAYERS = "dynamic_network_architectures.", "torch.nn."
CHECKPOINTS = ("checkpoint_final.pth", "checkpoint_best.pth")


@dataclass(frozen=True)
class TrainedModel:
    """Contents of a model folder.

    Attributes:
        path: The folder.
        plans: Content of plans.json.
        dataset: Content of dataset.json.
        configuration: Configuration of the training.
        mirroring_axes: Axes along which predictions may be mirrored.
        weights: Weights of each fold.
    """

    path: Path
    plans: dict[str, Any]
    dataset: dict[str, Any]
    configuration: str
    mirroring_axes: tuple[int, ...]
    weights: tuple[dict[str, torch.Tensor], ...]

    @property
    def labels(self) -> dict[str, tuple[int, ...]]:
        """Labels by name, without the background and the ignored label."""
        return {
            str(name): tuple(value) if isinstance(value, list) else (value,)
            for name, value in self.dataset["labels"].items()
            if name not in ("background", "ignore") and value != 0
        }


def checkpoint_files(path: Path) -> list[Path]:
    """Find the checkpoint of each fold, as nnU-Net names them.

    Args:
        path: The file.

    Returns:
        One file per fold.

    Raises:
        ModelError: There is none.
    """
    names = next((name for name in CHECKPOINTS if list(path.glob(f"fold_*/{name}"))), CHECKPOINTS[0])
    found = sorted(path.glob(f"fold_*/{names}"))
    if not found:
        missing = " and ".join(f"fold_0/{name}" for name in CHECKPOINTS[:1])
        raise ModelError(f"The folder lacks {missing}; it must be that of a trained nnU-Net", path=path)
    return found


def read_model(path: Path) -> TrainedModel:
    """Read a model folder: plans.json, dataset.json, and the checkpoint of every fold.

    Args:
        path: The file to read.

    Returns:
        The trained model.

    Raises:
        ModelError: A file is missing, damaged, or holds more than numbers; the model has several channels, works in a
            cascade, or is built of anything but nnU-Net's networks.
    """
    plans, dataset = _read_json(path / "plans.json"), _read_json(path / "dataset.json")
    states = [(file, _read_checkpoint(file)) for file in checkpoint_files(path)]
    try:
        first = states[0][1]
        configuration = str(first["init_args"]["configuration"])
        axes = tuple(int(axis) for axis in first.get("inference_allowed_mirroring_axes") or ())
        chosen = _configuration(plans, configuration)
        channels = dataset["channel_names"] if "channel_names" in dataset else dataset["modality"]
        n_channels, labels = len(channels), dataset["labels"]
        weights = tuple(state["network_weights"] for _, state in states)
        architecture = chosen.get("architecture", {})
        network = str(architecture.get("network_class_name", _ARCHITECTURES))
        needed = [architecture["arch_kwargs"][key] for key in architecture.get("_kw_requires_import", ())]
        schemes = chosen["normalization_schemes"]
        plans["foreground_intensity_properties_per_channel"]["0"]  # nnU-Net reads it for every image
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise ModelError(f"The folder of the trained nnU-Net lacks {error}", path=path) from error
    if n_channels != 1:
        names = ", ".join(map(str, channels.values())) if isinstance(channels, dict) else str(n_channels)
        raise ModelError(
            f"The model takes {n_channels} channels ({names}); it must take one, the T1ce", path=path / "dataset.json"
        )
    if chosen.get("previous_stage"):
        raise ModelError(
            f"The model is the second stage of a cascade ({configuration}) and does not work alone", path=path
        )
    if any("CT" in str(scheme) for scheme in schemes):
        raise ModelError(f"The model normalizes intensities as {schemes[0]}, which is for CT", path=path / "plans.json")
    if not isinstance(labels, dict):
        raise ModelError(
            f"labels is a {type(labels).__name__}; it must give a number for each name", path=path / "dataset.json"
        )
    foreign = [str(name) for name in needed if name is not None and not str(name).startswith(_LAYERS)]
    if not network.startswith(_ARCHITECTURES) or foreign:
        raise ModelError(
            f"The network {(foreign or [network])[0]} is not one of nnU-Net's own", path=path / "plans.json"
        )
    return TrainedModel(path, plans, dataset, configuration, axes, weights)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"The folder lacks {path.name}; it must be that of a trained nnU-Net", path=path.parent
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(f"The file is not valid JSON ({error})", path=path) from error
    if not isinstance(content, dict):
        raise ModelError(f"The file holds a {type(content).__name__}; it must hold values by name", path=path)
    return content


def _read_checkpoint(path: Path) -> dict[str, Any]:
    from pickle import UnpicklingError

    try:
        with torch.serialization.safe_globals(_SAFE):
            state = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        words = str(error).split("GLOBAL ")
        what = f"an object that could run code ({words[1].split()[0]})" if len(words) > 1 else "damaged data"
        raise ModelError(f"The checkpoint holds {what}; nothing in it was run", path=path) from error
    except (OSError, RuntimeError, EOFError, ValueError) as error:
        raise ModelError(f"The checkpoint of nnU-Net is damaged ({error})", path=path) from error
    if not isinstance(state, dict) or not isinstance(state.get("network_weights"), dict):
        raise ModelError("The file is not a checkpoint of nnU-Net", path=path)
    return state


def _configuration(plans: dict[str, Any], name: str) -> dict[str, Any]:
    """Complete a configuration with what it inherits."""
    chosen: dict[str, Any] = plans["configurations"][name]
    seen: Sequence[str] = [name]
    while "inherits_from" in chosen:
        parent = chosen["inherits_from"]
        if parent in seen:
            raise ValueError(f"a configuration that inherits from others than itself ({parent})")
        seen = [*seen, parent]
        chosen = {**plans["configurations"][parent], **{k: v for k, v in chosen.items() if k != "inherits_from"}}
        chosen |= {"inherits_from": p} if (p := plans["configurations"][parent].get("inherits_from")) else {}
    return chosen
