# SPDX-License-Identifier: Apache-2.0
"""Train what others would use, on the same patients, noise and CPU time, and hold it against the kernel field.

    python benchmarks/peers.py EXPERIMENT STATE --minutes 6
    python benchmarks/peers.py EXPERIMENT STATE --minutes 6 --evaluate --doses 0.1 0.3 --noise matched 20

Networks: a 2.5D and a 3D residual U-Net of MONAI that see T1 and low dose and are told dose and noise; the published
network and `compact` of lessgad; the kernel field from scratch and from its pretrained weights. All see the training
patients of a prepared experiment, around the tumor, with doses drawn log-uniformly from 4 to 95 % and noise from an SNR
of 8 to 100 or as strong as the scan's own. Weights and the CPU time used are kept in STATE; a run goes on from there.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from peer_networks import PEERS, Kernel, Peer, Scan
from restoration_on_pairs import Slab, scores, slabs
from restoration_on_pairs import scans as test_scans
from torch import nn

from lessgad.dose.linear import mix
from lessgad.dose.noise import add_noise
from lessgad.field.kernel_sources import NOISE_CHANNEL
from lessgad.field.measured_enhancement import ScanFacts
from lessgad.training.losses import usual_error

BATCH = 8
SIDE = 96
LEARNING_RATE = 1e-3
SECONDS_BETWEEN_SAVES = 60


def drawn(slab: Slab, rng: np.random.Generator, depth: int) -> tuple[Scan, int]:
    """Draw dose, noise and window of a training patch, and its first slice."""
    dose = float(np.exp(rng.uniform(np.log(0.04), np.log(0.95))))
    kind = rng.random()
    sigma = (
        slab.sigma * float(np.exp(rng.normal(0, 0.3)))
        if kind < 0.4
        else slab.level / float(np.exp(rng.uniform(np.log(8), np.log(100))))
    )
    n = len(slab.t1)
    first = int(rng.integers(0, max(1, n - depth + 1)))
    planes = slice(max(0, first - 6), min(n, first + depth + 6))
    y, x = (int(rng.integers(0, max(1, size - SIDE + 1))) for size in slab.t1.shape[1:])
    flip = int(rng.choice([-1, 1]))

    def cut(image: np.ndarray) -> np.ndarray:
        part = image[planes, y : y + SIDE, x : x + SIDE]
        part = np.pad(part, ((0, 0), *((0, SIDE - s) for s in part.shape[1:])), constant_values=-1)
        return np.ascontiguousarray(part[:, :, ::flip])

    t1, t1ce, *clean = (cut(image) for image in (slab.t1, slab.t1ce, *slab.clean))
    outside = (t1 == -1) & (t1ce == -1)

    def noisy(image: np.ndarray) -> np.ndarray:
        scanned = np.clip(add_noise(np.maximum(image + 1, 0), sigma, rng) - 1, -1, 1)
        return np.where(outside, -1, scanned).astype(np.float32)

    if kind > 0.85:
        low, seen, sigma_t1 = noisy(mix(t1, t1ce, dose)), noisy(t1), float(np.hypot(sigma, slab.sigma_t1))
    else:
        low, seen, sigma_t1 = noisy(mix(clean[0], clean[1], dose)), t1, slab.sigma_t1
    sigma_low = float(np.hypot(sigma, slab.sigma_t1)) if kind > 0.85 else sigma
    facts = ScanFacts(slab.spacing_mm, sigma_t1, misalignment_mm=0.0, sigma_low_dose=sigma_low)
    return Scan(seen, low, t1ce, dose, sigma, facts), first - planes.start


def train(peer: Peer, training: list[Slab], seconds: float, state: Path) -> int:
    """Train for some CPU time; go on from `state` where it exists. Give the number of patches."""
    adam = torch.optim.Adam(peer.network.parameters(), LEARNING_RATE, betas=(0.9, 0.98))
    used, n_patches = 0.0, 0
    if state.is_file():
        saved = torch.load(state, weights_only=True)
        peer.network.load_state_dict(saved["network"])
        adam.load_state_dict(saved["adam"])
        used, n_patches = saved["used"], saved["n_patches"]
    batch = max(1, BATCH // peer.depth)
    began, saved_at = time.process_time() - used, time.monotonic()
    peer.network.train()
    while (used := time.process_time() - began) < seconds:
        rng = np.random.default_rng([7, n_patches])
        some = [drawn(training[int(rng.integers(len(training)))], rng, peer.depth) for _ in range(batch)]
        seen = torch.stack([peer.sees(scan, first) for scan, first in some])
        dose = torch.tensor([scan.dose for scan, _ in some], dtype=torch.float32)
        planes = [np.clip(np.arange(first, first + peer.depth), 0, len(scan.t1) - 1) for scan, first in some]
        wanted = torch.from_numpy(np.stack([scan.standard[p] for (scan, _), p in zip(some, planes, strict=True)]))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            image = peer.restores(seen, dose)
        noise = (
            seen[:, NOISE_CHANNEL, 0, 0]
            if isinstance(peer, Kernel)
            else torch.tensor([0.4 * scan.sigma for scan, _ in some], dtype=torch.float32)
        )
        usual = usual_error(noise, dose)[:, None, None, None]
        loss = nn.functional.huber_loss(image / usual, wanted / usual)
        rate = LEARNING_RATE * min(1.0, (n_patches / batch + 1) / 50) * min(1.0, 2 * (1 - used / seconds))
        for group in adam.param_groups:
            group["lr"] = max(rate, 1e-6)
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(peer.network.parameters(), 1.0)
        adam.step()
        n_patches += batch * peer.depth
        if time.monotonic() - saved_at > SECONDS_BETWEEN_SAVES:
            save(peer, adam, used, n_patches, state)
            saved_at = time.monotonic()
    save(peer, adam, used, n_patches, state)
    return n_patches


def save(peer: Peer, adam: torch.optim.Adam, used: float, n_patches: int, state: Path) -> None:
    content = {"network": peer.network.state_dict(), "adam": adam.state_dict(), "used": used, "n_patches": n_patches}
    temporary = state.with_suffix(".tmp")
    torch.save(content, temporary)
    temporary.replace(state)


@torch.inference_mode()
def restored(peer: Peer, scan: Scan, numbers: list[int]) -> np.ndarray:
    """Restore slices of a scan, whole."""
    rows, columns = (-size % 8 for size in scan.t1.shape[1:])
    peer.network.eval()
    images = np.empty((len(numbers), *scan.t1.shape[1:]), np.float32)
    dose = torch.tensor([scan.dose], dtype=torch.float32)
    for start in range(0, len(numbers), peer.depth):
        seen = nn.functional.pad(peer.sees(scan, numbers[start])[None], (0, columns, 0, rows), value=-1.0)
        part = peer.restores(seen, dose)[0, :, : scan.t1.shape[1], : scan.t1.shape[2]].numpy()
        images[start : start + peer.depth] = part[: len(numbers) - start]
    return np.clip(images, -1, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path, help="with prepared studies and split.tsv")
    parser.add_argument("state", type=Path, help="folder of the networks")
    parser.add_argument("--minutes", type=float, default=6.0, help="CPU time of each network")
    parser.add_argument("--peer", nargs="+", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--labels", type=int, nargs="+", default=[1, 4], help="that are tumor")
    parser.add_argument("--evaluate", action="store_true")
    parser.add_argument("--doses", type=float, nargs="+", default=[0.05, 0.1, 0.2, 0.3, 0.5, 0.75])
    parser.add_argument("--noise", nargs="+", default=["matched", "20"])
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.state.mkdir(parents=True, exist_ok=True)
    training = list(slabs(given.experiment, ("train",), given.labels))
    judged = list(slabs(given.experiment, ("test",), given.labels)) if given.evaluate else []
    for name in given.peer:
        torch.manual_seed(1)
        peer = PEERS[name]()
        n_patches = train(peer, training, 60 * given.minutes, given.state / f"{name}.pt")
        n_weights = sum(parameter.numel() for parameter in peer.network.parameters())
        print(
            f"{name}: {n_weights / 1e6:.2f} M weights, {n_patches} patches in {given.minutes:g} CPU minutes", flush=True
        )
        for noise in given.noise if given.evaluate else []:
            for dose in given.doses:
                rows = []
                for slab in judged:
                    t1, low, facts = test_scans(slab, dose, noise)
                    sigma = slab.sigma if noise == "matched" else slab.level / float(noise.removesuffix("both"))
                    scan = Scan(t1, low, slab.t1ce, dose, sigma, facts)
                    rows.append(scores(slab, t1, restored(peer, scan, slab.numbers)))
                mean = np.nanmean(rows, axis=0)
                patients = " ".join(f"{row[0]:.1f}" for row in rows)
                print(f"{noise} {dose:g} {name} | {mean[0]:.2f} {mean[1]:.3f} {mean[2]:.2f} | {patients}", flush=True)


if __name__ == "__main__":
    main()
