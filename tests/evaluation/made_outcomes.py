# SPDX-License-Identifier: Apache-2.0
"""Tables of outcomes of which the truth is known, and the answer asked of them."""

import numpy as np

from lessgad.evaluation.answer_settings import AnswerSettings, Endpoint
from lessgad.evaluation.dose_answer import find_dose_answer
from lessgad.evaluation.outcomes import Outcome

RECOVERY = Endpoint(metric="recovery", at_least=0.9)
DICE_LOSS = Endpoint(metric="dice_loss", at_most=0.05)
SSIM = Endpoint(metric="ssim", at_least=0.9)
PSNR = Endpoint(metric="psnr_db", at_least=30.0)
FALSE = Endpoint(metric="false_ml", at_most=0.5)
DOSES = (0.0, 0.1, 0.3, 0.5)
NAN, INF = float("nan"), float("inf")


def outcomes(endpoint, by_dose, method="restored"):
    """`by_dose`: dose → value of each patient, or list of values of their studies."""
    return [
        Outcome(f"P{p:02d}", str(s), dose, method, endpoint.metric, endpoint.area, float(value))
        for dose, values in by_dose.items()
        for p, studies in enumerate(values)
        for s, value in enumerate(np.atleast_1d(studies))
    ]


def ask(made, *endpoints, doses=DOSES, n_patients=None, **options):
    patients = sorted({outcome.patient for outcome in made})
    named = [f"P{p:02d}" for p in range(n_patients)] if n_patients is not None else patients
    return find_dose_answer(made, AnswerSettings(endpoints=endpoints, **options), doses=doses, patients=named)


def good(n=12, at_half=1.0, at_third=0.97, at_tenth=0.5, at_none=0.0):
    noise = np.linspace(-0.02, 0.02, n)
    levels = {0.0: at_none, 0.1: at_tenth, 0.3: at_third, 0.5: at_half}
    return {dose: level + noise for dose, level in levels.items()}
