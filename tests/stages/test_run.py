# SPDX-License-Identifier: Apache-2.0
"""A whole run on a tiny cohort: what is on disk, what the figures must be, and that a second run does nothing."""

import csv
import itertools
import math
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from lessgad.cli.main import exit_code
from lessgad.engine.progress import NullProgress
from lessgad.errors import DoseError, SettingsError
from lessgad.experiment.stage_names import STAGES
from lessgad.pipeline.run import run_experiment
from lessgad.pipeline.status import experiment_status
from lessgad.preparation.prepared_study import PreparedFiles, read_prepared
from lessgad.volume import read_volume, same_grid


@pytest.fixture(scope="module")
def finished(tiny_stages):
    return tiny_stages / "report"


@pytest.fixture(scope="module")
def rows(finished):
    with (finished / "results" / "similarity.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def state(root: Path) -> dict[Path, tuple[int, int]]:
    kept = (path for path in root.rglob("*") if path.is_file() and "logs" not in path.parts and path.suffix != ".lock")
    return {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in kept}


def test_everything_is_where_the_design_says(finished, tiny):
    for patient, session in tiny.STUDIES:
        folder = finished / "prepared" / f"sub-{patient}" / (f"ses-{session}" if session else "")
        stem = f"sub-{patient}_ses-{session}" if session else f"sub-{patient}"
        endings = (
            "desc-prepared_T1w.nii",
            "ce-gadolinium_desc-prepared_T1w.nii",
            "desc-head_mask.nii.gz",
            "dseg.nii.gz",
            "desc-preparation.json",
            "desc-check.png",
        )
        assert {path.name for path in folder.iterdir() if path.is_file()} == {f"{stem}_{ending}" for ending in endings}
    model = finished / "models" / "all-doses"
    assert {"model.yaml", "best.safetensors", "last.safetensors", "learning_curve.csv", "card.md"} <= {
        path.name for path in model.iterdir()
    }
    restored = sorted(path.name for path in (finished / "restored").rglob("*.nii.gz"))
    kinds = ("dose0", "dose10", "dose50", "dose10contradicted", "dose50contradicted")
    kinds += ("dose0halfwidth", "dose10halfwidth", "dose50halfwidth")
    assert restored == sorted(
        f"{study}_ce-gadolinium_desc-{kind}_T1w.nii.gz" for study in tiny.JUDGED for kind in kinds
    )
    assert (finished / "results" / "table4.csv").is_file()
    assert len(list((finished / "logs").iterdir())) == len(STAGES)
    assert not list(finished.rglob(".tmp-*"))


def test_images_are_on_the_grid_of_the_t1(finished, tiny_stages, tiny):
    for patient, session in tiny.STUDIES[3:]:
        t1 = read_volume(tiny.study_files(tiny_stages / "cohort", patient, session)["t1"])
        for kind in ("prepared", "restored"):
            folder = finished / kind / f"sub-{patient}" / (f"ses-{session}" if session else "")
            images = [path for path in folder.iterdir() if "_T1w.nii" in path.name]
            assert images
            for path in images:
                is_map = "contradicted" in path.name  # may be 0 everywhere
                image = read_volume(path, needs_contrast=not is_map)
                assert same_grid(image, t1)
                if "halfwidth" in path.name:
                    assert 0 <= image.array.min() < image.array.max()
                elif not is_map:
                    assert -1 <= image.array.min() < image.array.max() <= 1


def test_one_row_per_study_dose_method_and_area(rows, tiny):
    assert list(rows[0]) == ["patient", "session", "subset", "dose", "method", "area", "psnr_db", "ssim"]
    everywhere = ("unrestored", "denoise", "denoise_and_scale", "restored")
    methods = [(0.0, method) for method in everywhere]
    above_0 = (*everywhere, "subtract_and_scale", "gaussian_and_scale")
    methods += [(dose, method) for dose in (0.1, 0.5) for method in above_0]
    methods += [(1.0, "repeat"), (1.0, "repeat_exchanged")]
    expected = {
        (study, dose, method, area)
        for (study, (dose, method), area) in itertools.product(tiny.JUDGED, methods, ("tumor_box", "tumor", "head"))
    }

    def study(row):
        return f"sub-{row['patient']}" + (f"_ses-{row['session']}" if row["session"] else "")

    found = [(study(row), float(row["dose"]), row["method"], row["area"]) for row in rows]
    assert len(found) == len(expected)
    assert set(found) == expected
    assert all(row["subset"] == tiny.SPLIT[row["patient"]] for row in rows)


def test_before_follows_the_identity_of_the_mix_from_the_written_images(finished, rows, tiny):
    """PSNR(β) = PSNR(0) − 20·log10(1 − β), recomputed from the files in prepared/ by hand."""
    for patient, session in tiny.STUDIES[3:]:
        stem = f"sub-{patient}_ses-{session}" if session else f"sub-{patient}"
        folder = finished / "prepared" / f"sub-{patient}" / (f"ses-{session}" if session else "")
        study = read_prepared(PreparedFiles(folder, stem))
        where = [slice(int(i.min()), int(i.max()) + 1) for i in study.labels.nonzero()]
        difference = (study.pre_contrast - study.standard_dose)[tuple(where)].astype(float)
        at_zero = 10 * math.log10(4 / (difference**2).mean())
        for dose in tiny.DOSES:
            (written,) = (
                float(row["psnr_db"])
                for row in rows
                if (row["patient"], row["session"]) == (patient, session)
                and (float(row["dose"]), row["method"], row["area"]) == (dose, "unrestored", "tumor_box")
            )
            assert written == pytest.approx(at_zero - 20 * math.log10(1 - dose), abs=0.01)


def test_subtract_and_scale_is_exact_without_noise(rows):
    found = [float(row["psnr_db"]) for row in rows if row["method"] == "subtract_and_scale"]
    assert found
    assert min(found) > 100


class Page(HTMLParser):
    """What a browser would see: open tags that close, captions, images, links to elsewhere."""

    VOID = ("meta", "img", "br", "hr", "link", "input", "col", "wbr")

    def __init__(self):
        super().__init__()
        self.open, self.text, self.elsewhere = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        self.elsewhere += [value for name, value in attrs if name in ("src", "href") and value[:5] not in ("data:",)]

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        self.text.append(data)


def test_report_is_one_page_with_table_4(finished, tiny_stages):
    page = Page()
    html = (finished / "report" / "index.html").read_text(encoding="utf-8")
    page.feed(html)
    page.close()
    text = " ".join(" ".join(page.text).split())
    assert not page.open
    assert "Table 4" in text
    assert "10 %" in text
    assert "restored" in text
    linked = [link for link in page.elsewhere if not link.startswith("#") and "doi.org" not in link]
    assert linked
    assert [link for link in linked if not (finished / "report" / link).is_file()] == []
    assert str(tiny_stages) not in html


def test_second_run_does_nothing_and_status_is_done(tiny_experiment):
    root = tiny_experiment("report")
    stages, failures = experiment_status(root)
    assert failures == []
    asked_for = [stage for stage in STAGES if stage != "segment"]
    assert [(stage.stage, set(stage.states.values())) for stage in stages] == [(stage, {"done"}) for stage in asked_for]
    before = state(root)
    assert run_experiment(root, STAGES, NullProgress()) == []
    after = state(root)
    cache = root / ".state" / "hashes.json"  # knows the files of this copy of the cohort only now
    del before[cache], after[cache]
    assert after == before


@pytest.mark.slow
def test_workers_give_the_same_bytes(tiny_experiment, tiny_stages):
    root = tiny_experiment("nothing")
    settings = (root / "experiment.yaml").read_text()
    (root / "experiment.yaml").write_text(settings.replace("n_workers: 1", "n_workers: 2"))
    assert run_experiment(root, ["prepare"], NullProgress()) == []
    expected = sorted(path for path in (tiny_stages / "prepare" / "prepared").rglob("*") if path.is_file())
    assert len(expected) == 7 * 6 + 2  # and dataset_description.json, .bidsignore
    for path in expected:
        assert (root / path.relative_to(tiny_stages / "prepare")).read_bytes() == path.read_bytes(), path.name


def test_one_study_alone_can_be_prepared_but_not_trained_on(tiny, tmp_path):
    tiny.write_cohort(tmp_path / "cohort")
    for patient in {patient for patient, _ in tiny.STUDIES} - {"01"}:
        shutil.rmtree(tmp_path / "cohort" / f"sub-{patient}")
    tiny.write_experiment(tmp_path / "experiment", "../cohort")
    assert run_experiment(tmp_path / "experiment", ["prepare"], NullProgress()) == []
    with pytest.raises(SettingsError, match="test patient"):
        run_experiment(tmp_path / "experiment", ["prepare", "train"], NullProgress())


def test_models_of_single_doses_are_trained_one_by_one(tiny, tmp_path):
    """As separate jobs of a cluster do, one dose each."""
    tiny.write_cohort(tmp_path / "cohort")
    root = tiny.write_experiment(
        tmp_path / "experiment", "../cohort", doses=[0.1, 0.5], training={"models": "per_dose"}
    )
    run_experiment(root, ["prepare"], NullProgress())
    run_experiment(root, ["train"], NullProgress(), model_doses=[0.5])
    assert [folder.name for folder in sorted((root / "models").iterdir())] == ["dose50"]
    with pytest.raises(SettingsError, match="Stage restore needs stage train"):
        run_experiment(root, ["restore"], NullProgress())
    run_experiment(root, ["train"], NullProgress(), model_doses=[0.1])
    assert run_experiment(root, ["restore"], NullProgress()) == []
    with pytest.raises(DoseError, match="not a dose of this experiment"):
        run_experiment(root, ["train"], NullProgress(), model_doses=[0.3])


def test_one_model_for_all_doses_has_no_dose_of_its_own(tiny_experiment):
    with pytest.raises(DoseError, match="one model serves all doses"):
        run_experiment(tiny_experiment("prepare"), ["train"], NullProgress(), model_doses=[0.1])


def test_a_dose_alone_says_nothing(tiny_experiment, capsys):
    assert exit_code(["run", str(tiny_experiment("prepare")), "--dose", "0.1"]) == 2
    assert "without --stage train" in capsys.readouterr().err
