# SPDX-License-Identifier: Apache-2.0
"""nnU-Net's plans, and beside its own configurations a small one that a CPU trains in minutes."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from batchgenerators.utilities.file_and_folder_operations import save_json
from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import ExperimentPlanner
from nnunetv2.experiment_planning.experiment_planners.network_topology import get_pool_and_conv_props
from nnunetv2.utilities.json_export import recursive_fix_for_json_export

from lessgad.segmentation.nnunet_environment import DATASET, PLANS

QUICK = "quick"
#: So many voxels has the median head once resampled: what a prediction costs.
QUICK_VOXELS = 1_000_000
QUICK_FEATURES = (8, 16, 32, 64)
ROUNDING = 1e-9  # of products of extents
THICK_PATCH, THIN_PATCH = (32, 64, 64), (16, 80, 80)
ANISOTROPIC = 1.5  # slices so many times as far apart as pixels get the thin patch


def plan(folder: Path) -> dict[str, Any]:
    """Let nnU-Net plan, add the configuration ``quick``, and write ``preprocessed/…/nnUNetPlans.json``."""
    planner = ExperimentPlanner(DATASET)
    plans = copy.deepcopy(planner.plan_experiment())
    base = plans["configurations"].get("3d_fullres") or plans["configurations"]["2d"]
    plans["configurations"][QUICK] = quick_configuration(base, plans)
    recursive_fix_for_json_export(plans)
    save_json(plans, str(folder / "preprocessed" / DATASET / f"{PLANS}.json"), sort_keys=False)
    return plans


def quick_configuration(base: dict[str, Any], plans: dict[str, Any]) -> dict[str, Any]:
    """Make the small configuration: coarser voxels, a patch of 65,000 to 74,000 of them, 4 scales of 8 to 64 features.

    Args:
        base: nnU-Net's own configuration, for normalization.
        plans: Plans for median spacing and shape.

    Returns:
        The configuration in the format of nnU-Net's plans.
    """
    spacing_mm = quick_spacing_mm(
        plans["original_median_spacing_after_transp"], plans["original_median_shape_after_transp"]
    )
    wanted = THIN_PATCH if spacing_mm[0] >= ANISOTROPIC * min(spacing_mm[1:]) else THICK_PATCH
    extents = zip(
        plans["original_median_shape_after_transp"], plans["original_median_spacing_after_transp"], strict=True
    )
    patch = [
        min(most, math.ceil(n * mm / step)) for most, (n, mm), step in zip(wanted, extents, spacing_mm, strict=True)
    ]
    _, strides, kernels, patch, _ = get_pool_and_conv_props(spacing_mm, patch, 4, len(QUICK_FEATURES) - 1)
    n_stages = len(strides)
    configuration = copy.deepcopy(base)
    architecture = configuration["architecture"]
    architecture["arch_kwargs"] |= {
        "n_stages": n_stages,
        "features_per_stage": list(QUICK_FEATURES[:n_stages]),
        "kernel_sizes": kernels,
        "strides": strides,
        "n_conv_per_stage": [2] * n_stages,
        "n_conv_per_stage_decoder": [2] * (n_stages - 1),
    }
    for kind, is_labels in (("data", False), ("seg", True), ("probabilities", False)):
        configuration[f"resampling_fn_{kind}"] = "resample_torch_fornnunet"
        configuration[f"resampling_fn_{kind}_kwargs"] = {
            "is_seg": is_labels,
            "force_separate_z": False,
            "memefficient_seg_resampling": False,
        }
    return configuration | {
        "data_identifier": f"{PLANS}_{QUICK}",
        "batch_size": 2,
        "patch_size": [int(n) for n in patch],
        "spacing": list(spacing_mm),
        "batch_dice": True,
    }


def quick_spacing_mm(spacing_mm: Sequence[float], shape: Sequence[int]) -> tuple[float, ...]:
    """Coarsen the median spacing, the finest axes first, until the median head has at most `QUICK_VOXELS`.

    Axes that are finer than the sought spacing s are brought to s; coarser ones stay:
    spacing_i = max(spacing_i, s), with the smallest s for which Π extent_i / max(spacing_i, s) ≤ QUICK_VOXELS.

    Args:
        spacing_mm: Median spacing, in mm.
        shape: Number of pixels along each axis.

    Returns:
        The coarsened spacing, in mm.
    """
    extents = [n * mm for n, mm in zip(shape, spacing_mm, strict=True)]

    def n_voxels(floor_mm: float) -> float:
        return math.prod(extent / max(mm, floor_mm) for extent, mm in zip(extents, spacing_mm, strict=True))

    low, high = min(spacing_mm), max(max(spacing_mm), float(np.cbrt(math.prod(extents) / QUICK_VOXELS)))
    if n_voxels(low) <= QUICK_VOXELS * (1 + ROUNDING):
        return tuple(float(mm) for mm in spacing_mm)
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if n_voxels(middle) > QUICK_VOXELS else (low, middle)
    return tuple(round(max(float(mm), high), 4) for mm in spacing_mm)
