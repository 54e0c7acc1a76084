# SPDX-License-Identifier: Apache-2.0
"""Checkpoints in the format of the CoNeS authors: PyTorch files with the weights of their generator, by their names."""

from __future__ import annotations

import pickle
import re
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lessgad.errors import ModelError
from lessgad.field.published import N_FREQUENCIES, PublishedField

MAX_INPUTS = 16
WRAPPINGS = ("netG", "net_G", "generator", "state_dict", "model_state_dict", "model")
PREFIXES = ("module.", "model.", "netG.", "generator.", "module.")
OTHER_NETWORKS = ("netD.", "discriminator.")
OUR_NAME_AND_THEIRS = (
    ("layers.", "decoder.net."),
    ("shifts.", "latlayers."),
    ("encoder.stem.", "encoder.conv1."),
    ("encoder.stem_norm.", "encoder.bn1."),
    ("encoder.stages.0.", "encoder.layer1."),
    ("encoder.stages.1.", "encoder.layer2."),
    ("encoder.stages.2.", "encoder.layer3."),
    ("encoder.stages.3.", "encoder.layer4."),
    ("encoder.lateral.0.", "encoder.latlayers3."),
    ("encoder.lateral.1.", "encoder.latlayers2."),
    ("encoder.lateral.2.", "encoder.latlayers1."),
    ("encoder.lateral.3.", "encoder.toplayer."),
    ("encoder.smooth.0.", "encoder.smooth3."),
    ("encoder.smooth.1.", "encoder.smooth2."),
    ("encoder.smooth.2.", "encoder.smooth1."),
)
REFUSED_OBJECT = "GLOBAL|Can only create|Can only build|unrecognized function"  # in what PyTorch says
NAME_THE_GENERATOR = "Name the checkpoint of a CoNeS generator"
DOWNLOAD_AGAIN = "Copy or download it again"


def load_published_checkpoint(path: Path | str) -> PublishedField:
    """Load the authors' generator, ready to restore; nothing in the file is executed.

    The weights may lie bare, under one of `WRAPPINGS`, and behind one of `PREFIXES`; any float format becomes float32.

    Args:
        path: The checkpoint file.

    Returns:
        The network, in evaluation mode.

    Raises:
        ModelError: No such file, not a checkpoint, damaged, with objects that are no tensors, of another network, or
            with weights that are not finite.
    """
    path = Path(path)
    weights = _without_prefixes(_unwrapped(_stored(path), path))
    with torch.device("meta"):  # shapes alone; the weights come from the file
        field = PublishedField(_number_of_inputs(weights, path))
    wanted = {authors_name(name): (name, tensor.shape) for name, tensor in field.state_dict().items()}
    _check_names(weights, set(wanted), path)
    own = {}
    for key, (name, shape) in wanted.items():
        own[name] = _checked(weights[key], key, shape, path)
    field.load_state_dict(own, assign=True)
    return field.eval()


def authors_name(name: str) -> str:
    """Give the authors' name of a weight of `PublishedField`."""
    for ours, theirs in OUR_NAME_AND_THEIRS:
        if name.startswith(ours):
            return (theirs + name.removeprefix(ours)).replace(".norm", ".bn")
    raise KeyError(name)


def _stored(path: Path) -> Any:  # noqa: ANN401 - a checkpoint can hold anything
    if not path.exists():
        raise ModelError("There is no such file", path=path, remedy="Check the path")
    if not path.is_file():
        raise ModelError("This is a folder; a checkpoint is one file", path=path, remedy=NAME_THE_GENERATOR)
    try:
        with warnings.catch_warnings(action="ignore"):  # of unusual files; the errors below say what matters
            return torch.load(path, map_location="cpu", weights_only=True)
    except PermissionError as error:
        raise ModelError("The checkpoint cannot be read: permission denied", path=path) from error
    except pickle.UnpicklingError as error:
        if re.search(REFUSED_OBJECT, str(error)):
            raise ModelError(
                "The checkpoint holds objects other than tensors, which could run code; nothing was executed",
                path=path,
                remedy="Save the generator's state_dict() and load that",
            ) from error
        raise _damaged(path) from error
    except Exception as error:  # a damaged file can make the readers raise nearly anything
        raise _damaged(path) from error


