# SPDX-License-Identifier: Apache-2.0
"""Leave out one part of the kernel field or of its generated patients at a time, and train each from random weights.

    python benchmarks/ablation.py STATE PAIRS TRUE --patches 4000 --true-studies sub-05_ses-1 sub-08_ses-1

PAIRS: a prepared experiment, whose validation patients are judged with simulated low doses (PSNR in the tumor box).
TRUE: a prepared experiment with measured low doses, of which the named studies are judged (PSNR in the tumor box, rms
error over the whole head). Drawn patches and networks are kept in STATE; a run goes on from there.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from restoration_on_pairs import restored, scans, scores, slabs
from torch import Tensor, nn

from lessgad.dose.simulation import SimulationSettings, study_simulator
from lessgad.evaluation.artifacts import artifact_scores
from lessgad.evaluation.similarity import bounding_box, psnr_db
from lessgad.field.build import build_field
from lessgad.field.conditional_field import FieldOutput
from lessgad.field.kernel_sources import N_CONSTANTS, NOISE_CHANNEL, n_source_channels
from lessgad.field.presets import FieldSettings
from lessgad.preparation.auxiliary_files import read_auxiliary_image
from lessgad.preparation.prepared_study import PreparedFiles, read_prepared
from lessgad.restoration.scan_facts import scan_facts
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.volumes import restore_volume
from lessgad.training.generated import scan, scene
from lessgad.training.generated.batches import BATCH_SIZE, GeneratedBatch, draw_block
from lessgad.training.losses import usual_error, weighted_huber

SEED = 31
LEARNING_RATE = 1e-3
TRUE_DOSES = (0.1, 0.3)


class PlainUNet(nn.Module):
    """A U-Net of like size on the same sources; its residual is added to the average over 1 mm."""

    def __init__(self, settings: FieldSettings) -> None:
        from monai.networks.nets import UNet

        super().__init__()
        self.settings = settings.model_copy(update={"interval": False})
        self.network = UNet(
            2, n_source_channels(settings.n_neighbor_slices), 1, (32, 64, 96, 128), (2, 2, 2), num_res_units=2
        )

    def forward_in_full(self, source: Tensor, dose: Tensor, position_mm: Tensor) -> FieldOutput:  # noqa: ARG002
        n = self.settings.n_slices_seen
        start = source[:, n // 2 : n // 2 + 1].float() - 1 + source[:, 2 * n + 2 : 2 * n + 3].float()
        rows, columns = (-size % 8 for size in source.shape[-2:])
        seen = nn.functional.pad(2 * torch.tanh(source / 2), (0, columns, 0, rows))
        residual = self.network(seen).float()[..., : source.shape[-2], : source.shape[-1]]
        return FieldOutput(start + residual, None, start.new_zeros(len(start), 1, 1, 1))

    def forward(self, source: Tensor, dose: Tensor, position_mm: Tensor) -> Tensor:
        return self.forward_in_full(source, dose, position_mm).restored


class NotToldTheNoise(nn.Module):
    """The kernel field with the noise of one usual scan in place of the scan's own."""

    USUAL = (0.03, 0.012, 0.007, 0.0035, 0.0015)

    def __init__(self, settings: FieldSettings) -> None:
        super().__init__()
        self.settings = settings
        self.network = build_field(settings)

    def forward_in_full(self, source: Tensor, dose: Tensor, position_mm: Tensor) -> FieldOutput:
        source = source.clone()
        first = source.shape[1] - N_CONSTANTS
        for k, sd in enumerate(self.USUAL):
            source[:, first + k] = sd
        source[:, first + 5] = self.USUAL[0] / 2**0.5
        source[:, first + 7 : first + 11] = -1.0
        return self.network.forward_in_full(source, dose, position_mm)

    def forward(self, source: Tensor, dose: Tensor, position_mm: Tensor) -> Tensor:
        return self.forward_in_full(source, dose, position_mm).restored


def noisy_target(batch: GeneratedBatch) -> Tensor:
    """The target with noise of its own, as strong as that of the low dose."""
    sigma = batch.source[:, NOISE_CHANNEL, 0, 0][:, None, None, None] * 2.2  # a white noise's share of the 1 mm average
    rng = torch.Generator().manual_seed(int(1e6 * float(batch.dose.sum())))
    return batch.standard_dose + sigma * torch.randn(batch.standard_dose.shape, generator=rng)


def kernel(settings: FieldSettings) -> nn.Module:
    return build_field(settings)


VARIANTS: dict[str, tuple[Callable[[FieldSettings], nn.Module], Callable[[GeneratedBatch], Tensor] | None, str]] = {
    "all of it": (kernel, None, "usual"),
    "no kernel prediction: a U-Net": (PlainUNet, None, "usual"),
    "not told the noise": (NotToldTheNoise, None, "usual"),
    "noisy targets": (kernel, noisy_target, "usual"),
    "no misalignment in training": (kernel, None, "aligned"),
}


