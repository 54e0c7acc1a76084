# SPDX-License-Identifier: Apache-2.0
"""How far restored images are moved to the measurement, and how far off they are then: found on validation patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from lessgad.evaluation.similarity import PSNR_RANGE, bounding_box
from lessgad.field.build import AnyField
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.restoration.anchor import Anchor, DoseAnchor
from lessgad.restoration.anchoring import Measurement
from lessgad.restoration.intervals import LEVEL, IntervalCalibration, covering_factor
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.slices import restore_slices_in_full
from lessgad.training.tuning_scans import TuningScans

#: From a coarsest width down by halves. Every step is a choice of its own: what is found up to it is known at it.
LADDERS_MM = (
    (1.5,),
    (2.0,),
    (3.0, 1.5),
    (4.0, 2.0),
    (6.0, 3.0, 1.5),
    (8.0, 4.0, 2.0),
    (12.0, 6.0, 3.0, 1.5),
    (16.0, 8.0, 4.0, 2.0),
)
WIDTHS_MM = tuple((widths[0], finest) for widths in LADDERS_MM for finest in widths)  # coarsest and finest
WEIGHTS = np.linspace(0, 1, 21)
MARGIN_MM = 8.0  # above and below the tumor, so that averages see more than it
LEAST_MEAN_SQUARE = 1e-12


@dataclass(frozen=True, eq=False)
class Slab:
    """Neighbouring slices of a validation study, cut to the head box, with a margin for averages in three dimensions.

    Attributes:
        study: Whose.
        scans: Its low doses.
        numbers: Of the slices.
        judged: The tumor's box, or the head where there is no mask; whole volume.
    """

    study: PreparedStudy
    scans: TuningScans
    numbers: tuple[int, ...]
    judged: Bool[np.ndarray, "x y z"]

    @classmethod
    def of(cls, study: PreparedStudy, tumor: Bool[np.ndarray, "x y z"] | None, scans: TuningScans) -> Slab:
        """Take the slices around the tumor."""
        judged = study.head if tumor is None else bounding_box(tumor)
        inside = np.flatnonzero(judged.any(axis=(0, 1)))
        margin = int(np.ceil(MARGIN_MM / study.spacing_mm[2]))
        first, last = max(0, int(inside[0]) - margin), min(judged.shape[2], int(inside[-1]) + margin + 1)
        return cls(study, scans, tuple(range(first, last)), judged)

    def cut(self, image: np.ndarray) -> np.ndarray:
        """Slices of the slab, in the head box."""
        return np.ascontiguousarray(image[self.study.head_box.slices][..., list(self.numbers)])

    def measured(self, dose: float) -> Measurement:
        """The slab at a lower dose; at each call the same noise."""
        study = self.study
        low_dose, simulator = self.scans.at(dose, self.numbers)
        return Measurement(
            pre_contrast=self.cut(study.pre_contrast),
            low_dose=np.ascontiguousarray(low_dose[study.head_box.slices[:2]]),
            dose=dose,
            head=self.cut(study.head),
            spacing_mm=study.spacing_mm,
            tissue_level=study.tissue_level,
            simulator=simulator,
            sigma_pre_contrast=study.sigma_pre_contrast or 0.0,
        )


@dataclass(frozen=True, eq=False)
class RestoredSlab:
    """A slab restored from one dose, not yet moved to the measurement; on [−1, 1].

    Attributes:
        slab: Which.
        measured: What it was restored from.
        restored: The image.
        half_width: What the field says of its error; None where it says nothing.
    """

    slab: Slab
    measured: Measurement
    restored: Float[np.ndarray, "x y z"]
    half_width: Float[np.ndarray, "x y z"] | None

    def mean_squares(self) -> Float[np.ndarray, "width weight"]:
        """Mean squared error where it is judged, for each of `WIDTHS_MM` and `WEIGHTS`; nothing is clipped.

        It is a − 2 b w + c w² with a the mean square before, c that of what is taken away, b the mean of the product.
        """
        judged = self.slab.cut(self.slab.judged)
        off = (self.restored - self.slab.cut(self.slab.study.standard_dose))[judged].astype(np.float64)
        rows = []
        for errors in self.measured.estimated_errors(self.restored, LADDERS_MM):
            for error in errors:
                found = error[judged]
                a, b, c = (float(np.mean(x)) for x in (off**2, off * found, found**2))
                rows.append(a - 2 * b * WEIGHTS + c * WEIGHTS**2)
        return np.maximum(np.array(rows), LEAST_MEAN_SQUARE)

    def scores(self, how: DoseAnchor) -> Float[np.ndarray, " voxel"]:
        """|anchored − standard| / half-width of the judged voxels."""
        judged = self.slab.cut(self.slab.judged)
        image = self.measured.anchored(self.restored, how)
        off = np.abs(image - self.slab.cut(self.slab.study.standard_dose))[judged]
        return off if self.half_width is None else off / self.half_width[judged]


def tune_anchor(
    field: AnyField,
    slabs: Sequence[Slab],
    doses: Sequence[float],
    settings: RestorationSettings,
    level: float = LEVEL,
    scanned: Sequence[float] = (),
    lying_otherwise: Sequence[Slab] | None = None,
) -> Anchor:
    """Choose widths and w at each dose for the best mean PSNR, then calibrate intervals of the anchored images.

    A simulated low dose that lies otherwise than the T1ce contradicts a perfect image too, along edges: moved to it,
    images of the glioma pairs hardly are at all, and lose by it what broad averages know. Intervals shall hold there
    too.

    Args:
        field: The trained network.
        slabs: Of validation studies, at least one at each dose.
        doses: Rising. At 0, where nothing was measured, w is 0.
        settings: Precision and window.
        level: Share of voxels that intervals shall cover.
        scanned: Those of the doses at which low doses were really scanned.
        lying_otherwise: The same studies with low doses that intervals are calibrated on where they were not scanned;
            None calibrates on those of `slabs`.
    """
    tuned, factors, n_patients = [], [], []
    patients = [slab.study.patient or f"study {index}" for index, slab in enumerate(slabs)]
    for dose in doses:
        restored = _restored(field, slabs, dose, settings)
        how = _best(list(restored.values()), dose)
        tuned.append(how)
        if lying_otherwise is not None and dose > 0 and dose not in scanned:
            restored = _restored(field, lying_otherwise, dose, settings)
        scores: dict[str, list[np.ndarray]] = {}
        for index, one in restored.items():
            scores.setdefault(patients[index], []).append(one.scores(how))
        n_patients.append(len(scores))
        factors.append(covering_factor([np.concatenate(of_one) for of_one in scores.values()], level))
    intervals = IntervalCalibration(
        level=level, doses=tuple(doses), factors=tuple(factors), n_patients=min(n_patients), scanned=tuple(scanned)
    )
    return Anchor(doses=tuple(tuned), intervals=intervals)


def _best(restored: Sequence[RestoredSlab], dose: float) -> DoseAnchor:
    """Of equal choices the least weight."""
    if dose == 0:
        coarsest, finest = WIDTHS_MM[-1]
        return DoseAnchor(dose=dose, fwhm_mm=finest, coarsest_mm=coarsest, weight=0.0)
    psnr_db = 10 * np.log10(PSNR_RANGE**2 / np.stack([one.mean_squares() for one in restored])).mean(axis=0)
    weight = int(np.argmax(psnr_db.max(axis=0)))
    coarsest, finest = WIDTHS_MM[int(np.argmax(psnr_db[:, weight]))]
    return DoseAnchor(dose=dose, fwhm_mm=finest, coarsest_mm=coarsest, weight=round(float(WEIGHTS[weight]), 2))


def _restored(
    field: AnyField, slabs: Sequence[Slab], dose: float, settings: RestorationSettings
) -> dict[int, RestoredSlab]:
    """Restore those that have the dose, by their place."""
    return {i: restore_slab(field, slab, dose, settings) for i, slab in enumerate(slabs) if slab.scans.has(dose)}


def restore_slab(field: AnyField, slab: Slab, dose: float, settings: RestorationSettings) -> RestoredSlab:
    """Restore a slab from a dose that its study has, not yet moved to the measurement.

    Args:
        field: The trained network.
        slab: Of a validation study.
        dose: Fraction of the standard dose, 0–1.
        settings: Precision and window.
    """
    study, measured = slab.study, slab.measured(dose)
    images = {"pre_contrast": measured.pre_contrast, "low_dose": measured.low_dose}
    if study.t2 is not None:
        images["t2"] = slab.cut(study.t2)
    spacing_mm = study.spacing_mm[1], study.spacing_mm[0]
    turned = {name: np.ascontiguousarray(image.transpose(2, 1, 0)) for name, image in images.items()}
    answer = restore_slices_in_full(field, turned, dose, spacing_mm, settings)
    width = None if answer.half_width is None else answer.half_width.transpose(2, 1, 0)
    return RestoredSlab(slab, measured, answer.restored.transpose(2, 1, 0), width)
