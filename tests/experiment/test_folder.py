# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

from lessgad.experiment.folder import ExperimentFolder

FOLDER = ExperimentFolder(Path("e"))
STUDIES = [("1", ""), ("1", "a"), ("1", "b"), ("1a", ""), ("2", "")]


def test_names_that_other_programs_know():
    assert FOLDER.settings == Path("e/experiment.yaml")
    assert FOLDER.split == Path("e/split.tsv")
    assert FOLDER.table("similarity") == Path("e/results/similarity.csv")
    assert FOLDER.report == Path("e/report/index.html")
    assert FOLDER.logs == Path("e/logs")
    assert FOLDER.prepared("1", "") == Path("e/prepared/sub-1")
    assert FOLDER.restored("1", "a") == Path("e/restored/sub-1/ses-a")
    assert FOLDER.model("all-doses") == Path("e/models/all-doses")


def test_no_two_things_share_a_place():
    places = [
        FOLDER.settings,
        FOLDER.split,
        FOLDER.table("similarity"),
        FOLDER.baselines,
        FOLDER.report,
        FOLDER.logs,
        FOLDER.hash_cache,
    ]
    for kind in (FOLDER.prepared, FOLDER.restored):
        places += [kind(*study) for study in STUDIES]
    for unit in ("sub-1", "sub-2"):
        places += [FOLDER.scores(unit, part) for part in ("standard", "dose10")]
        for stage in ("prepare", "train"):
            lock = FOLDER.state.lock(f"{stage}/{unit}")
            places += [FOLDER.state.record(f"{stage}/{unit}"), lock, lock.with_suffix(".holder.json")]
    places += [FOLDER.strengths(part) for part in ("dose0", "dose10")]
    assert len(set(places)) == len(places)
    assert all(place.is_relative_to("e") for place in places)
