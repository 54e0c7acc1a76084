# SPDX-License-Identifier: Apache-2.0
"""Studies as nnU-Net wants them: dataset.json, fingerprint, preprocessed cases; nothing is copied raw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from batchgenerators.utilities.file_and_folder_operations import load_json, save_json
from jaxtyping import Float, Shaped
from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import DatasetFingerprintExtractor
from nnunetv2.preprocessing.cropping.cropping import crop_to_nonzero
from nnunetv2.training.dataloading.nnunet_dataset import comp_blosc2_params, nnUNetDatasetBlosc2
from nnunetv2.utilities.json_export import recursive_fix_for_json_export
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from lessgad.atomic_write import write_text
from lessgad.segmentation.nnunet_environment import DATASET
from lessgad.segmentation.segmentation_case import SegmentationCase

CHANNEL = "T1ce"
READER = "NibabelIOWithReorient"  # the same image for any order of axes in the file
N_INTENSITIES = 10_000  # drawn from each case


def nnunet_order(array: Shaped[np.ndarray, "x y z"]) -> Shaped[np.ndarray, "1 z y x"]:
    """Give an image the axis order of nnU-Net's readers.

    Args:
        array: The image.

    Returns:
        The image with one channel, (1, z, y, x).
    """
    return np.ascontiguousarray(array.transpose(2, 1, 0))[None]


def write_dataset_json(folder: Path, cases: Sequence[SegmentationCase], regions: Sequence[str]) -> dict[str, Any]:
    """Write ``raw/…/dataset.json``, which names the channels and labels.

    Args:
        folder: Folder in which nnU-Net works.
        cases: Cases to learn from.
        regions: Names of the regions.

    Returns:
        The content.
    """
    content = {
        "channel_names": {"0": CHANNEL},
        "labels": {"background": 0, **{name: number for number, name in enumerate(regions, start=1)}},
        "numTraining": len(cases),
        "file_ending": ".nii.gz",
        "overwrite_image_reader_writer": READER,
        "dataset": {
            case.name: {"images": [f"{case.name}_0000.nii.gz"], "label": f"{case.name}.nii.gz"} for case in cases
        },
    }
    raw = folder / "raw" / DATASET
    raw.mkdir(parents=True, exist_ok=True)
    save_json(content, str(raw / "dataset.json"))
    return content


def write_fingerprint(folder: Path, cases: Sequence[SegmentationCase], tell: Callable[[int], None]) -> dict[str, Any]:
    """Write ``preprocessed/…/dataset_fingerprint.json``: spacings, shapes, intensities of the labeled voxels.

    As nnU-Net's extractor does, but here, without processes of its own, and from prepared images.

    Args:
        folder: Folder in which nnU-Net works.
        cases: Cases to learn from.
        tell: Receives the number of cases done.

    Returns:
        The fingerprint.
    """
    spacings, shapes, kept_shares, intensities = [], [], [], []
    for number, case in enumerate(cases):
        tell(number)
        images = case.read()
        image, labels = nnunet_order(images.image), nnunet_order(images.labels.astype(np.int16))
        cut, cut_labels, _ = crop_to_nonzero(image, labels)
        drawn, _ = DatasetFingerprintExtractor.collect_foreground_intensities(
            cut_labels, cut, num_samples=N_INTENSITIES
        )
        spacings.append(list(images.spacing_mm[::-1]))
        shapes.append(cut.shape[1:])
        kept_shares.append(np.prod(cut.shape[1:]) / np.prod(image.shape[1:]))
        intensities.append(np.asarray(drawn[0]))
    content = {
        "spacings": spacings,
        "shapes_after_crop": shapes,
        "foreground_intensity_properties_per_channel": {"0": _statistics(np.concatenate(intensities))},
        "median_relative_size_after_cropping": float(np.median(kept_shares)),
    }
    recursive_fix_for_json_export(content)
    preprocessed = folder / "preprocessed" / DATASET
    preprocessed.mkdir(parents=True, exist_ok=True)
    save_json(content, str(preprocessed / "dataset_fingerprint.json"))
    return content


def preprocess_case(folder: Path, plans: dict[str, Any], configuration: str, case: SegmentationCase, mark: str) -> None:
    """Crop, normalize and resample a case as the plans say; what was done under the same mark is not done again.

    Args:
        folder: Folder in which nnU-Net works.
        plans: Plans of nnU-Net.
        configuration: Name of the configuration.
        case: The case.
        mark: Name of the case in nnU-Net's folders.
    """
    manager = PlansManager(plans)
    chosen = manager.get_configuration(configuration)
    place = folder / "preprocessed" / DATASET / chosen.data_identifier
    place.mkdir(parents=True, exist_ok=True)
    marker = place.with_name(f"{place.name}_marks") / f"{case.name}.txt"  # nnU-Net allows no such file beside its own
    mark = f"{mark} {case.fingerprint}"
    if marker.exists() and marker.read_text(encoding="utf-8") == mark:
        return
    for leftover in (f"{case.name}.b2nd", f"{case.name}_seg.b2nd", f"{case.name}.pkl"):
        (place / leftover).unlink(missing_ok=True)
    marker.unlink(missing_ok=True)
    images = case.read()
    properties = {"spacing": list(images.spacing_mm[::-1])}
    dataset = load_json(str(folder / "raw" / DATASET / "dataset.json"))
    data, labels, properties = chosen.preprocessor_class(verbose=False).run_case_npy(
        nnunet_order(images.image),
        nnunet_order(images.labels.astype(np.int16)),
        properties,
        manager,
        chosen,
        dataset,
    )
    data, labels = data.astype(np.float32, copy=False), labels.astype(np.int16, copy=False)
    patch = tuple(chosen.patch_size)
    blocks, chunks = comp_blosc2_params(data.shape, patch, data.itemsize)
    label_blocks, label_chunks = comp_blosc2_params(labels.shape, patch, labels.itemsize)
    nnUNetDatasetBlosc2.save_case(
        data,
        labels,
        properties,
        str(place / case.name),
        chunks=chunks,
        blocks=blocks,
        chunks_seg=label_chunks,
        blocks_seg=label_blocks,
    )
    write_text(marker, mark)


def _statistics(values: Float[np.ndarray, " voxels"]) -> dict[str, float]:
    lowest, median, highest = np.percentile(values, [0.5, 50.0, 99.5])
    return {
        "mean": float(values.mean()),
        "median": float(median),
        "std": float(values.std()),
        "min": float(values.min()),
        "max": float(values.max()),
        "percentile_99_5": float(highest),
        "percentile_00_5": float(lowest),
    }