def _damaged(path: Path) -> ModelError:
    came = "empty" if path.stat().st_size == 0 else "damaged, or not a PyTorch checkpoint"
    return ModelError(f"The checkpoint is {came}", path=path, remedy=DOWNLOAD_AGAIN)


def _unwrapped(stored: Any, path: Path) -> dict[str, Any]:  # noqa: ANN401
    for _ in range(4):  # a wrapping may lie in another, and a damaged one in itself
        inner = [stored[key] for key in WRAPPINGS if isinstance(stored, dict) and isinstance(stored.get(key), dict)]
        stored = inner[0] if inner else stored
    if not isinstance(stored, dict):
        raise ModelError(
            f"The checkpoint holds a {type(stored).__name__}, not weights by name", path=path, remedy=NAME_THE_GENERATOR
        )
    if not any(isinstance(value, Tensor) for value in stored.values()):
        raise ModelError(
            _listing("The checkpoint holds no weights, only", stored), path=path, remedy=NAME_THE_GENERATOR
        )
    return {str(key): value for key, value in stored.items()}


def _without_prefixes(weights: dict[str, Any]) -> dict[str, Any]:
    for prefix in PREFIXES:
        if any(key.startswith(prefix) for key in weights):
            weights = {key.removeprefix(prefix): value for key, value in weights.items()}
            weights = {key: value for key, value in weights.items() if not key.startswith(OTHER_NETWORKS)}
    return weights


def _number_of_inputs(weights: dict[str, Any], path: Path) -> int:
    first = weights.get("decoder.net.0.weight")
    if not isinstance(first, Tensor) or first.ndim != 2:
        return 1  # the comparison with the whole network says what is wrong
    n_inputs = first.shape[1] - 4 * N_FREQUENCIES
    if not 1 <= n_inputs <= MAX_INPUTS:
        raise ModelError(
            f"decoder.net.0.weight has {first.shape[1]} channels, which is {n_inputs} and the position "
            f"encoding; a network has 1 to {MAX_INPUTS} input images",
            path=path,
            remedy=NAME_THE_GENERATOR,
        )
    return n_inputs


def _check_names(weights: dict[str, Any], wanted: set[str], path: Path) -> None:
    missing = sorted(wanted - set(weights))
    unexpected = sorted(set(weights) - wanted)
    if len(missing) > len(wanted) / 2:
        came = _listing(
            f"The checkpoint holds {len(weights)} weights of a network other than the CoNeS generator:", weights
        )
        raise ModelError(came, path=path, remedy=NAME_THE_GENERATOR)
    if missing:
        came = f"{len(missing)} are missing, the first of them {missing[0]}"
        raise ModelError(
            f"Of the {len(wanted)} weights of the CoNeS generator, {came}", path=path, remedy=DOWNLOAD_AGAIN
        )
    if unexpected:
        came = _listing(
            f"The checkpoint holds {len(unexpected)} weights that the CoNeS generator does not have:", unexpected
        )
        raise ModelError(came, path=path, remedy=NAME_THE_GENERATOR)


def _checked(weight: Any, key: str, shape: torch.Size, path: Path) -> Tensor:  # noqa: ANN401
    if not isinstance(weight, Tensor) or not _is_plain(weight):
        came = f"of type {weight.dtype}" if isinstance(weight, Tensor) else f"a {type(weight).__name__}"
        raise ModelError(f"{key} is {came}; it must be a dense tensor of floats", path=path, remedy=NAME_THE_GENERATOR)
    if weight.shape != shape:
        raise ModelError(
            f"The shape of {key} is {_times(weight.shape)}; it must be {_times(shape)}",
            path=path,
            remedy=NAME_THE_GENERATOR,
        )
    own = weight.detach().to(torch.float32, copy=True, memory_format=torch.contiguous_format)
    if not own.isfinite().all():
        raise ModelError(f"{key} holds NaN or infinity", path=path, remedy="Use a checkpoint of an earlier epoch")
    return own


def _is_plain(weight: Tensor) -> bool:
    return weight.layout is torch.strided and weight.is_floating_point() and weight.device.type == "cpu"


def _times(shape: torch.Size) -> str:
    return "×".join(str(n) for n in shape) or "a single number"


def _listing(introduction: str, names: Any, n_shown: int = 3) -> str:  # noqa: ANN401
    shown = [str(name)[:80] for name in list(names)[:n_shown]]
    return f"{introduction} {', '.join(shown) or 'nothing'}{', …' if len(names) > n_shown else ''}"
