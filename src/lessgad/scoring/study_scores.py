# SPDX-License-Identifier: Apache-2.0
"""Everything that is measured of one study: each method at each dose, compared with the standard dose."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from lessgad.cohort.split import Subset
from lessgad.dose.low_doses import LowDose
from lessgad.dose.simulator import BACKGROUND
from lessgad.evaluation.artifacts import artifact_scores
from lessgad.evaluation.clusters import box_around
from lessgad.evaluation.enhancement import enhancement_scores
from lessgad.evaluation.enhancement_reference import EnhancementReference, enhancement_reference
from lessgad.evaluation.enhancement_threshold import EnhancementThreshold
from lessgad.evaluation.lesion_scores import lesion_scores
from lessgad.evaluation.operating_curve import operating_curve
from lessgad.evaluation.results.artifacts import ArtifactRow
from lessgad.evaluation.results.discrepancy import DiscrepancyRow
from lessgad.evaluation.results.enhancement import EnhancementRow
from lessgad.evaluation.results.growth import GrowthRow
from lessgad.evaluation.results.intervals import IntervalRow
from lessgad.evaluation.results.lesions import LesionRow
from lessgad.evaluation.results.operating_points import OperatingRow
from lessgad.evaluation.results.overlap import OverlapRow
from lessgad.evaluation.results.similarity import SimilarityRow
from lessgad.evaluation.results.table import RESTORED, UNRESTORED
from lessgad.evaluation.results.thresholds import ThresholdRow
from lessgad.evaluation.results.tumor_size import TumorSizeRow
from lessgad.evaluation.similarity import SimilarityTo
from lessgad.evaluation.tumor_size import size_group
from lessgad.preparation.prepared_study import PreparedStudy, Regions
from lessgad.restoration.discrepancy import LEAST_ERROR, Discrepancy, find_discrepancy, voxels_to_judge
from lessgad.scoring.judged_part import areas_of, beyond_head, cut_to

Image = Float[np.ndarray, "x y z"]
_DISCREPANCY = ("unsupported_ml", "overlooked_ml", "detectable_5mm", "detectable_10mm")


@dataclass
class StudyScores:
    """The rows of one study, or of all, table by table; growth is of all alone."""

    similarity: list[SimilarityRow] = field(default_factory=list)
    enhancement: list[EnhancementRow] = field(default_factory=list)
    artifacts: list[ArtifactRow] = field(default_factory=list)
    lesions: list[LesionRow] = field(default_factory=list)
    false_against_missed: list[OperatingRow] = field(default_factory=list)
    intervals: list[IntervalRow] = field(default_factory=list)
    consistency: list[DiscrepancyRow] = field(default_factory=list)
    overlap: list[OverlapRow] = field(default_factory=list)
    tumor_size: list[TumorSizeRow] = field(default_factory=list)
    growth: list[GrowthRow] = field(default_factory=list)
    thresholds: list[ThresholdRow] = field(default_factory=list)


class StudyScorer:
    """Judges the images of one study; what does not depend on the image is found once.

    Args:
        study: The prepared study.
        subset: Subset of the patient.
        regions: Label values of each region.
    """

    def __init__(self, study: PreparedStudy, subset: Subset, regions: Regions) -> None:
        self.scores = StudyScores()
        self._subset, self._shape = subset, study.head.shape
        tumor = study.tumor(regions)
        self._box = box_around(study.head if tumor is None else study.head | tumor, beyond_head(study.spacing_mm))
        self._study = study = cut_to(study, self._box)
        self._tumor = study.tumor(regions)
        self.areas = areas_of(study, regions)
        self._likeness = SimilarityTo(study.standard_dose, self.areas)
        self._judged: tuple[LowDose, Bool[np.ndarray, "x y z"]] | None = None
        self._reference: EnhancementReference | None = None
        if self._tumor is not None:
            known = study.sigma is not None and study.sigma_pre_contrast is not None
            sigmas = (float(study.sigma_pre_contrast or 0), float(study.sigma or 0)) if known else None
            self._reference = enhancement_reference(
                study.pre_contrast, study.standard_dose, self._tumor, study.head, study.spacing_mm, sigmas
            )
            self._add_threshold(self._reference.threshold)

    def score(self, image: Image, method: str, low_dose: LowDose) -> Discrepancy | None:
        """Add the rows of one method's image.

        Args:
            image: The image to judge, on [−1, 1].
            method: The method whose images are shown.
            low_dose: The low dose and how it was made.

        Returns:
            Its discrepancy with the measurement; None if it cannot be computed.
        """
        dose, image = low_dose.dose, np.ascontiguousarray(image[self._box])
        discrepancy = self._discrepancy(image, method, low_dose)
        self._add_similarity(image, method, dose)
        self._add_artifacts(image, method, low_dose)
        if self._reference is not None:
            unsupported_ml = float("nan") if discrepancy is None else discrepancy.unsupported_ml
            self._add_enhancement(image, method, low_dose, unsupported_ml, self._reference)
        if method == RESTORED and dose > 0:
            self.scores.consistency.append(self._discrepancy_row(discrepancy, dose))
        return discrepancy

    def error_map(self, discrepancy: Discrepancy) -> Image:
        """Give what the measurement contradicts, on the grid of the study."""
        error = np.zeros(self._shape, np.float32)
        error[self._box] = discrepancy.error
        return error

    def score_interval(self, restored: Image, half_width: Image, dose: float) -> None:
        """Add how the standard dose lies in the intervals of the restored image.

        Args:
            restored: The restored image, on [−1, 1].
            half_width: Half-width of the interval of each voxel.
            dose: Dose as a fraction of the standard dose, 0–1.
        """
        restored, half_width = restored[self._box], half_width[self._box]
        covered = np.abs(restored - self._study.standard_dose) <= half_width
        for area, voxels in self.areas.items():
            self.scores.intervals.append(
                IntervalRow(
                    **self._whose(dose),
                    area=area,
                    coverage=float(np.mean(covered[voxels])),
                    half_width=float(np.mean(half_width[voxels])),
                    enhancement=float(np.mean((restored - self._study.pre_contrast)[voxels])),
                    standard_enhancement=float(np.mean((self._study.standard_dose - self._study.pre_contrast)[voxels])),
                )
            )

    def _discrepancy_row(self, discrepancy: Discrepancy | None, dose: float) -> DiscrepancyRow:
        """Undefined where the forward model is not to be believed."""
        if discrepancy is None:
            undefined: dict[str, Any] = dict.fromkeys(_DISCREPANCY, math.nan)
            return DiscrepancyRow(**self._whose(dose), **undefined)
        level = self._study.tissue_level
        return DiscrepancyRow(
            **self._whose(dose),
            unsupported_ml=discrepancy.unsupported_ml,
            overlooked_ml=discrepancy.overlooked_ml,
            detectable_5mm=discrepancy.detectable[5.0] / level,
            detectable_10mm=discrepancy.detectable[10.0] / level,
        )

    def _discrepancy(self, image: Image, method: str, low_dose: LowDose) -> Discrepancy | None:
        """Give the low dose itself, against which the other images are checked."""
        if not low_dose.can_check or method == UNRESTORED:
            return None
        study, sigma_t1 = self._study, self._study.sigma_pre_contrast or 0.0
        low, sigma = low_dose.image[self._box], low_dose.simulator.sigma
        if self._judged is None or self._judged[0] is not low_dose:
            t1 = study.pre_contrast
            self._judged = low_dose, voxels_to_judge(t1, low, sigma, study.head, study.spacing_mm, sigma_t1)
        return find_discrepancy(
            study.pre_contrast,
            low,
            image,
            dose=low_dose.dose,
            simulator=low_dose.simulator,
            head=study.head,
            spacing_mm=study.spacing_mm,
            sigma_pre_contrast=sigma_t1,
            least_error=LEAST_ERROR * study.tissue_level,
            measured=self._judged[1],
            region=self._tumor,
        )

    def _add_similarity(self, image: Image, method: str, dose: float) -> None:
        self.scores.similarity += [
            SimilarityRow(**self._whose(dose), method=method, area=score.area, psnr_db=score.psnr_db, ssim=score.ssim)
            for score in self._likeness.of(image)
        ]

    def _add_artifacts(self, image: Image, method: str, low_dose: LowDose) -> None:
        """Where the low dose was scanned: a slab in a position of its own ends elsewhere than the T1's."""
        study = self._study
        scanned = study.head
        if low_dose.measured:
            scanned = scanned & (low_dose.image[self._box] != BACKGROUND)
        scores = artifact_scores(
            image,
            study.pre_contrast,
            study.standard_dose,
            scanned,
            self._tumor,
            study.spacing_mm,
            study.tissue_level,
        )
        self.scores.artifacts.append(ArtifactRow(**self._whose(low_dose.dose), method=method, **vars(scores)))

    def _add_enhancement(
        self, image: Image, method: str, low_dose: LowDose, unsupported_ml: float, reference: EnhancementReference
    ) -> None:
        whose = self._whose(low_dose.dose)
        scores = enhancement_scores(image, reference, low_dose.sigma)
        self.scores.enhancement.append(
            EnhancementRow(**whose, method=method, unsupported_ml=unsupported_ml, **vars(scores))
        )
        self.scores.lesions += [
            LesionRow(
                **whose,
                method=method,
                lesion=score.lesion.number,
                diameter_mm=score.lesion.diameter_mm,
                size_group=size_group(score.lesion.diameter_mm),
                volume_ml=score.lesion.volume_ml,
                enhancing_ml=score.enhancing_ml,
                recovery=score.recovery,
                missed_ml=score.missed_ml,
            )
            for score in lesion_scores(image, reference)
        ]
        self.scores.false_against_missed += [
            OperatingRow(**whose, method=method, **vars(point)) for point in operating_curve(image, reference)
        ]

    def _add_threshold(self, threshold: EnhancementThreshold) -> None:
        self.scores.thresholds.append(
            ThresholdRow(
                self._study.patient,
                self._study.session,
                self._subset,
                threshold=threshold.value,
                **vars(threshold),
                tumor_over_spread=threshold.tumor_over_spread,
            )
        )

    def _whose(self, dose: float) -> dict[str, Any]:
        study = self._study
        return {"patient": study.patient, "session": study.session, "subset": self._subset, "dose": dose}
