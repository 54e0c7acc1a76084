# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from pydantic import ValidationError

from lessgad.dose.linear import mix
from lessgad.dose.simulation import SimulationSettings, simulate_low_dose
from lessgad.errors import DoseError

PAIR = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)


@pytest.mark.parametrize("dose", [0.0, 0.1, 0.3, 1.0])
def test_default_is_the_papers_mix(dose: float):
    low = simulate_low_dose(PAIR[0], PAIR[1], dose, SimulationSettings())
    np.testing.assert_array_equal(low, mix(PAIR[0], PAIR[1], dose))


def test_dose_is_checked():
    with pytest.raises(DoseError, match=r"Did you mean 0\.3\?"):
        simulate_low_dose(PAIR[0], PAIR[1], 30.0, SimulationSettings())


@pytest.mark.parametrize("choice", [{"model": "exponential"}, {"noise": "rician"}, {"nois": "none"}])
def test_what_is_not_there_is_refused(choice: dict[str, str]):
    with pytest.raises(ValidationError):
        SimulationSettings.model_validate(choice)
