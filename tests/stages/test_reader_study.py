# SPDX-License-Identifier: Apache-2.0
"""A reader study is made of an experiment: its images are the experiment's, and it is there whole or not at all."""

import gzip

import numpy as np
import pytest

from lessgad.cli.main import exit_code
from lessgad.errors import ReaderStudyError, SettingsError
from lessgad.experiment.opened import open_experiment
from lessgad.experiment.study_files import prepared_files, restored_file
from lessgad.pipeline import reader_study
from lessgad.pipeline.reader_study import create_reader_study
from lessgad.preparation.prepared_study import read_prepared
from lessgad.reader_study.questionnaire import default_questionnaire
from lessgad.reader_study.settings import ReaderStudySettings
from lessgad.reader_study.store.assignments import images_of
from lessgad.reader_study.study import opened
from lessgad.reader_study.study_folder import StudyFolder
from lessgad.reader_study.verify import verify_study
from lessgad.viewer.browser_images import browser_voxels
from lessgad.volume import in_transverse_order, read_volume


@pytest.fixture
def doses(tiny):
    return tuple(dose for dose in tiny.DOSES if dose > 0)[:2]


def create(root, doses, **settings):
    given = ReaderStudySettings(doses=doses, **settings)
    return create_reader_study(root, given, default_questionnaire(), lambda _line: None)


def test_cases_are_test_patients_and_images_are_those_of_the_experiment(tiny_experiment, doses):
    root = tiny_experiment("restore")
    made = create(root, doses)
    assert made.left_out == ()
    experiment = open_experiment(root, only_look=True)
    assert verify_study(made.folder).problems == ()
    for case in made.protocol.cases:
        assert experiment.subsets[case.patient] == ("validation" if case.practice else "test")
    read = [case for case in made.protocol.cases if not case.practice]
    assert {case.patient for case in read} == {study.patient for study in experiment.studies(["test"])}
    case = read[0]
    study = next(
        one for one in experiment.studies(["test"]) if (one.patient, one.session) == (case.patient, case.session)
    )
    prepared = read_prepared(prepared_files(experiment, study))
    restored = in_transverse_order(read_volume(restored_file(experiment, study, doses[0]))).array
    with opened(root) as open_study, open_study.store.reading() as session:
        names = {kind: image.id for kind, image in images_of(session, case.id).items()}
    assert len(names) == 2 + len(doses)
    label = next(kind for kind in names if kind.startswith("dose"))
    for kind, image in (("standard_dose", prepared.standard_dose), (label, restored)):
        stored = gzip.decompress(made.folder.image(names[kind]).read_bytes())
        assert stored == browser_voxels(np.asarray(image)).tobytes()


def test_it_is_made_once(tiny_experiment, doses):
    root = tiny_experiment("restore")
    create(root, doses)
    before = StudyFolder.of(root).protocol.read_bytes()
    with pytest.raises(ReaderStudyError, match="move or remove"):
        create(root, doses)
    assert StudyFolder.of(root).protocol.read_bytes() == before


def test_it_is_there_whole_or_not_at_all(tiny_experiment, doses, monkeypatch):
    root = tiny_experiment("restore")
    write, n_written = reader_study.write_browser_image, 0

    def failing(path, image):
        nonlocal n_written
        n_written += 1
        if n_written > 3:
            raise KeyboardInterrupt
        return write(path, image)

    monkeypatch.setattr(reader_study, "write_browser_image", failing)
    with pytest.raises(KeyboardInterrupt):
        create(root, doses)
    assert not StudyFolder.of(root).root.exists()
    assert list(root.glob(".tmp-reader*")) == []


def test_what_is_not_restored_cannot_be_read(tiny_experiment, doses):
    with pytest.raises(ReaderStudyError, match="to do"):
        create(tiny_experiment("train"), doses)


def test_a_dose_that_was_not_restored_is_refused(tiny_experiment):
    with pytest.raises(SettingsError, match=r"0\.77"):
        create(tiny_experiment("restore"), (0.77,))


def test_commands(tiny_experiment, doses, capsys, tmp_path):
    root = tiny_experiment("restore")
    options = [word for dose in doses for word in ("--dose", str(dose))]
    assert exit_code(["reader", "verify", str(root)]) == 2
    assert exit_code(["reader", "create", str(root), *options, "--mode", "blinded"]) == 0
    assert exit_code(["reader", "add", str(root), "kim"]) == 0
    said = capsys.readouterr()
    assert "/invitation/" in said.out
    assert exit_code(["reader", "add", str(root), "kim smith"]) == 2
    assert exit_code(["reader", "backup", str(root), str(tmp_path / "copy.sqlite")]) == 0
    assert (tmp_path / "copy.sqlite").stat().st_size > 10_000
    assert exit_code(["reader", "verify", str(root)]) == 0
    assert exit_code(["reader", "results", str(root)]) == 2
    assert "sign-off" in capsys.readouterr().err
    assert exit_code(["reader", "create", str(root), "--repeats", "0.2"]) == 2
    assert exit_code(["reader", "create", str(root), "--dose", "10"]) == 2
    assert "Did you mean 0.1?" in capsys.readouterr().err


def test_a_hidden_second_scan_is_the_prepared_one_and_studies_without_are_left_out(tiny_experiment, doses, monkeypatch):
    root = tiny_experiment("restore")
    with pytest.raises(ReaderStudyError, match="no second scan at the standard dose"):
        create(root, doses[:1], mode="blinded", hidden_repeat=True)
    second = np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 2, 2)
    settings = ReaderStudySettings(doses=doses[:1], mode="blinded", hidden_repeat=True)
    ready = reader_study._ready_studies
    monkeypatch.setattr(
        reader_study, "_ready_studies", lambda experiment, _: ready(experiment, ReaderStudySettings(doses=doses[:1]))
    )
    monkeypatch.setattr(reader_study, "read_auxiliary_image", lambda _path: (second, {}))
    made = create_reader_study(root, settings, default_questionnaire(), lambda _line: None)
    with opened(root) as open_study, open_study.store.reading() as session:
        names = {kind: image.id for kind, image in images_of(session, made.protocol.cases[-1].id).items()}
    assert set(names) == {"pre_contrast", "standard_dose", "repeat", "dose10"}
    stored = gzip.decompress(made.folder.image(names["repeat"]).read_bytes())
    assert stored == browser_voxels(second).tobytes()
