# SPDX-License-Identifier: Apache-2.0
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.engine.log import LOGGER
from lessgad.errors import StorageError, VolumeError
from lessgad.experiment.folder import ExperimentFolder
from lessgad.experiment.scrubber import Scrubber
from lessgad.experiment.scrubber import scrubbed_log as run_log

SECRETS = ("jansen", "Klinikum", "Mueller", "19450717", "Zwolle")


def scrubber(*studies: str) -> Scrubber:
    made = Scrubber()
    made.numbers = {name: n for n, name in enumerate(studies, start=1)}
    return made


def written(folder: ExperimentFolder) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.logs.iterdir()))


def assert_clean(text: str) -> None:
    found = [secret for secret in SECRETS if secret.lower() in text.lower()]
    assert not found, (found, text)
    assert "sub-" not in text


def test_studies_become_their_number():
    told = scrubber("sub-jansen", "sub-jansen_ses-19450717", "sub-2").scrub(
        "sub-jansen, sub-jansen_ses-19450717: done; sub-2_T1w.nii.gz; sub-2: failed"
    )
    assert told == "study-1, study-2: done; study-3_T1w.nii.gz; study-3: failed"


@settings(deadline=None)
@given(st.text("aB1", min_size=1, max_size=4), st.text("aB1", min_size=1, max_size=4))
def test_study_is_not_taken_for_one_whose_name_begins_alike(known: str, named: str):
    told = scrubber(f"sub-{known}").scrub(f"preparation of sub-{named}: done")
    number = "1" if known == named else "?"
    assert told == f"preparation of study-{number}: done"


@pytest.mark.parametrize(
    "name", ["sub-jansen", "sub-jansen_ses-19450717", "sub-Jansen-Mueller", "sub-jänsen", "sub-jansen+1"]
)
def test_unknown_studies_are_not_named(name: str):
    told = scrubber("sub-1").scrub(f"{name} skipped: there are two masks; {name}_T1w.nii.gz")
    assert_clean(told.replace("jän", "jan"))
    assert told.startswith("study-? skipped")


def test_known_studies_with_names_that_bids_forbids():
    assert_clean(scrubber("sub-Jansen-Mueller_ses-Zwolle").scrub("preparation of sub-Jansen-Mueller_ses-Zwolle: done"))


def test_unknown_session_of_a_known_patient():
    assert_clean(scrubber("sub-1").scrub("sub-1_ses-19450717 skipped"))


def test_label_alone_as_a_key_error_shows_it():
    told = scrubber("sub-jansen_ses-a", "sub-7").scrub("KeyError: 'jansen'\nKeyError: '7'\npatient jansen; 7 of 17")
    assert_clean(told)
    assert "'7'" not in told
    assert "7 of 17" in told


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/home/jansen/Klinikum/a.nii: The image has 4 dimensions", "a.nii: The image has 4 dimensions"),
        ("/data/jansen Mueller/Klinikum Zwolle/a.nii: The image", "a.nii: The image"),
        ("at (/home/jansen/a.nii)", "a.nii)"),
        ('File "/home/jansen/Klinikum, O\'Mueller: 1/x.py", line 3', 'x.py", line 3'),
        ("No such file: '/home/jansen, Klinikum: 2/x.nii'", "x.nii'"),
        ("PosixPath('/home/jansen/x.nii')", "x.nii')"),
        ("../Klinikum/jansen/x.nii: wanted", "x.nii: wanted"),
        ("../jansen/x.nii", "x.nii"),
        ("./jansen/x.nii", "x.nii"),
        ("~/jansen/x.nii", "x.nii"),
        ("Klinikum/jansen/x.nii: wanted", "x.nii: wanted"),
        ("C:\\Users\\jansen\\x.nii: wanted", "x.nii: wanted"),
        ("\\\\Klinikum\\jansen\\x.nii", "x.nii"),
        ("file:///home/jansen/x.nii", "x.nii"),
    ],
)
def test_paths_keep_their_last_part_alone(text: str, left: str):
    told = Scrubber().scrub(text)
    assert_clean(told)
    assert told.endswith(left)


