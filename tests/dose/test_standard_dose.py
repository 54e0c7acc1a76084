# SPDX-License-Identifier: Apache-2.0
"""Standard doses of the agents, and what follows from them."""

from dataclasses import replace

import pytest

from lessgad.cohort.acquisition import Acquisition
from lessgad.dose.relaxivity import AGENTS, relaxivity
from lessgad.dose.simulation import SimulationSettings, dose_curve
from lessgad.dose.standard_dose import amount_mmol, relative_standard_dose, standard_volume_ml

SPIN_ECHO = Acquisition(scanning_sequence=("SE",), repetition_time_ms=550.0, echo_time_ms=12.0, field_strength_t=1.5)


@pytest.mark.parametrize(
    ("agent", "mmol_per_kg", "ml_per_kg"),
    [
        ("gadobutrol", 0.1, 0.1),
        ("gadoterate", 0.1, 0.2),
        ("gadobenate", 0.1, 0.2),
        ("gadopiclenol", 0.05, 0.1),
        ("gadoxetate", 0.025, 0.1),
    ],
)
def test_doses_and_volumes_of_the_product_information(agent, mmol_per_kg, ml_per_kg):
    assert 0.1 * relative_standard_dose(agent) == pytest.approx(mmol_per_kg)
    assert standard_volume_ml(agent, 75.0) == pytest.approx(75 * ml_per_kg)
    assert amount_mmol(agent, standard_volume_ml(agent, 60.0)) == pytest.approx(60 * mmol_per_kg)


def test_the_standard_doses_shorten_t1_about_alike():
    """An agent of twice the relaxivity is given at half the dose."""
    effects = [relaxivity(agent, 1.5).r1_per_s_mm * relative_standard_dose(agent) for agent in AGENTS]
    whole = [effect for agent, effect in zip(AGENTS, effects, strict=True) if agent != "gadoxetate"]  # for the liver
    assert max(whole) / min(whole) < 1.7
    assert relaxivity("gadopiclenol", 1.5).r1_per_s_mm / min(whole) > 3


def test_a_dose_curve_ends_at_what_the_standard_dose_can_reach():
    curves = {
        agent: dose_curve(replace(SPIN_ECHO, contrast_agent=agent), SimulationSettings())
        for agent in ("gadobutrol", "gadopiclenol", "gadoxetate")
    }
    highest = {agent: curve.highest_concentration_mm for agent, curve in curves.items()}
    assert highest == pytest.approx({"gadobutrol": 0.8, "gadopiclenol": 0.4, "gadoxetate": 0.2})
    concentration, ratios = curves["gadoxetate"]._branch
    assert concentration[-1] == pytest.approx(0.2)
    assert ratios[-1] == curves["gadoxetate"].largest_ratio
