# SPDX-License-Identifier: Apache-2.0
"""lessgad: how little gadolinium contrast is still enough?

>>> restorer = lessgad.Restorer.load("EXPERIMENT/models/all-doses")
>>> low_dose, t1 = lessgad.read_volume("low.nii.gz"), lessgad.read_volume("t1.nii.gz")
>>> sequence = lessgad.acquisition_beside("low.nii.gz")
>>> lessgad.write_volume("restored.nii.gz", restorer.restore(low_dose, 0.1, t1, acquisition=sequence))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lessgad.cohort.acquisition import acquisition_beside
    from lessgad.errors import LessgadError
    from lessgad.restoration.restorer import Restorer
    from lessgad.volume import Volume, read_volume, write_volume

__version__ = "0.1.0"
__all__ = ["LessgadError", "Restorer", "Volume", "__version__", "acquisition_beside", "read_volume", "write_volume"]

_HOMES = {
    "LessgadError": "lessgad.errors",
    "Restorer": "lessgad.restoration.restorer",
    "Volume": "lessgad.volume",
    "acquisition_beside": "lessgad.cohort.acquisition",
    "read_volume": "lessgad.volume",
    "write_volume": "lessgad.volume",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that ``import lessgad`` stays cheap."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
