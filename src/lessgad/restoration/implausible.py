# SPDX-License-Identifier: Apache-2.0
"""Parts of a restored image that neither the T1 nor the low dose explains, found without a standard dose."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from lessgad.dose.simulator import BACKGROUND
from lessgad.evaluation.artifacts import OFF_BY, beyond_both
from lessgad.evaluation.clusters import Spacing, box_around, in_clusters, volume_ml
from lessgad.field.measured_enhancement import ScanFacts
from lessgad.restoration.gaussian_baseline import scaled_averages

Image = Float[np.ndarray, "x y z"]
LEAST_ML = 1.0  # of the contradicted enhancement; true standard doses of the phantom hold 0.1 to 3.7 ml
AVERAGE_MM = 1.0


def implausible_words(
    restored: Image,
    pre_contrast: Image,
    low_dose: Image,
    dose: float,
    head: Bool[np.ndarray, "x y z"],
    facts: ScanFacts,
    tissue_level: float,
) -> tuple[str, ...]:
    """Say how much of an image is darker than both scans, or brighter than the scans explain, by 30 % of tissue.

    Brighter is compared with the larger of T1, low dose, and T1 + the largest g · G[low − T1] of the neighborhood, with
    a Gaussian of 1 mm.

    Args:
        restored: Restored image on [−1, 1].
        pre_contrast: T1, on the same grid and scale.
        low_dose: Low dose, on the same grid and scale.
        dose: β, fraction of the standard dose.
        head: Foreground.
        facts: Slice spacing and dose curve.
        tissue_level: Signal of tissue on that scale, true zero at 0.

    Returns:
        A caution for each of the two that is 1 ml or more.
    """
    from scipy.ndimage import maximum_filter

    between, rows, columns = facts.spacing_mm
    spacing: Spacing = (columns, rows, between)
    x, y, _ = around = box_around(head, (1, 1, 0))
    stacks = pre_contrast.transpose(2, 1, 0), low_dose.transpose(2, 1, 0)
    scaled = scaled_averages(*stacks, dose, facts, (AVERAGE_MM,), part=(y, x))[0].transpose(2, 1, 0)
    pre_contrast, low_dose, restored, head = (image[*around[:2]] for image in (pre_contrast, low_dose, restored, head))
    nearby = maximum_filter(scaled, 3)  # an average blurs the edges of what enhances
    explained = np.maximum(low_dose, np.minimum(pre_contrast + nearby, 1))
    brighter, _ = beyond_both(restored, pre_contrast, explained, head, OFF_BY * tissue_level)
    _, darker = beyond_both(restored, pre_contrast, low_dose, head, OFF_BY * tissue_level)
    darker &= pre_contrast > BACKGROUND
    kinds = {"darker than both T1 and low dose": darker, "brighter than T1 and low dose explain": brighter}
    volumes = {words: volume_ml(in_clusters(mask, spacing), spacing) for words, mask in kinds.items()}
    return tuple(
        f"{ml:.1f} ml of the image are {words}, by more than 30 % of the signal of tissue: look at them"
        for words, ml in volumes.items()
        if ml >= LEAST_ML
    )