def pool(state: Path, kind: str, n_batches: int) -> list[GeneratedBatch]:
    """Draw patches once; `aligned` patients lie still, and their field is told so."""
    path = state / f"pool-{kind}-{n_batches}.pt"
    if path.is_file():
        kept = torch.load(path, weights_only=True)
        return [GeneratedBatch(*parts) for parts in kept]
    drawn: list[GeneratedBatch] = []
    number = 0
    while len(drawn) < n_batches:
        if kind == "aligned":
            with patch.object(scene, "REGISTRATION_ERRORS_MM", (0.0,)), patch.object(scan, "ScanFacts", _told_nothing):
                drawn += draw_block(SEED, number)
        else:
            drawn += draw_block(SEED, number)
        number += 1
    torch.save([(b.source.half(), b.standard_dose.half(), b.dose) for b in drawn[:n_batches]], path)
    return pool(state, kind, n_batches)


def _told_nothing(*given: object, **named: object) -> object:
    from lessgad.field.measured_enhancement import ScanFacts

    return ScanFacts(*given, **{**named, "misalignment_mm": 0.0})  # type: ignore[arg-type]


def trained(state: Path, name: str, patches: list[GeneratedBatch]) -> nn.Module:
    """Train a variant from random weights on the pool, once through."""
    make, target, _ = VARIANTS[name]
    torch.manual_seed(1)
    network = make(FieldSettings(preset="kernel"))
    path = state / f"{name.replace(' ', '-').replace(':', '')}.pt"
    if path.is_file():
        network.load_state_dict(torch.load(path, weights_only=True))
        return network.eval()
    adam = torch.optim.Adam(network.parameters(), LEARNING_RATE, betas=(0.9, 0.98))
    order = np.random.default_rng(SEED).permutation(len(patches))
    for step, index in enumerate(order):
        for group in adam.param_groups:
            group["lr"] = LEARNING_RATE * min(1, (step + 1) / 50) * min(1, 2 * (1 - step / len(patches)))
        batch = GeneratedBatch(*(part.float() for part in vars(patches[index]).values()))
        wanted = batch.standard_dose if target is None else target(batch)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            answer = network.forward_in_full(batch.source, batch.dose, batch.source[:, :2])
        usual = usual_error(batch.source[:, NOISE_CHANNEL, 0, 0], batch.dose)
        loss = weighted_huber(answer.restored, answer.half_width, wanted, usual)
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        adam.step()
    torch.save(network.state_dict(), path)
    return network.eval()


def on_pairs(network: nn.Module, pairs: Path) -> str:
    """Mean PSNR in the tumor box of validation patients, at 10 and 30 %, for two strengths of noise."""
    found = []
    judged = list(slabs(pairs, ("validation",), [1, 4]))
    for noise in ("matched", "20"):
        for dose in TRUE_DOSES:
            rows = []
            for slab in judged:
                t1, low, facts = scans(slab, dose, noise)
                rows.append(scores(slab, t1, restored(network, t1, low, dose, facts, slab.numbers))[0])
            found.append(f"{noise} {dose:g}: {np.mean(rows):.2f}")
    return ", ".join(found)


def on_true_scans(network: nn.Module, prepared: Path, studies: list[str]) -> str:
    """Mean PSNR in the tumor box and rms error over the head, at each dose."""
    found = []
    for dose in TRUE_DOSES:
        rows = []
        for stem in studies:
            files = PreparedFiles(prepared.joinpath(*stem.split("_")), stem)
            study = read_prepared(files)
            low = np.asarray(read_auxiliary_image(files.low_dose(dose))[0], np.float32)
            t1, t1ce = np.asarray(study.pre_contrast), np.asarray(study.standard_dose)
            facts = scan_facts(study, study_simulator(study, SimulationSettings()), scanned=True)
            settings = RestorationSettings()
            images = {"pre_contrast": t1, "low_dose": low}
            image = restore_volume(network, images, dose, study.head_box, study.spacing_mm, settings, facts).restored
            tumor = study.tumor({"intrameatal": (1,), "extrameatal": (2,)})
            seen = study.head & (low > -1)
            whole = artifact_scores(image, t1, t1ce, seen, tumor, study.spacing_mm, study.tissue_level)
            rows.append((psnr_db(image, t1ce, bounding_box(tumor)), whole.rms_error, whole.artifact_ml))
        mean = np.mean(rows, axis=0)
        found.append(f"{dose:g}: {mean[0]:.2f} dB, rms {mean[1]:.3f}, artifacts {mean[2]:.1f} ml")
    return "; ".join(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("state", type=Path)
    parser.add_argument("pairs", type=Path, help="prepared experiment with simulated low doses")
    parser.add_argument("true", type=Path, help="prepared experiment with measured low doses")
    parser.add_argument("--patches", type=int, default=4000)
    parser.add_argument("--true-studies", nargs="+", required=True, help="stems, such as sub-05_ses-1")
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.state.mkdir(parents=True, exist_ok=True)
    for name, (_, _, kind) in VARIANTS.items():
        network = trained(given.state, name, pool(given.state, kind, given.patches // BATCH_SIZE))
        print(f"{name} | {on_pairs(network, given.pairs)}", flush=True)
        print(f"{name} | {on_true_scans(network, given.true / 'prepared', given.true_studies)}", flush=True)


if __name__ == "__main__":
    main()
