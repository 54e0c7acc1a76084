# SPDX-License-Identifier: Apache-2.0
"""A training on arrays of a few pixels: its task, and what it leaves behind."""

import numpy as np

from lessgad.dose.simulation import SimulationSettings
from lessgad.dose.simulator import LowDoseSimulator
from lessgad.field.checkpoint import BEST, DESCRIPTION, LAST, ModelDescription
from lessgad.field.presets import FieldSettings
from lessgad.preparation.settings import PreparationSettings
from lessgad.training.chosen_without import CHOSEN_WITHOUT
from lessgad.training.learning_curve import CURVE_FILE
from lessgad.training.patch_source import PatchSource
from lessgad.training.settings import TrainingSettings
from lessgad.training.trainer import TrainingTask
from lessgad.training.validation import ValidationSlices

N_SAMPLES, BATCH = 22, 2
RESULTS = (BEST, LAST, CURVE_FILE, DESCRIPTION)
LEFT_OUT = (CHOSEN_WITHOUT, "best_without_*.safetensors")


def images(seed, n_slices=4):
    rng = np.random.default_rng(seed)
    pre = (0.3 * rng.standard_normal((n_slices, 32, 40))).clip(-1, 1).astype(np.float32)
    post = pre.copy()
    post[:, 10:20, 12:25] += 0.4
    return pre, post.clip(-1, 1)


def task(folder, *, dose=None, validation=1, doses=(0.1, 0.7), fingerprint="abc", field=None, **changes):
    settings = TrainingSettings(
        **{
            "n_samples": N_SAMPLES,
            "batch_size": BATCH,
            "patch_size": (32, 32),
            "learning_rate": 3e-3,
            "precision": "fp32",
            "validate_every": 8,
            **changes,
        }
    )
    shape = {"channels": (4, 8), "n_blocks": 1, "feature_channels": 4, "field_width": 4, "n_hidden_layers": 1}
    box, head = (2, 30, 1, 38), np.arange(4)
    studies = [
        PatchSource(
            *images(0),
            tuple(images(0)),
            LowDoseSimulator(),
            box,
            head,
            np.array([[1, 12, 14], [2, 13, 15]]),
            (1.0, 1.0),
        ),
        PatchSource(
            *images(1), tuple(images(1)), LowDoseSimulator(), box, head, np.empty((0, 3), dtype=np.int64), (0.8, 0.8)
        ),
    ]
    judged = np.zeros((4, 32, 40), dtype=bool)
    judged[:, 8:22, 10:27] = True
    return TrainingTask(
        folder=folder,
        description=ModelDescription(
            field=FieldSettings(**{"inputs": ("low_dose",), **shape, **(field or {})}),
            dose=dose,
            simulation=SimulationSettings(),
            preparation=PreparationSettings(),
            cohort_fingerprint="0",
            training=settings.model_dump(mode="json"),
        ),
        settings=settings,
        studies=studies,
        validation=[
            ValidationSlices(*images(seed), tuple(images(seed)), LowDoseSimulator(), judged, (1.0, 1.0), f"p{seed}")
            for seed in range(2, 2 + validation)
        ],
        validation_doses=doses,
        fingerprint=fingerprint,
    )


def silently(_progress):
    pass


def results(folder):
    left_out = [path.name for pattern in LEFT_OUT for path in folder.glob(pattern)]
    return {name: (folder / name).read_bytes() for name in (*RESULTS, *left_out)}
