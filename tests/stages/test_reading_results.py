# SPDX-License-Identifier: Apache-2.0
"""The report takes up the readings once they are there."""

from pathlib import Path

from lessgad.cohort.acquisition import Sidecars
from lessgad.cohort.study import Cohort
from lessgad.engine.fingerprint import FileHashes
from lessgad.experiment.folder import ExperimentFolder
from lessgad.experiment.opened import Experiment
from lessgad.experiment.settings import ExperimentSettings
from lessgad.experiment_report.reading_results import reading_results, readings_file
from lessgad.reader_study.readings_json import Readings, write_readings_json


def test_readings_become_a_section_and_bars(made, tmp_path):
    settings = ExperimentSettings.model_validate({"cohort": {"path": "c"}, "evaluation": {"n_resamples": 1000}})
    folder = ExperimentFolder(tmp_path)
    experiment = Experiment(
        folder, settings, Cohort(Path("c"), (), ()), {}, (), {}, FileHashes(folder.hash_cache), Sidecars(Path("c"))
    )
    assert reading_results(experiment) == (None, None)
    of = made.protocol()
    readings = Readings(of.settings, of.questionnaire, "0" * 64, "2026-01-01", 0, tuple(made.paper_rows(of)))
    write_readings_json(readings_file(experiment), readings)
    section, bars = reading_results(experiment)
    assert [table.title.split(".")[0] for table in section.tables[:2]] == ["Table 3", "Table 5"]
    assert section.tables[1].rows[0][3:5] == ("3 (3–3)", "3 (3–4)")
    assert bars.svg.rstrip().endswith("</svg>")
