# SPDX-License-Identifier: Apache-2.0
"""The settings of segmentation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from lessgad.settings import Settings

Configuration = Literal["quick", "2d", "3d_fullres"]
Labels = Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=1)]
USUAL_EPOCHS: dict[Configuration, int] = {"quick": 45, "2d": 1000, "3d_fullres": 1000}


class SegmentationSettings(Settings):
    """An nnU-Net, trained on standard-dose images, or one that is there already.

    Attributes:
        configuration: ``quick``: a small network for a CPU; ``2d``, ``3d_fullres``: as nnU-Net plans them, for a GPU.
        folds: 1: one network, trained on the training patients; 2 to 10: as many networks, whose outputs
            are averaged; each leaves out a different share of the training and validation patients.
        epochs: None: 45 of 50 steps for ``quick``, nnU-Net's 1000 of 250 steps for the others.
        mirroring: Average predictions over mirrored images, as nnU-Net does unless told otherwise: up to 8 times the
            work.
        keep: Part of the segmentation that is kept: ``all``; the ``largest`` connected piece, for patients with one
            tumor; ``auto``: the largest where that is better on the standard dose of validation patients for the tumor,
            and worse for no region (nnU-Net's own rule).
        model: Folder of a trained nnU-Net (``dataset.json``, ``plans.json``, ``fold_0`` …) to use instead; relative
            paths count from the experiment's folder.
        labels: Which of that model's labels make up each region, where their names do not say it.
        seed: Seed of the training.
    """

    configuration: Configuration = "quick"
    folds: int = Field(default=1, ge=1, le=10)
    epochs: int | None = Field(default=None, ge=1)
    mirroring: bool = False
    keep: Literal["auto", "all", "largest"] = "auto"
    model: Path | None = None
    labels: dict[str, Labels] | None = None
    seed: int = Field(default=1, ge=0)

    @property
    def n_epochs(self) -> int:
        """Epochs that each network is trained for."""
        return self.epochs or USUAL_EPOCHS[self.configuration]

    @model_validator(mode="after")
    def _labels_of_a_model(self) -> SegmentationSettings:
        if self.labels is not None and self.model is None:
            raise ValueError("labels are those of a trained model; name it under model, or leave labels out")
        return self
