# SPDX-License-Identifier: Apache-2.0
"""Figure 1: the pipeline from the cohort to the results, with the number of patients and studies at each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lessgad.description.cohort_description import CohortDescription
from lessgad.description.exclusions import Exclusion


@dataclass(frozen=True)
class FlowStep:
    """One box of the flow diagram.

    Attributes:
        title: What happens or what there is.
        lines: Numbers and details.
        excluded: Studies that leave the flow after this step, with reasons.
    """

    title: str
    lines: tuple[str, ...] = ()
    excluded: tuple[Exclusion, ...] = ()


def cohort_steps(description: CohortDescription) -> tuple[FlowStep, ...]:
    """Describe the first two steps: the content of the folder, and the usable pairs.

    Args:
        description: The described cohort.

    Returns:
        The two steps.
    """
    n_excluded = sum(len(exclusion.studies) for exclusion in description.excluded)
    found = counted(description.n_studies + n_excluded, "study", "studies")
    pairs = f"{counted(description.n_patients, 'patient')}, {counted(description.n_studies, 'study', 'studies')}"
    return (
        FlowStep("Cohort", (f"{found} in the BIDS folder",), description.excluded),
        FlowStep("Pairs of T1 and T1ce", (pairs, f"tumor mask: {description.n_masks}")),
    )


PIPELINE = (
    FlowStep("Preparation", ("T1ce registered to T1, calibrated to its intensities", "one normalization per study")),
    FlowStep("Low doses", ("simulated from each pair, or scanned",)),
    FlowStep("Restoration", ("T1 and low dose → standard dose",)),
    FlowStep("Evaluation", ("similarity, enhancement, segmentation, reader study",)),
)


def counted(n: int, one: str, many: str | None = None) -> str:
    """Write a number of things: ``1 patient``, ``2 patients``.

    Args:
        n: The number.
        one: Singular of the noun.
        many: Plural of the noun; None adds an s.

    Returns:
        The text.
    """
    return f"{n} {one if n == 1 else many or one + 's'}"


def flow_in_words(steps: Sequence[FlowStep]) -> str:
    """Describe the diagram for readers who cannot see it."""
    parts = []
    for step in steps:
        words = f"{step.title}: {'; '.join(step.lines)}" if step.lines else step.title
        left = [f"{len(exclusion.studies)}: {exclusion.reason}" for exclusion in step.excluded]
        parts.append(words + (f" (excluded: {'; '.join(left)})" if left else ""))
    return ". Then ".join(parts) + "."
