# SPDX-License-Identifier: Apache-2.0
"""The dictionary transform mixes what it is given, repeats with its seed, and stands in a chain of MONAI."""

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.transforms import Compose

import lessgad
from lessgad.errors import DoseError

KEYS = ("t1", "t1ce")


def study(kind=np.asarray):
    rng = np.random.default_rng(0)
    t1 = rng.uniform(50, 100, (1, 6, 5, 4)).astype(np.float32)
    return {"t1": kind(t1), "t1ce": kind((t1 + 40).astype(np.float32)), "name": "sub-01"}


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy, lambda a: MetaTensor(torch.from_numpy(a))])
def test_it_adds_the_mix_at_the_dose_that_it_names(kind):
    given = study(kind)
    found = lessgad.SimulateLowDose(*KEYS, doses=(0.2, 0.6))(given)
    assert 0.2 <= found["dose"] <= 0.6
    assert type(found["low_dose"]) is type(given["t1"])
    assert np.allclose(np.asarray(found["low_dose"]) - np.asarray(given["t1"]), 40 * found["dose"], atol=1e-3)
    assert set(given) == {"t1", "t1ce", "name"}
    assert found["name"] == "sub-01"


def test_a_seed_repeats_dose_and_noise_in_a_chain():
    def run(seed):
        chain = Compose([lessgad.SimulateLowDose(*KEYS, noise=2.0)])
        chain.set_random_state(seed)
        return chain(study())

    one, same, other = run(5), run(5), run(6)
    assert one["dose"] == same["dose"] != other["dose"]
    assert np.array_equal(one["low_dose"], same["low_dose"])


def test_noise_has_the_spread_asked_for():
    t1 = np.full((1, 60, 60, 30), 100, dtype=np.float32)
    found = lessgad.SimulateLowDose(*KEYS, noise=3.0)({"t1": t1, "t1ce": t1})
    assert found["low_dose"].std() == pytest.approx(3.0, rel=0.02)


def test_a_dose_above_one_is_refused():
    with pytest.raises(DoseError):
        lessgad.SimulateLowDose(doses=(0.1, 30.0))
