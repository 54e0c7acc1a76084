# SPDX-License-Identifier: Apache-2.0
"""What no scan explains is said without a standard dose."""

import numpy as np
import pytest

from lessgad.field.measured_enhancement import ScanFacts
from lessgad.restoration.implausible import LEAST_ML, implausible_words

FACTS, DOSE, LEVEL = ScanFacts((2.0, 1.0, 1.0)), 0.2, 0.6
SHAPE = (40, 36, 20)


def words(change, size=12):
    t1 = np.full(SHAPE, -0.4, np.float32)
    t1ce = t1.copy()
    t1ce[20:34, 10:26, 5:15] += 0.5
    low = t1 + np.float32(DOSE) * (t1ce - t1)
    restored = t1ce.copy()
    restored[2 : 2 + size, 2 : 2 + size, 2:8] += np.float32(change)
    return implausible_words(restored, t1, low, DOSE, np.ones(SHAPE, bool), FACTS, LEVEL)


def test_a_true_standard_dose_is_plausible():
    assert words(0.0) == ()


@pytest.mark.parametrize(("change", "kind"), [(-0.3, "darker than both"), (0.3, "brighter than")])
def test_what_is_beyond_both_is_named_with_its_volume(change, kind):
    (said,) = words(change)
    assert kind in said
    assert said.startswith(f"{12 * 12 * 6 * 2 / 1000:.1f} ml")


def test_little_is_not_said():
    assert words(0.3 * LEVEL * 0.9) == ()
    assert LEAST_ML > 5 * 5 * 6 * 2 / 1000
    assert words(0.5, size=5) == ()
