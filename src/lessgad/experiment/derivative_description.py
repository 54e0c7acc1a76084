# SPDX-License-Identifier: Apache-2.0
"""prepared/, restored/ and segmentation/ as BIDS derivatives: dataset_description.json and .bidsignore."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lessgad.atomic_write import write_text
from lessgad.experiment.opened import Experiment
from lessgad.experiment.stage_names import Stage

BIDS_VERSION = "1.10.0"
DESCRIPTION, IGNORED = "dataset_description.json", ".bidsignore"
#: Folder, name, and files that BIDS does not know, of each stage that writes images.
_FOLDERS: Mapping[Stage, tuple[str, str, tuple[str, ...]]] = {
    "prepare": ("prepared", "Registered, calibrated and normalized scans", ("*_desc-preparation.json", "*.png")),
    "restore": ("restored", "Standard-dose images restored from low doses", ("*.json",)),
    "segment": ("segmentation", "Segmentations of standard-dose, low-dose and restored images", ("nnunet", "*.json")),
}
_COHORT_KEYS = ("DatasetDOI", "Version")


def describe_derivative(experiment: Experiment, stage: Stage) -> None:
    """Write dataset_description.json and .bidsignore of the folder of a stage; other stages have none.

    Files that are up to date are left alone.

    Args:
        experiment: The opened experiment.
        stage: The stage.

    Raises:
        StorageError: The folder cannot be written.
    """
    if stage not in _FOLDERS:
        return
    name, title, ignored = _FOLDERS[stage]
    folder = experiment.folder.root / name
    content = {
        "Name": title,
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "lessgad", "Version": version("lessgad"), "Description": f"lessgad run, {stage}"}],
        "SourceDatasets": [_source(experiment.cohort.root)],
    }
    _write(folder / DESCRIPTION, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    _write(folder / IGNORED, "".join(f"{pattern}\n" for pattern in ignored))


def _source(cohort: Path) -> dict[str, Any]:
    """Say which cohort it was; a folder on this machine is not named."""
    try:
        stated = json.loads((cohort / DESCRIPTION).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        stated = {}
    stated = stated if isinstance(stated, dict) else {}
    source = {"DatasetDOI": "DOI", "Version": "Version"}
    found = {source[key]: stated[key] for key in _COHORT_KEYS if isinstance(stated.get(key), str)}
    return found or {"Version": "unknown"}


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
