# SPDX-License-Identifier: Apache-2.0
"""An experiment whose cohort was scanned at lower doses: what is where in it, and what it says."""

import math

import numpy as np
import yaml
from safetensors.numpy import load_file, save_file

from lessgad.engine.progress import NullProgress
from lessgad.pipeline.status import experiment_status
from lessgad.preparation.prepared_study import PreparedFiles

SPIN_ECHO = {"MagneticFieldStrength": 1.5, "ScanningSequence": "SE", "RepetitionTime": 0.55, "EchoTime": 0.01}
#: Who was scanned at what: nobody of training; of sub-06 one session alone, and at 10 % alone.
SCANNED = (("04", "", 0.1), ("04", "", 0.5), ("05", "", 0.1), ("05", "", 0.5), ("06", "a", 0.1))


class Listener(NullProgress):
    """Keeps what it is told."""

    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


def edit(root, **changes):
    path = root / "experiment.yaml"
    settings = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**settings, **changes}))


def states(root):
    return {stage.stage: stage.states for stage in experiment_status(root)[0]}


def label(dose):
    return f"dose{100 * dose:g}"


def files_of(root, patient="05", session=""):
    folder = root / "prepared" / f"sub-{patient}"
    return PreparedFiles(
        folder / f"ses-{session}" if session else folder, folder.name + f"_ses-{session}" * bool(session)
    )


def noise_of_mix(noise, dose):
    """Of a mix of T1 and T1ce, each with σ 6, and noise of its own."""
    return math.hypot(noise, 6 * (1 - dose), 6 * dose)


def without_weights(root):
    """Make the model return the low dose that it is given."""
    weights = root / "models" / "all-doses" / "best.safetensors"
    save_file({name: np.zeros_like(value) for name, value in load_file(weights).items()}, weights)
