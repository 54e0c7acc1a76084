# SPDX-License-Identifier: Apache-2.0
"""Agents and what they do."""

import numpy as np
import pytest

from lessgad.dose.relaxivity import AGENTS, agent_cautions, agent_named, agent_used, relaxivity


@pytest.mark.parametrize(
    ("agent", "at_low_field", "at_high_field"),
    [
        ("gadoterate", 3.9, 3.4),
        ("gadobutrol", 4.6, 4.5),
        ("gadoteridol", 4.4, 3.5),
        ("gadobenate", 6.2, 5.4),
        ("gadopiclenol", 12.8, 11.6),
    ],
)
def test_r1_in_whole_blood(agent, at_low_field, at_high_field):
    assert relaxivity(agent, 1.5).r1_per_s_mm == at_low_field
    assert relaxivity(agent, 3.0).r1_per_s_mm == at_high_field
    assert relaxivity(agent, 1.0) == relaxivity(agent, 1.5)


def test_transverse_relaxivity_is_never_the_smaller():
    for agent in AGENTS:
        for field_strength_t in (1.5, 3.0):
            found = relaxivity(agent, field_strength_t)
            assert found.r2_per_s_mm >= found.r1_per_s_mm


def test_rates_add():
    t1_ms, t2_ms = relaxivity("gadobutrol", 1.5).shortened_ms(1000.0, 100.0, np.array([0.0, 1.0]))
    np.testing.assert_allclose(1000 / t1_ms, [1.0, 1.0 + 4.6])
    np.testing.assert_allclose(1000 / t2_ms, [10.0, 10.0 + 6.1])


@pytest.mark.parametrize(
    ("words", "agent"),
    [
        ("gadobutrol", "gadobutrol"),
        ("10 ml GADOVIST 1.0", "gadobutrol"),
        ("Dotarem (gadoterate meglumine)", "gadoterate"),
        ("Gadoteric acid", "gadoterate"),
        ("Elucirem 0.5 mmol/ml", "gadopiclenol"),
        ("GADOLINIUM", None),
        ("Dotarem or ProHance", None),
        ("", None),
        (None, None),
    ],
)
def test_agents_are_found_in_what_headers_say(words, agent):
    assert agent_named(words) == agent


@pytest.mark.parametrize(
    ("words", "cautioned"),
    [
        ("Gadoquatrane", True),
        ("Dotarem or ProHance", True),
        ("Vueway", False),
        ("GADOLINIUM", False),
        ("", False),
        (None, False),
    ],
)
def test_an_agent_that_is_not_known_is_said_and_gets_the_usual_one(words, cautioned):
    found = agent_cautions(words)
    assert bool(found) == cautioned
    if cautioned:
        assert words in found[0]
        assert "gadobutrol" in found[0]
        assert agent_used(words) == "gadobutrol"
