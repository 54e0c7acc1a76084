# SPDX-License-Identifier: Apache-2.0
"""How often the intervals of agreement hold the true value: 22 patients with a case each, two readers, five steps.

    python benchmarks/agreement_coverage.py

Both readers see the same truth (normal, SD 0.5 about the middle step) with an error of their own (normal, SD 0.3 or
0.7), and answer
the nearest step. The true value is that of 100,000 cases.
"""

from functools import partial

import numpy as np

from lessgad.reader_study.agreement import agreement_weights, gwet_ac, rating_counts, raw_agreement
from lessgad.reader_study.patient_draws import bootstrap_interval

N_STUDIES, N_PATIENTS, N_DRAWS, N_STEPS = 300, 22, 800, 5
SAME, NEAR = (agreement_weights(kind, N_STEPS) for kind in ("nominal", "quadratic"))
COEFFICIENTS = {"raw": (raw_agreement, SAME), "AC1": (gwet_ac, SAME), "AC2": (gwet_ac, NEAR)}


def readings(random, n_cases, error):
    seen = random.normal(3, 0.5, size=(n_cases, 1)) + error * random.normal(size=(n_cases, 2))
    return rating_counts(np.clip(np.rint(seen), 1, N_STEPS) - 1, N_STEPS)


def main():
    patients = [f"p{k}" for k in range(N_PATIENTS)]
    for error in (0.3, 0.7):
        random = np.random.default_rng(0)
        many = readings(random, 100_000, error)
        true = {name: float(of(many, weights, np.ones(len(many)))) for name, (of, weights) in COEFFICIENTS.items()}
        held = dict.fromkeys(COEFFICIENTS, 0)
        for study in range(N_STUDIES):
            counts = readings(random, N_PATIENTS, error)
            for name, (of, weights) in COEFFICIENTS.items():
                interval = bootstrap_interval(partial(of, counts, weights), patients, study, N_DRAWS)
                held[name] += interval is not None and interval[0] <= true[name] <= interval[1]
        print(f"error {error}: " + ", ".join(f"{n} {true[n]:.3f} held {held[n] / N_STUDIES:.1%}" for n in held))


if __name__ == "__main__":
    main()
