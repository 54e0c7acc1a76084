# SPDX-License-Identifier: Apache-2.0
"""lessgad: how little gadolinium contrast is still enough?

The names below are the public API; they are typed, documented, and stay. Every function takes an image as a path, a
`Volume`, or an image of nibabel.

>>> t1, t1ce = "sub-01_T1w.nii.gz", "sub-01_ce-gadolinium_T1w.nii.gz"
>>> t1ce = lessgad.calibrate(t1, lessgad.register(t1, t1ce))
>>> low_dose = lessgad.simulate_low_dose(t1, t1ce, 0.1, noise="matched")
>>> restored = lessgad.Restorer.load().restore(low_dose, 0.1, t1)
>>> lessgad.show(t1, low_dose, restored, t1ce)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lessgad.api.cohort import load_cohort as load_cohort
    from lessgad.api.figure import show as show
    from lessgad.api.prepare import calibrate as calibrate
    from lessgad.api.prepare import estimate_noise as estimate_noise
    from lessgad.api.prepare import normalize as normalize
    from lessgad.api.prepare import register as register
    from lessgad.api.score import enhancement_scores as enhancement_scores
    from lessgad.api.score import minimal_dose as minimal_dose
    from lessgad.api.score import similarity as similarity
    from lessgad.api.simulate import simulate_low_dose as simulate_low_dose
    from lessgad.api.transform import SimulateLowDose as SimulateLowDose
    from lessgad.cohort.acquisition import Acquisition as Acquisition
    from lessgad.cohort.acquisition import acquisition_beside as acquisition_beside
    from lessgad.errors import LessgadError as LessgadError
    from lessgad.field.published_checkpoint import load_published_checkpoint as load_published_checkpoint
    from lessgad.restoration.restorer import Restorer as Restorer
    from lessgad.volume import Volume as Volume
    from lessgad.volume import read_volume as read_volume
    from lessgad.volume import write_volume as write_volume

__version__ = "0.1.0"

#: Public name → its module, imported when the name is first used, so that ``import lessgad`` stays cheap.
_MODULES = {
    "Acquisition": "lessgad.cohort.acquisition",
    "LessgadError": "lessgad.errors",
    "Restorer": "lessgad.restoration.restorer",
    "SimulateLowDose": "lessgad.api.transform",
    "Volume": "lessgad.volume",
    "acquisition_beside": "lessgad.cohort.acquisition",
    "calibrate": "lessgad.api.prepare",
    "enhancement_scores": "lessgad.api.score",
    "estimate_noise": "lessgad.api.prepare",
    "load_cohort": "lessgad.api.cohort",
    "load_published_checkpoint": "lessgad.field.published_checkpoint",
    "minimal_dose": "lessgad.api.score",
    "normalize": "lessgad.api.prepare",
    "read_volume": "lessgad.volume",
    "register": "lessgad.api.prepare",
    "show": "lessgad.api.figure",
    "similarity": "lessgad.api.score",
    "simulate_low_dose": "lessgad.api.simulate",
    "write_volume": "lessgad.volume",
}
__all__ = ["__version__", *_MODULES]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """List the public names, so that completion finds them."""
    return sorted(__all__)
