# SPDX-License-Identifier: Apache-2.0
"""What a method makes of each lesion of a study, so that small ones count beside a big one."""

from __future__ import annotations

from dataclasses import dataclass

from lessgad.evaluation.clusters import volume_ml
from lessgad.evaluation.enhancement import missed_enhancement, recovery
from lessgad.evaluation.enhancement_reference import EnhancementReference, Image, cropped
from lessgad.evaluation.tumor_size import Lesion


@dataclass(frozen=True)
class LesionScore:
    """One lesion in one method's image.

    Attributes:
        lesion: Which, and how large.
        enhancing_ml: Volume of it that enhances at the standard dose.
        recovery: Share of its standard-dose enhancement that the image shows; NaN if there is none beyond noise.
        missed_ml: Volume of it that enhances only at the standard dose.
    """

    lesion: Lesion
    enhancing_ml: float
    recovery: float
    missed_ml: float


def lesion_scores(image: Image, reference: EnhancementReference) -> list[LesionScore]:
    """Score every lesion of a study in one image, the largest first.

    Args:
        image: A method's image on [−1, 1], on the grid of the study.
        reference: What the standard dose of the study shows.

    Returns:
        The scores, largest lesion first.

    Raises:
        VolumeError: The image is on another grid.
    """
    enhancement = cropped(image, reference) - reference.pre_contrast
    missed = missed_enhancement(enhancement, reference, reference.threshold.value)
    scores = []
    for lesion in reference.lesions:
        voxels = reference.lesion_numbers == lesion.number
        scores.append(
            LesionScore(
                lesion=lesion,
                enhancing_ml=volume_ml(reference.enhancing & voxels, reference.spacing_mm),
                recovery=recovery(enhancement, reference, voxels),
                missed_ml=volume_ml(missed & voxels, reference.spacing_mm),
            )
        )
    return scores
