# SPDX-License-Identifier: Apache-2.0
"""The report takes up the readings once they are there."""

import math
from pathlib import Path

import pytest

from lessgad.cohort.acquisition import Sidecars
from lessgad.cohort.study import Cohort
from lessgad.engine.fingerprint import FileHashes
from lessgad.experiment.folder import ExperimentFolder
from lessgad.experiment.opened import Experiment
from lessgad.experiment.settings import ExperimentSettings
from lessgad.experiment_report.reader_outcomes import reader_outcomes, readings_of_test_patients
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


def with_readings(tmp_path, readings):
    settings = ExperimentSettings.model_validate({"cohort": {"path": "c"}})
    folder = ExperimentFolder(tmp_path)
    write_readings_json(folder.results / "readings.json", readings)
    return Experiment(
        folder, settings, Cohort(Path("c"), (), ()), {}, (), {}, FileHashes(folder.hash_cache), Sidecars(Path("c"))
    )


def test_what_readers_gain_from_contrast_comes_from_their_scores(made, tmp_path):
    """The standard dose is read as 1 + a dose's distance from it, no contrast as 5: recomputed from the rows."""
    of = made.protocol(mode="blinded", doses=(0.0, 0.1, 0.3), hidden_standard=True, sittings=2, repeat_share=0.5)
    rows = tuple(made.random_rows(of, ("R1", "R2"), 3))
    experiment = with_readings(tmp_path, Readings(of.settings, of.questionnaire, "0" * 64, "2026-01-01", 0, rows))
    found = reader_outcomes(readings_of_test_patients(experiment))
    assert {outcome.area for outcome in found} == {
        "image_quality",
        "lesion_detectability",
        "enhancement_pattern",
        "sufficient",
    }

    def mean(patient, dose):
        steps = [
            6 - int(row.answer)
            for row in rows
            if (row.patient, row.dose, row.question) == (patient, dose, "lesion_detectability")
            and (row.subset, row.occasion) == ("test", 1)
        ]
        return sum(steps) / len(steps)

    values = {(o.patient, o.dose, o.method): o.value for o in found if o.area == "lesion_detectability"}
    for patient in sorted({row.patient for row in rows if row.subset == "test"}):
        gain = mean(patient, 1.0) - mean(patient, 0.0)
        for dose in (0.1, 0.3):
            kept = mean(patient, dose) - mean(patient, 0.0)
            expected = kept / gain if gain > 0 else math.copysign(math.inf, kept)
            assert values[patient, dose, "restored"] == pytest.approx(expected)
    assert any(method == "repeat" for _, _, method in values)


def test_practice_alone_and_no_file_are_no_readings(made, tmp_path):
    of = made.protocol()
    practice = tuple(row for row in made.paper_rows(of) if row.subset == "validation")
    read = Readings(of.settings, of.questionnaire, "0" * 64, "2026-01-01", 0, practice)
    experiment = with_readings(tmp_path, read)
    assert practice
    assert readings_of_test_patients(experiment) is None
    readings_file(experiment).unlink()
    assert readings_of_test_patients(experiment) is None
    assert reader_outcomes(None) == []
