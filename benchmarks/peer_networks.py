# SPDX-License-Identifier: Apache-2.0
"""Networks that others would restore low doses with: what each sees of a scan, and how its output becomes an image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from lessgad.field.build import build_field
from lessgad.field.checkpoint import load_field
from lessgad.field.kernel_sources import kernel_sources
from lessgad.field.measured_enhancement import ScanFacts, measured_enhancement
from lessgad.field.presets import FieldSettings
from lessgad.pretrained import pretrained_model

DEPTH = 16  # slices of a patch of the 3D U-Net
N_NEIGHBORS = 2


@dataclass(frozen=True, eq=False)
class Scan:
    """One simulated scan of a slab, slices first, on [−1, 1]."""

    t1: np.ndarray
    low: np.ndarray
    standard: np.ndarray
    dose: float
    sigma: float
    facts: ScanFacts


class Peer:
    """A network, what it sees of a scan, and how its output becomes an image.

    Attributes:
        network: Trained in place.
        depth: Slices that it restores at once.
    """

    network: nn.Module
    depth = 1

    def sees(self, scan: Scan, first: int) -> Tensor:
        """Stack the channels for slices `first` to `first + depth`."""
        raise NotImplementedError

    def restores(self, seen: Tensor, dose: Tensor) -> Tensor:
        """Give images (batch, depth, rows, columns)."""
        raise NotImplementedError


class UNet25D(Peer):
    """MONAI's residual U-Net on five slices of T1 and low dose; the residual is added to the low dose.

    Without MONAI's usual instance norm, which hides the absolute signal: with it, and half the resolution in the
    first layer, the PSNR at 10 and 30 % was 4 to 7 dB lower.
    """

    def __init__(self) -> None:
        from monai.networks.nets import UNet

        n_channels = 2 * (2 * N_NEIGHBORS + 1) + 3
        self.network = UNet(2, n_channels, 1, (24, 48, 64, 96), (1, 2, 2), num_res_units=2, norm=None)

    def sees(self, scan: Scan, first: int) -> Tensor:
        around = np.clip(np.arange(first - N_NEIGHBORS, first + N_NEIGHBORS + 1), 0, len(scan.t1) - 1)
        return torch.from_numpy(np.concatenate((scan.low[around], scan.t1[around], told(scan))).astype(np.float32))

    def restores(self, seen: Tensor, dose: Tensor) -> Tensor:  # noqa: ARG002 - it is among the channels
        return seen[:, N_NEIGHBORS : N_NEIGHBORS + 1] + self.network(seen).float()


class UNet3D(Peer):
    """MONAI's residual U-Net in three dimensions; the residual is added to the low dose."""

    depth = DEPTH

    def __init__(self) -> None:
        from monai.networks.nets import UNet

        strides = (1, 2, 2), (2, 2, 2), (2, 2, 2)
        self.network = UNet(3, 5, 1, (16, 32, 64, 96), strides, num_res_units=2, norm=None)

    def sees(self, scan: Scan, first: int) -> Tensor:
        planes = np.clip(np.arange(first, first + DEPTH), 0, len(scan.t1) - 1)
        stacked = np.stack((scan.low[planes], scan.t1[planes], *(told(scan)[:, None].repeat(DEPTH, 1))))
        return torch.from_numpy(stacked.astype(np.float32))

    def restores(self, seen: Tensor, dose: Tensor) -> Tensor:  # noqa: ARG002 - it is among the channels
        return seen[:, 0] + self.network(seen).float()[:, 0]


class Field(Peer):
    """`compact` or the published network, given T1 and low dose and told the dose."""

    def __init__(self, preset: str) -> None:
        given = {"inputs": ("pre_contrast", "low_dose")} if preset == "paper" else {}
        self.settings = FieldSettings.model_validate({"preset": preset, **given})
        self.network = build_field(self.settings)

    def sees(self, scan: Scan, first: int) -> Tensor:
        n = self.settings.n_neighbor_slices
        around = np.clip(np.arange(first - n, first + n + 1), 0, len(scan.t1) - 1)
        return torch.from_numpy(np.concatenate((scan.t1[around], scan.low[around])).astype(np.float32))

    def restores(self, seen: Tensor, dose: Tensor) -> Tensor:
        position = torch.zeros(len(seen), 2, *seen.shape[-2:])
        return self.network(seen, dose, position).float()


class Kernel(Peer):
    """The kernel field, from random weights or from the pretrained ones."""

    def __init__(self, *, pretrained: bool) -> None:
        self.network = load_field(pretrained_model())[0] if pretrained else build_field(FieldSettings(preset="kernel"))

    def sees(self, scan: Scan, first: int) -> Tensor:
        evidence = measured_enhancement(scan.t1, scan.low, scan.dose, scan.facts, [first])
        return torch.from_numpy(kernel_sources(evidence, N_NEIGHBORS)[0])

    def restores(self, seen: Tensor, dose: Tensor) -> Tensor:
        return self.network(seen, dose, seen[:, :2]).float()


PEERS: dict[str, Callable[[], Peer]] = {
    "unet-2.5d": UNet25D,
    "unet-3d": UNet3D,
    "published": lambda: Field("paper"),
    "compact": lambda: Field("compact"),
    "kernel-scratch": lambda: Kernel(pretrained=False),
    "kernel-pretrained": lambda: Kernel(pretrained=True),
}


def told(scan: Scan) -> np.ndarray:
    """Maps of dose, noise, and noise over dose."""
    values = scan.dose, 10 * scan.sigma, min(scan.sigma / max(scan.dose, 0.02), 1.0)
    return np.broadcast_to(np.array(values, np.float32)[:, None, None], (3, *scan.t1.shape[1:]))
