# SPDX-License-Identifier: Apache-2.0
"""One rule says which field T1 and relaxivity are taken from; a field far from both is a caution."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessgad.cohort.acquisition import Acquisition
from lessgad.dose.dose_curve import DoseCurve
from lessgad.dose.field_strength import field_cautions
from lessgad.dose.relaxivity import relaxivity
from lessgad.dose.simulation import SimulationSettings, dose_curve


def curve(field: float) -> DoseCurve:
    scan = Acquisition(
        field_strength_t=field,
        echo_time_ms=10.0,
        repetition_time_ms=550.0,
        scanning_sequence=("SE",),
        contrast_agent="gadobutrol",
    )
    found = dose_curve(scan, SimulationSettings())
    assert isinstance(found, DoseCurve)
    return found


@given(st.floats(0.1, 12) | st.sampled_from([2.25, 2.2499, 2.2501]))
def test_t1_and_relaxivity_are_of_one_field(field):
    found = curve(field)
    low = found.t1_ms == curve(1.5).t1_ms
    assert found.relaxivity == relaxivity("gadobutrol", 1.5 if low else 3.0)
    assert found.t1_ms == curve(1.5 if low else 3.0).t1_ms


@pytest.mark.parametrize(("field", "cautioned"), [(0.55, True), (1.0, False), (2.25, False), (3.0, False), (7.0, True)])
def test_a_field_that_neither_is_near_is_a_caution(field, cautioned):
    found = field_cautions(Acquisition(field_strength_t=field))
    assert bool(found) is cautioned
    assert all(f"{field:g} T" in words for words in found)
    assert field_cautions(Acquisition()) == ()
