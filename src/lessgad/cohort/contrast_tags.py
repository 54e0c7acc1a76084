# SPDX-License-Identifier: Apache-2.0
"""What sidecars say of contrast, against what the names of the images say."""

from __future__ import annotations

import re

from lessgad.cohort.acquisition import Acquisition

#: What scanners and people write where nothing was given, without case and punctuation.
_NONE = {
    *("no", "none", "non", "nil", "na", "n a", "false", "0", "not given", "pre", "pre contrast", "precontrast"),
    *("no contrast", "non contrast", "no agent", "without", "without contrast", "w o", "w o contrast", "native"),
    *("nativ", "ohne", "ohne km", "sans", "unenhanced", "plain", ""),
}


def contrast_cautions(pre_contrast: Acquisition, standard_dose: Acquisition) -> tuple[str, ...]:
    """Warn if the T1 names a contrast agent or the T1ce states that it had none; a missing tag proves nothing.

    Args:
        pre_contrast: Acquisition parameters of the T1.
        standard_dose: Acquisition parameters of the T1ce.

    Returns:
        One line for each contradiction.
    """
    before, after = (_named(acquisition.contrast_agent) for acquisition in (pre_contrast, standard_dose))
    said = []
    if before:
        said.append(f"the sidecar of the T1 names a contrast agent ({pre_contrast.contrast_agent})")
    if after is False:
        said.append(f"the sidecar of the T1ce says that there was no contrast agent ({standard_dose.contrast_agent})")
    return tuple(f"{words}: T1 and T1ce may be swapped" for words in said)


def _named(agent: str | None) -> bool | None:
    """Whether a header names an agent; None where it says nothing."""
    words = (agent or "").strip()
    return None if not words else " ".join(re.findall(r"[^\W_]+", words.lower())) not in _NONE
