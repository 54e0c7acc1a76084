# SPDX-License-Identifier: Apache-2.0
"""A cohort of problem files beside two good studies: the good ones are done, the bad ones named, nothing hangs."""

import json
import re
import shutil
import time

import nibabel
import numpy as np
import pytest
import yaml
from problem_studies import PROBLEMS, SLAB

from lessgad.engine.record import read_record
from lessgad.experiment.folder import ExperimentFolder

MOST_SECONDS = 600


@pytest.fixture(scope="session")
def problem_cohort(tiny, tmp_path_factory):
    """An experiment on such a cohort; every problem is made of one and the same person."""
    base = tmp_path_factory.mktemp("problems")
    for name in ("good1", "good2", "slab", *PROBLEMS):
        tiny.write_study(base / "cohort", name, seed=7 if name == "good2" else 40)
    (base / "cohort" / "derivatives" / tiny.DERIVATIVE / "dseg.tsv").write_text(
        '"index"\t"name"\r\n"1"\t"intrameatal"\r\n"2"\t"extrameatal"\r\n'
    )
    for name, problem in PROBLEMS.items():
        problem.spoil(tiny.study_files(base / "cohort", name))
    SLAB(tiny.study_files(base / "cohort", "slab"))
    tiny.write_experiment(base / "experiment", "../cohort", split=None)
    return base


def tumor(root, name) -> tuple[float, float]:
    """Volume in ml and mean enhancement in units of the tissue of the T1, of a prepared study."""
    folder = root / "prepared" / f"sub-{name}"
    labels = nibabel.load(folder / f"sub-{name}_dseg.nii.gz")
    t1, t1ce = (
        np.asanyarray(nibabel.load(folder / f"sub-{name}{kind}_desc-prepared_T1w.nii").dataobj)
        for kind in ("", "_ce-gadolinium")
    )
    inside = np.asanyarray(labels.dataobj) > 0
    return float(inside.sum() * np.prod(labels.header.get_zooms()) / 1000), float((t1ce - t1)[inside].mean())


@pytest.mark.slow
@pytest.mark.timeout(MOST_SECONDS)
def test_a_cohort_of_problem_files_runs_to_the_end_of_prepare(lessgad, problem_cohort, tmp_path):
    shutil.copytree(problem_cohort, tmp_path / "all", symlinks=True)
    root, begun = tmp_path / "all" / "experiment", time.monotonic()
    code, _, err = lessgad("run", root, "--until", "prepare")
    assert code == 1
    assert time.monotonic() - begun < MOST_SECONDS
    summary = err[err.index("could not be used") :]
    reasons = dict(re.findall(r"^  sub-(\w+) \(\w+\): (.*)$", summary, flags=re.M))
    for name, problem in PROBLEMS.items():
        assert (name in reasons) == (problem.failed is not None), (name, reasons.get(name))
        if problem.failed is not None:
            assert problem.failed in reasons[name], name
            assert "internal error" not in reasons[name]
            assert not list((root / "prepared" / f"sub-{name}").glob("*")), name
    assert {"good1", "good2"}.isdisjoint(reasons)
    assert "internal error" not in reasons.get("slab", "")
    plain = tumor(root, "good1")
    cautioned = {}
    for name, problem in PROBLEMS.items():
        if problem.failed is None:
            description = json.loads((root / f"prepared/sub-{name}/sub-{name}_desc-preparation.json").read_text())
            cautioned[name] = " ".join(description["cautions"])
            assert (problem.caution or "") in cautioned[name], name
            assert (problem.caution is None) == (cautioned[name] == ""), (name, cautioned[name])
            if problem.plain:
                np.testing.assert_allclose(tumor(root, name), plain, rtol=0.02, err_msg=name)
    code, out, _ = lessgad("status", root)
    assert code == 1
    log = sorted((root / "logs").iterdir())[-1].read_text()
    for name, words in cautioned.items():
        if words:
            assert f"caution: sub-{name}: " in out
            assert f"sub-{name}: caution: " in err
    assert "saturated" in log
    assert "sub-" not in log


