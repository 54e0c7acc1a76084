# SPDX-License-Identifier: Apache-2.0
"""`lessgad power`: from the tables of a pilot to numbers of patients; what cannot be is one line."""

import numpy as np
import pytest
import yaml

from lessgad.cli.main import exit_code
from lessgad.evaluation.results.artifacts import write_artifacts
from lessgad.evaluation.results.enhancement import EnhancementRow, write_enhancement
from lessgad.evaluation.results.lesions import write_lesions
from lessgad.evaluation.results.overlap import write_overlap
from lessgad.evaluation.results.power import read_power
from lessgad.evaluation.results.similarity import write_similarity


@pytest.fixture
def pilot(tiny_experiment):
    """An experiment whose tables hold 12 test patients, with a recovery of 1 at 50 % and of 0.9 ± 0.05 at 10 %."""

    def make(n_patients=12):
        root = tiny_experiment("nothing")
        settings = yaml.safe_load((root / "experiment.yaml").read_text())
        settings["answer"] = {"endpoints": [{"metric": "recovery", "at_least": 0.85}]}
        (root / "experiment.yaml").write_text(yaml.safe_dump(settings))
        results = root / "results"
        results.mkdir(exist_ok=True)
        rows = [
            EnhancementRow(f"{p:02d}", "", "test", dose, "restored", value, *6 * [0.0])
            for dose, values in ((0.5, np.ones(n_patients)), (0.1, np.linspace(0.85, 0.95, n_patients)))
            for p, value in enumerate(values)
        ]
        write_enhancement(results / "enhancement.csv", rows)
        for name, write in (
            ("similarity", write_similarity),
            ("artifacts", write_artifacts),
            ("lesions", write_lesions),
            ("overlap", write_overlap),
        ):
            write(results / f"{name}.csv", [])
        return root

    return make


def test_it_prints_numbers_of_patients_and_writes_the_curve(pilot, capfd):
    root = pilot()
    assert exit_code(["power", str(root)]) == 0
    out = capfd.readouterr().out
    assert "Pilot: 12 test patients." in out
    assert "50 % of the standard dose: 10 test patients for 80 % power" in out
    assert "Hardest to show: enhancement recovery ≥ 0.85 in more than half of all patients." in out
    rows = read_power(root / "results" / "power.csv")
    assert {row.dose for row in rows} == {0.1, 0.5}
    assert {row.endpoint for row in rows} == {"all", "recovery"}
    of_all = {(row.dose, row.n_patients): row.power for row in rows if row.endpoint == "all"}
    assert of_all[0.1, 10] < of_all[0.5, 10] <= 1
    assert (root / "results" / "power.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("n_patients", "options", "words"), [(2, [], "3 test patients"), (12, ["--dose", "0.3"], "0.5")]
)
def test_what_cannot_be_is_one_line(pilot, capfd, n_patients, options, words):
    root = pilot(n_patients)
    assert exit_code(["power", str(root), *options]) == 2
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("lessgad: ")]
    assert len(lines) == 1
    assert words in lines[0]
    assert not (root / "results" / "power.csv").exists()


def test_before_anything_was_evaluated(tiny_experiment, capfd):
    assert exit_code(["power", str(tiny_experiment("nothing"))]) == 2
    assert "Run the evaluation first" in capfd.readouterr().err
