# SPDX-License-Identifier: Apache-2.0
"""Compare the image of any method with the standard dose."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lessgad.evaluation import similarity as _similarity
from lessgad.evaluation.dose_answer import DoseAnswer
from lessgad.evaluation.enhancement import EnhancementScores
from lessgad.evaluation.enhancement import enhancement_scores as _enhancement_scores
from lessgad.evaluation.enhancement_reference import enhancement_reference
from lessgad.evaluation.similarity import Similarity
from lessgad.image_like import ImageLike, as_volume
from lessgad.preparation.head import head_mask
from lessgad.volume import Volume, check_same_grid, in_transverse_order

_ONE_GRID = "The images are not on one grid (lessgad.register aligns them)"


def similarity(image: ImageLike, standard_dose: ImageLike, tumor: ImageLike | None = None) -> list[Similarity]:
    """Measure PSNR and SSIM of an image against the standard dose, as the tables of an experiment do.

    Args:
        image: The image to judge, on [−1, 1] (`normalize`).
        standard_dose: T1ce on the same grid and scale.
        tumor: Mask of the tumor, above 0 inside, on the same grid; None where there is none.

    Returns:
        PSNR in dB and SSIM over the tumor's bounding box, the tumor, and the head; over the head alone without a mask.

    Raises:
        VolumeError: The images are on different grids, the mask is empty, or an image cannot be used.
    """
    reference = in_transverse_order(as_volume(standard_dose))
    other = _on_grid_of(reference, image)
    areas: dict[_similarity.Area, np.ndarray] = {}
    if tumor is not None:
        mask = _on_grid_of(reference, tumor, labels=True) > 0
        areas |= {"tumor_box": _similarity.bounding_box(mask), "tumor": mask}
    array = np.asarray(reference.array)
    areas["head"] = head_mask(array + 1, reference.spacing_mm)
    return _similarity.similarity(other, array, areas)


def enhancement_scores(
    image: ImageLike,
    pre_contrast: ImageLike,
    standard_dose: ImageLike,
    tumor: ImageLike,
    *,
    sigma: float | None = None,
) -> EnhancementScores:
    """Measure how much enhancement of the standard dose an image recovers, misses, and adds falsely.

    Args:
        image: The image to judge, on [−1, 1] (`normalize`).
        pre_contrast: T1 on the same grid and scale.
        standard_dose: T1ce on the same grid and scale.
        tumor: Mask of the tumor, above 0 inside, on the same grid.
        sigma: Noise of the acquired low dose on the scale of [−1, 1], for the contrast-to-noise ratio; None if unknown.

    Returns:
        Recovery (1 is the standard dose), false and missed volumes in ml, CNR, LBR and CEP; NaN where undefined.

    Raises:
        VolumeError: The images are on different grids, the mask is empty, or an image cannot be used.
    """
    reference = in_transverse_order(as_volume(standard_dose))
    t1, other = _on_grid_of(reference, pre_contrast), _on_grid_of(reference, image)
    mask = _on_grid_of(reference, tumor, labels=True) > 0
    head = head_mask(t1 + 1, reference.spacing_mm)
    found = enhancement_reference(t1, np.asarray(reference.array), mask, head, reference.spacing_mm, None)
    return _enhancement_scores(other, found, sigma)


def minimal_dose(experiment: Path | str) -> DoseAnswer:
    """Find the lowest dose that is sufficient, from the results of an experiment.

    A dose is sufficient if all endpoints meet their margins at it and at every higher dose; endpoints and margins
    are those of the `answer` section of experiment.yaml.

    Args:
        experiment: The experiment folder, evaluated (`lessgad run`).

    Returns:
        The verdict: status, dose (a fraction of the standard dose, or None), and the bounds of every endpoint.

    Raises:
        SettingsError: The folder is no experiment.
        InputError: A table of results is missing or damaged.
    """
    from lessgad.experiment.opened import open_experiment
    from lessgad.experiment_report.answer_from_results import answer_of
    from lessgad.scoring.score_tables import TABLES

    opened = open_experiment(Path(experiment), only_look=True)
    tables = ("similarity", "enhancement", "overlap", "artifacts", "lesions")
    answer, _ = answer_of(opened, *(TABLES[name][1](opened.folder.table(name)) for name in tables))
    return answer


def _on_grid_of(reference: Volume, image: ImageLike, *, labels: bool = False) -> np.ndarray:
    volume = in_transverse_order(as_volume(image, labels=labels))
    check_same_grid(volume, reference, _ONE_GRID)
    return np.asarray(volume.array)