@pytest.mark.parametrize(
    "text",
    [
        "sample 300 of 6000, loss 0.03, gain +1.2 dB, 12 patches/s",
        "run of prepare, train: 7 studies",
        "T1 + low dose 10 %; 240×240×155 voxels of 1×1×1 mm at (0.0, -1.5, 2.0)",
        "prepare: 3 of 7 to do",
    ],
)
def test_other_words_stay(text: str):
    assert Scrubber().scrub(text) == text


def test_home_and_place_of_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("HOME", "/home/jansen")
    (tmp_path / "Klinikum, Zwolle: 1").mkdir()
    monkeypatch.chdir(tmp_path / "Klinikum, Zwolle: 1")
    told = Scrubber().scrub(f"No room in /home/jansen; {Path.cwd()}/e/x.nii; {Path.cwd()}")
    assert_clean(told)


def test_time_of_a_line_is_not_taken_for_a_patient(tmp_path: Path):
    with run_log(ExperimentFolder(tmp_path)) as made:
        made.numbers = {f"sub-{year}": 1 for year in range(2020, 2100)}
        LOGGER.info("it is about sub-2025")
    line = written(ExperimentFolder(tmp_path))
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d INFO it is about study-1\n", line)


def test_tracebacks_are_scrubbed(tmp_path: Path):
    folder = ExperimentFolder(tmp_path / "jansen, Zwolle")
    source = tmp_path / "Klinikum" / "sub-jansen" / "module.py"
    code = compile("def fail(path):\n    raise KeyError('jansen', path)\n", str(source), "exec")
    namespace: dict = {}
    exec(code, namespace)
    with run_log(folder) as made:
        made.numbers = {"sub-jansen_ses-19450717": 1}
        try:
            try:
                namespace["fail"](folder.root / "Klinikum/sub-jansen/ses-19450717/anat/sub-jansen_ses-19450717_T1w.nii")
            except KeyError as error:
                raise VolumeError(
                    f"The image is damaged ({error})", path=folder.prepared("jansen", "19450717")
                ) from error
        except VolumeError:
            LOGGER.exception("internal error of sub-jansen_ses-19450717 in %s", folder.root)
    text = written(folder)
    assert_clean(text)
    assert "Traceback" in text
    assert 'module.py", line 2' in text
    assert "study-1_T1w.nii" in text


def test_one_file_per_run(tmp_path: Path):
    folder = ExperimentFolder(tmp_path)
    for n in range(4):
        with run_log(folder):
            LOGGER.info("run %d", n)
    assert sorted(path.read_text()[-6:-1] for path in folder.logs.iterdir()) == [f"run {n}" for n in range(4)]


def test_runs_that_begin_together_share_no_file(tmp_path: Path):
    from lessgad.engine.log import _new_file

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: _new_file(tmp_path), range(40)))) == 40


def test_logger_is_left_as_it_was(tmp_path: Path):
    before = LOGGER.level, LOGGER.propagate, list(LOGGER.handlers)
    with pytest.raises(ZeroDivisionError), run_log(ExperimentFolder(tmp_path)):
        _ = 1 / 0
    assert (LOGGER.level, LOGGER.propagate, LOGGER.handlers) == before


def test_any_text_can_be_logged(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(LOGGER, "handlers", [])  # pytest's own, which pytest-xdist could not send on
    with run_log(ExperimentFolder(tmp_path)):
        LOGGER.info("name \udcff of a file × that is no UTF-8")
    assert "× that is no UTF-8" in written(ExperimentFolder(tmp_path))
    assert capsys.readouterr().err == ""


def test_folder_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(StorageError), run_log(ExperimentFolder(tmp_path)):
        pass


def test_level_is_info(tmp_path: Path):
    with run_log(ExperimentFolder(tmp_path)):
        logging.getLogger("lessgad").debug("too much")
    assert written(ExperimentFolder(tmp_path)) == ""
