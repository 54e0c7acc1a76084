# SPDX-License-Identifier: Apache-2.0
"""Whether the images of a cohort show faces, as its dataset_description.json says."""

from __future__ import annotations

import json
from pathlib import Path

#: DICOM's word for it (0028,0302): YES or NO.
RECOGNIZABLE = "RecognizableVisualFeatures"
WORDS = {
    True: "Faces are present: the images are not defaced.",
    False: "Faces were removed: everything in front of a plane behind the eyes is 0.",
    None: "It is not stated whether faces were removed: treat whole heads as identifying.",
}


def faces_in(root: Path) -> bool | None:
    """Whether the images of a cohort show faces; None where no one said."""
    try:
        said = json.loads((root / "dataset_description.json").read_text(encoding="utf-8")).get(RECOGNIZABLE)
    except (OSError, ValueError, AttributeError):
        return None
    return {"YES": True, "NO": False}.get(str(said).upper())
