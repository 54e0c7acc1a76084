# SPDX-License-Identifier: Apache-2.0
"""How strongly a contrast agent shortens T1 and T2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from lessgad.dose.field_strength import known_field

Agent = Literal[
    "gadobenate",
    "gadobutrol",
    "gadodiamide",
    "gadopentetate",
    "gadopiclenol",
    "gadoterate",
    "gadoteridol",
    "gadoversetamide",
    "gadoxetate",
]


@dataclass(frozen=True)
class Relaxivity:
    """Change of the relaxation rates per concentration of the agent.

    1/T1 = 1/T10 + r1·c and 1/T2 = 1/T20 + r2·c

    Attributes:
        r1_per_s_mm: r1 in s⁻¹ per mmol/l.
        r2_per_s_mm: r2 in s⁻¹ per mmol/l.
    """

    r1_per_s_mm: float
    r2_per_s_mm: float

    def shortened_ms(
        self, t1_ms: float, t2_ms: float, concentration_mm: Float[np.ndarray, "*n"]
    ) -> tuple[Float[np.ndarray, "*n"], Float[np.ndarray, "*n"]]:
        """Compute T1 and T2 at given concentrations of the agent.

        Args:
            t1_ms: T1 without the agent, in ms.
            t2_ms: T2 without the agent, in ms.
            concentration_mm: Concentration, in mmol/l.

        Returns:
            T1 and T2 at each concentration, in ms.
        """
        r1, r2 = 1e-3 * self.r1_per_s_mm, 1e-3 * self.r2_per_s_mm
        return t1_ms / (1 + t1_ms * r1 * concentration_mm), t2_ms / (1 + t2_ms * r2 * concentration_mm)


# r1: Shen et al., Invest Radiol 2015, human whole blood, 37 °C. r2: Rohrer et al., Invest Radiol 2005, bovine plasma,
# 37 °C, as no r2 of all of these has been measured in whole blood. Gadopiclenol: Robic et al., Invest Radiol 2019, and
# the summary of product characteristics of Elucirem, section 5.1, biological medium, 37 °C, 1.41 and 3 T. Along its
# branch the dose curve depends only on r2/r1.
#                          1.5 T                3 T
_TABLE: dict[Agent, tuple[tuple[float, float], tuple[float, float]]] = {
    "gadobenate": ((6.2, 8.7), (5.4, 11.0)),
    "gadobutrol": ((4.6, 6.1), (4.5, 7.1)),
    "gadodiamide": ((4.5, 5.2), (3.9, 5.6)),
    "gadopentetate": ((4.3, 4.6), (3.8, 5.2)),
    "gadopiclenol": ((12.8, 15.1), (11.6, 14.7)),
    "gadoterate": ((3.9, 4.3), (3.4, 4.9)),
    "gadoteridol": ((4.4, 5.0), (3.5, 5.7)),
    "gadoversetamide": ((4.4, 5.2), (4.2, 5.9)),
    "gadoxetate": ((7.2, 8.7), (5.5, 11.0)),
}
AGENTS: tuple[Agent, ...] = tuple(_TABLE)
USUAL_AGENT: Agent = "gadobutrol"

# What scanners and people write for them; the generic names are found as they are.
_BRANDS: dict[str, Agent] = {
    "multihance": "gadobenate",
    "gadavist": "gadobutrol",
    "gadovist": "gadobutrol",
    "omniscan": "gadodiamide",
    "magnevist": "gadopentetate",
    "magnograf": "gadopentetate",
    "elucirem": "gadopiclenol",
    "vueway": "gadopiclenol",
    "dotarem": "gadoterate",
    "clariscan": "gadoterate",
    "artirem": "gadoterate",
    "dotagraf": "gadoterate",
    "dotagita": "gadoterate",
    "cyclolux": "gadoterate",
    "gd-dota": "gadoterate",
    "gadobenic": "gadobenate",
    "gadopentetic": "gadopentetate",
    "gadoteric": "gadoterate",
    "prohance": "gadoteridol",
    "optimark": "gadoversetamide",
    "primovist": "gadoxetate",
    "eovist": "gadoxetate",
    "gadoxetic": "gadoxetate",
}


def relaxivity(agent: Agent, field_strength_t: float) -> Relaxivity:
    """Look up r1 and r2 at the nearer of 1.5 and 3 T.

    Sources: r1 from Shen et al., Invest Radiol 2015 (whole blood); r2 from Rohrer et al., Invest Radiol 2005 (plasma);
    both of gadopiclenol from Robic et al., Invest Radiol 2019.

    Args:
        agent: The contrast agent.
        field_strength_t: Field strength, in tesla.

    Returns:
        r1 and r2, in 1/(mmol/l · s).
    """
    at_low_field, at_high_field = _TABLE[agent]
    return Relaxivity(*(at_low_field if known_field(field_strength_t) == "1.5 T" else at_high_field))


def agent_named(words: str | None) -> Agent | None:
    """Find the agent in what a header says ("10 ml Gadovist"); None where it names none of them, or several."""
    text = (words or "").lower()
    found = {agent for agent in AGENTS if agent in text} | {agent for brand, agent in _BRANDS.items() if brand in text}
    return found.pop() if len(found) == 1 else None


def agent_used(words: str | None) -> Agent:
    """Give the agent whose relaxivity stands for what a header says: gadobutrol where that is none or unknown."""
    return agent_named(words) or USUAL_AGENT


def agent_cautions(words: str | None) -> tuple[str, ...]:
    """Warn if a header names an agent of unknown relaxivity; "gadolinium" alone names no agent.

    Args:
        words: Name of the agent as the header gives it; None without one.

    Returns:
        At most one line.
    """
    said = (words or "").strip()
    if not said or "gadolinium" in said.lower() or agent_named(said) is not None:
        return ()
    return (
        f"the contrast agent “{said}” is not one with a relaxivity known to lessgad (or names several agents); "
        f"low doses are simulated with that of {USUAL_AGENT}",
    )