def prepared_with(lessgad, problem_cohort, tmp_path, name, group, **values):
    """Prepare a good study and a named one with other settings; give what was said."""
    for part in ("sub-good1", f"sub-{name}", f"derivatives/manual/sub-{name}", "derivatives/manual/sub-good1"):
        shutil.copytree(problem_cohort / "cohort" / part, tmp_path / "cohort" / part)
    shutil.copy(problem_cohort / "cohort/derivatives/manual/dseg.tsv", tmp_path / "cohort/derivatives/manual")
    shutil.copytree(problem_cohort / "experiment", tmp_path / "experiment")
    path = tmp_path / "experiment" / "experiment.yaml"
    settings = yaml.safe_load(path.read_text())
    settings[group].update(values)
    path.write_text(yaml.safe_dump(settings))
    code, _, err = lessgad("run", tmp_path / "experiment", "--until", "prepare")
    assert code == 0, err
    return err


@pytest.mark.slow
def test_an_orientation_that_nobody_knows_is_used_where_it_is_trusted(lessgad, problem_cohort, tmp_path):
    err = prepared_with(lessgad, problem_cohort, tmp_path, "nocodes", "cohort", orientation_unknown="trust")
    assert "sub-nocodes: caution: T1: the header does not say how the image lies in space" in err
    prepared = tmp_path / "experiment" / "prepared" / "sub-nocodes"
    for image in (*prepared.glob("*.nii"), *prepared.glob("*.nii.gz")):
        header = nibabel.load(image).header
        assert (int(header["sform_code"]), int(header["qform_code"])) == (0, 0), image.name
    np.testing.assert_allclose(
        tumor(tmp_path / "experiment", "nocodes"), tumor(tmp_path / "experiment", "good1"), rtol=0.02
    )


@pytest.mark.slow
def test_a_noise_floor_is_used_where_it_is_kept(lessgad, problem_cohort, tmp_path):
    """Volume and enhancement are those of the plain study, but for what noise adds to tissue."""
    err = prepared_with(lessgad, problem_cohort, tmp_path, "coils", "preparation", noise_floor="keep")
    for name in ("T1", "T1ce"):
        assert re.search(rf"sub-coils: caution: {name}: air begins at \d(\.\d)? % of tissue", err)
    assert "sub-good1: caution" not in err
    found, plain = (tumor(tmp_path / "experiment", name) for name in ("coils", "good1"))
    assert found[0] == pytest.approx(plain[0], rel=0.01)
    assert found[1] == pytest.approx(plain[1], rel=0.05)


def test_an_unforeseen_error_fails_that_study_alone_and_its_traceback_is_in_the_log(
    lessgad, tiny_experiment, monkeypatch
):
    from lessgad.preparation import pair

    whole = pair.prepare_pair
    seen = []

    def breaks_down_once(*arguments, **more):
        seen.append(1)
        if len(seen) == 2:
            raise ZeroDivisionError("of a kind that nobody thought of")
        return whole(*arguments, **more)

    monkeypatch.setattr(pair, "prepare_pair", breaks_down_once)
    root = tiny_experiment("nothing")
    code, _, err = lessgad("run", root, "--until", "prepare")
    assert code == 1
    assert "sub-02 (prepare): internal error, a bug: ZeroDivisionError in breaks_down_once" in err
    folder = ExperimentFolder(root)
    outcomes = {study: read_record(folder.state.record(f"prepare/sub-{study}")).outcome for study in ("01", "02", "03")}
    assert outcomes == {"01": "done", "02": "failed", "03": "done"}
    log = sorted((root / "logs").iterdir())[-1].read_text()
    assert "Traceback" in log
    assert "ZeroDivisionError: of a kind that nobody thought of" in log
    assert str(root.parent) not in log
    assert lessgad("run", root, "--until", "prepare")[0] == 0
