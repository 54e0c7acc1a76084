# SPDX-License-Identifier: Apache-2.0
"""Two scans that differ in more than contrast."""

from __future__ import annotations

from lessgad.cohort.acquisition import Acquisition
from lessgad.cohort.sequence_class import difference
from lessgad.errors import StudyError
from lessgad.preparation.settings import PreparationSettings

KEEP_IT = "To use it anyway, set preparation.unlike_pairs: keep in experiment.yaml"


def check_alike(
    pre_contrast: Acquisition, scan: Acquisition, settings: PreparationSettings, other: str = "T1ce"
) -> None:
    """Raise StudyError for a scan that differs from its T1 in more than contrast, unless the settings keep it.

    Args:
        pre_contrast: Acquisition parameters of the T1.
        scan: Acquisition parameters of the scan after contrast.
        settings: What to do with such pairs.
        other: Name of the scan in messages.
    """
    unlike = difference(pre_contrast, scan)
    if unlike is None or settings.unlike_pairs != "exclude":
        return
    pair = "T1 and T1ce differ" if other == "T1ce" else f"The {other} differs from its T1"
    raise StudyError(f"{pair} in more than contrast: {unlike.replace('T1ce', other)}", remedy=KEEP_IT)
