# SPDX-License-Identifier: Apache-2.0
"""The standard dose of each contrast agent. Agents of higher relaxivity need less gadolinium."""

from __future__ import annotations

from lessgad.dose.relaxivity import Agent

USUAL_MMOL_PER_KG = 0.1
# Product information: Elucirem, section 4.2 (0.05 mmol/kg); Primovist, section 4.2 (0.025 mmol/kg, for the liver).
_MMOL_PER_KG: dict[Agent, float] = {"gadopiclenol": 0.05, "gadoxetate": 0.025}
# Product information, section 2: of Gadovist 1.0 and of Primovist 0.25 mmol/ml, of the others 0.5 mmol/ml.
_MMOL_PER_ML: dict[Agent, float] = {"gadobutrol": 1.0, "gadoxetate": 0.25}
_USUAL_MMOL_PER_ML = 0.5


def relative_standard_dose(agent: Agent) -> float:
    """Give the standard dose of an agent as a share of the usual 0.1 mmol/kg.

    Concentrations in tissue after the standard dose are in the same proportion.

    Args:
        agent: The contrast agent.

    Returns:
        The share: 0.5 for gadopiclenol, 0.25 for gadoxetate, 1 for the others.
    """
    return _MMOL_PER_KG.get(agent, USUAL_MMOL_PER_KG) / USUAL_MMOL_PER_KG


def amount_mmol(agent: Agent, volume_ml: float) -> float:
    """Compute the amount of an agent in a volume of its solution.

    Args:
        agent: The contrast agent.
        volume_ml: Volume, in ml.

    Returns:
        The amount, in mmol.
    """
    return volume_ml * _MMOL_PER_ML.get(agent, _USUAL_MMOL_PER_ML)


def standard_volume_ml(agent: Agent, weight_kg: float) -> float:
    """Compute the volume of the standard dose.

    Args:
        agent: The contrast agent.
        weight_kg: Weight of the patient, in kg.

    Returns:
        The volume, in ml.
    """
    return USUAL_MMOL_PER_KG * relative_standard_dose(agent) * weight_kg / amount_mmol(agent, 1.0)
