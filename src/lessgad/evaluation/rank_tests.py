# SPDX-License-Identifier: Apache-2.0
"""The paper's test: Wilcoxon signed-rank over studies, a star at p < 0.001.

It takes the studies of one patient for independent, which they are not; `patient_level` does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

STAR_P = 0.001
MIN_STUDIES_FOR_STAR = 11  # the smallest p of n studies is 2/2ⁿ: 0.00195 for 10, 0.00098 for 11


@dataclass(frozen=True)
class RankTest:
    """A Wilcoxon signed-rank test of paired differences.

    Attributes:
        n: Studies with a defined difference; ties count here, though they carry no rank.
        p: Two-sided p, NaN without studies.
        star: Whether p < 0.001; never under 11 studies, which cannot reach it.
    """

    n: int
    p: float
    star: bool


def signed_rank(gains: Float[np.ndarray, " studies"]) -> RankTest:
    """Test whether per-study gains (restored − unrestored) are symmetric about zero.

    Undefined (NaN) gains are left out. Infinite gains stay: a rank needs no size. Without any
    difference at all, p = 1.

    Args:
        gains: One difference per study, in any unit.

    Returns:
        The p-value and the number of studies.
    """
    from scipy.stats import rankdata, wilcoxon

    defined = gains[~np.isnan(gains)].astype(np.float64)
    different = defined[defined != 0]
    if not len(different):
        return RankTest(len(defined), 1.0 if len(defined) else float("nan"), star=False)
    ranks = np.sign(different) * rankdata(np.abs(different))
    p = float(wilcoxon(ranks).pvalue)
    return RankTest(len(defined), p, star=p < STAR_P and len(defined) >= MIN_STUDIES_FOR_STAR)
