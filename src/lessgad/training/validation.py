# SPDX-License-Identifier: Apache-2.0
"""The slices of validation patients that a field is validated and calibrated on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.simulator import LowDoseSimulator, not_scanned
from lessgad.evaluation.similarity import bounding_box
from lessgad.field.build import AnyField
from lessgad.field.inputs import slices_around
from lessgad.field.measured_enhancement import MISALIGNMENT_MM, ScanFacts
from lessgad.preparation.prepared_study import PreparedStudy
from lessgad.restoration.scan_facts import scan_facts
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.slices import RestoredSlices, restore_slices_in_full
from lessgad.training.tuning_scans import TuningScans

NO_SLICE = 2**31  # in the seed of noise, where the number of a slice stands elsewhere


@dataclass(frozen=True, eq=False)
class ValidationSlices:
    """Some slices of one study with their neighbors, cropped to the head box, and the voxels that are evaluated.

    Attributes:
        pre_contrast: T1, (z, y, x), on [−1, 1].
        standard_dose: T1ce, same shape and scale.
        source_pair: The T1 and T1ce that low doses are mixed from, same shape.
        simulator: The forward model that makes low doses of the study.
        judged: The tumor's box, or the head where there is no mask; nothing of the slices around.
        spacing_mm: Spacing of rows and columns, in mm.
        patient: Patient of the study; "" for a patient of its own.
        t2: T2, same shape; None if the study has none.
        scans: Low doses of the study, if others than those of `simulator` are used.
        numbers: Numbers of the slices, which `scans` are asked for.
        box: Rows and columns of the head box, which they are cut to.
        facts: Slice spacing, noise of the T1 and dose curve, for a kernel field.
    """

    pre_contrast: Float[np.ndarray, "z y x"]
    standard_dose: Float[np.ndarray, "z y x"]
    source_pair: tuple[Float[np.ndarray, "z y x"], Float[np.ndarray, "z y x"]]
    simulator: LowDoseSimulator
    judged: Bool[np.ndarray, "z y x"]
    spacing_mm: tuple[float, float]
    patient: str = ""
    t2: Float[np.ndarray, "z y x"] | None = None
    scans: TuningScans | None = None
    numbers: tuple[int, ...] = ()
    box: tuple[slice, slice] = (slice(None), slice(None))
    facts: ScanFacts | None = None

    @classmethod
    def of(
        cls,
        study: PreparedStudy,
        tumor: Bool[np.ndarray, "x y z"] | None,
        simulator: LowDoseSimulator,
        n_slices: int,
        n_neighbor_slices: int = 0,
        scans: TuningScans | None = None,
    ) -> ValidationSlices:
        """Choose slices evenly through the tumor's box, or through the head if there is no mask.

        Args:
            study: The prepared study.
            tumor: Mask of the tumor; None without one.
            simulator: Simulator of the low doses.
            n_slices: How many are evaluated, at most.
            n_neighbor_slices: How many above and below each of them come along, for a field that sees them.
            scans: Low doses, if others than those simulated in the position of the T1ce are used.

        Returns:
            The slices.
        """
        judged = study.head if tumor is None else bounding_box(tumor)
        inside = np.flatnonzero(judged.any(axis=(0, 1)))
        chosen = np.unique(inside[np.linspace(0, len(inside) - 1, min(n_slices, len(inside))).round().astype(int)])
        taken = np.unique(slices_around(chosen.tolist(), n_neighbor_slices, judged.shape[2]))

        def cut(array: np.ndarray) -> np.ndarray:
            return np.ascontiguousarray(array[study.head_box.slices][..., taken].transpose(2, 1, 0))

        spacing = study.spacing_mm[1], study.spacing_mm[0]
        t1, t1ce = (cut(image) for image in study.source_pair)
        t2 = None if study.t2 is None else cut(study.t2)
        pair = cut(study.pre_contrast), cut(study.standard_dose)
        only_chosen = judged & np.isin(np.arange(judged.shape[2]), chosen)
        return cls(
            *pair,
            source_pair=(t1, t1ce),
            simulator=simulator,
            judged=cut(only_chosen),
            spacing_mm=spacing,
            patient=study.patient,
            t2=t2,
            scans=scans,
            numbers=tuple(taken.tolist()),
            box=study.head_box.slices[:2],
            facts=scan_facts(study, simulator),
        )

    def has(self, dose: float) -> bool:
        """Whether the study counts at a dose."""
        return self.scans is None or self.scans.has(dose)

    def sigma(self, dose: float) -> float:
        """Noise of the low dose, on the scale of [−1, 1]."""
        return self.simulator.sigma if self.scans is None else self.scans.at(dose, self.numbers[:1]).simulator.sigma

    def low_dose(self, dose: float) -> Float[np.ndarray, "z y x"]:
        """Give the slices at a lower dose, with the same noise at each call.

        Args:
            dose: Dose as a fraction of the standard dose, 0–1.

        Returns:
            The slices on [−1, 1], (z, y, x).
        """
        if self.scans is not None:
            image = self.scans.at(dose, self.numbers).image[self.box]
            return np.ascontiguousarray(image.transpose(2, 1, 0))
        rng = np.random.default_rng([*self.simulator.seed, round(1e6 * dose), NO_SLICE])
        return self.simulator.scan(*self.source_pair, dose, rng, not_scanned(self.pre_contrast, self.standard_dose))

    def facts_at(self, dose: float) -> ScanFacts | None:
        """Facts that a kernel field gets at a dose: a low dose in a position of its own may be misaligned."""
        if self.facts is None or self.scans is None:
            return self.facts
        low_dose = self.scans.at(dose, self.numbers[:1])
        distance_mm = MISALIGNMENT_MM if low_dose.misaligned else 0.0
        return replace(self.facts, misalignment_mm=distance_mm, sigma_low_dose=low_dose.simulator.sigma)

    def restored(
        self, field: AnyField, low_dose: Float[np.ndarray, "z y x"], dose: float, settings: RestorationSettings
    ) -> RestoredSlices:
        """Restore the evaluated slices; their neighbors stay at the low dose, with a half-width of 1.

        Args:
            field: The network.
            low_dose: Low-dose slices, on [−1, 1].
            dose: Dose as a fraction of the standard dose, 0–1.
            settings: Settings of the restoration.

        Returns:
            The restored slices.
        """
        images = {"pre_contrast": self.pre_contrast, "low_dose": low_dose}
        if self.t2 is not None:
            images["t2"] = self.t2
        numbers = np.flatnonzero(self.judged.any(axis=(1, 2))).tolist()
        answer = restore_slices_in_full(field, images, dose, self.spacing_mm, settings, numbers, self.facts_at(dose))
        restored, half_width = low_dose.astype(np.float32), None
        restored[numbers] = answer.restored
        if answer.half_width is not None:
            half_width = np.ones_like(restored)
            half_width[numbers] = answer.half_width
        return RestoredSlices(restored, half_width)


def patients_of(studies: Sequence[ValidationSlices]) -> list[str]:
    """Number the patient of each study, in the order of the studies; a study without one is a patient of its own.

    Model folders are passed on, so labels of patients are not written there.

    Args:
        studies: Validation studies.

    Returns:
        "patient 1", "patient 2", …, one for each study.
    """
    numbers: dict[str, int] = {}
    labels = [study.patient or f"study {index}" for index, study in enumerate(studies)]
    return [f"patient {numbers.setdefault(label, len(numbers) + 1)}" for label in labels]
