# SPDX-License-Identifier: Apache-2.0
"""BraTS-like labels (1, 2, 4): what no region names is not tumor, and a region without voxels is refused."""

import nibabel
import numpy as np
import pytest
import yaml

from lessgad.cli.main import exit_code
from lessgad.experiment.mask_labels import LEAST_MASKS, labels_in_masks
from lessgad.experiment.opened import open_experiment
from lessgad.experiment.study_files import prepared_files
from lessgad.preparation.prepared_study import read_prepared


@pytest.fixture
def brats(tiny, tmp_path):
    """Five patients with labels 1, 2 and 4, and no dseg.tsv."""
    root = tmp_path / "cohort"
    for patient in ("01", "02", "03", "04", "05"):
        tiny.write_study(root, patient)
        path = tiny.study_files(root, patient)["mask"]
        labels = np.asanyarray(nibabel.load(path).dataobj).copy()
        labels[labels == 1] = 4
        labels[labels == 2] = 1
        labels[20:24, 20:24, 5] = 2
        tiny.save(path, labels)
    return root


def test_labels_without_a_region_are_not_tumor_and_that_is_said(brats, tmp_path, capsys):
    out = tmp_path / "experiment"
    assert exit_code(["init", str(out), "--cohort", str(brats), "--region", "enhancing=4", "--region", "core=1"]) == 0
    assert "label 2 of the masks is in no region and does not count as tumor" in capsys.readouterr().out
    written = yaml.safe_load((out / "experiment.yaml").read_text())["cohort"]
    assert written["regions"] == {"enhancing": [4], "core": [1]}
    assert written["not_tumor"] == [2]


def test_without_regions_the_labels_and_the_file_to_edit_are_named(brats, tmp_path, capsys):
    out = tmp_path / "experiment"
    assert exit_code(["init", str(out), "--cohort", str(brats)]) == 0
    told = capsys.readouterr().out
    assert "no label of the masks (1, 2, 4) counts as tumor" in told
    assert f"in {out / 'experiment.yaml'}" in told


@pytest.mark.slow
def test_a_study_with_labels_that_are_not_tumor_is_prepared(brats, tmp_path):
    out = tmp_path / "experiment"
    assert exit_code(["init", str(out), "--cohort", str(brats), "--region", "enhancing=4", "--region", "core=1"]) == 0
    assert exit_code(["run", str(out), "--stage", "prepare", "--participant-label", "01"]) == 0
    study = read_prepared(prepared_files(open_experiment(out), open_experiment(out).cohort.studies[0]))
    labels = np.asarray(study.labels)
    regions = open_experiment(out).settings.cohort.regions
    assert np.array_equal(study.tumor(regions), np.isin(labels, (1, 4)))
    assert (labels == 2).any()


@pytest.mark.parametrize("region", ["enhancing=3", "tumor=1,3,4"])
def test_a_region_of_a_label_that_no_mask_has_is_refused(brats, tmp_path, capsys, region):
    out = tmp_path / "experiment"
    assert exit_code(["init", str(out), "--cohort", str(brats), "--region", region]) == 2
    err = capsys.readouterr().err
    assert "names label 3, which no mask holds; the masks hold 1, 2, 4" in err
    assert not out.exists()


def test_masks_are_read_no_further_than_needed(brats, tiny):
    masks = [tiny.study_files(brats, patient)["mask"] for patient in ("01", "02", "03", "04", "05")]
    read = []

    def watched():
        for path in masks:
            read.append(path)
            yield path

    assert labels_in_masks(watched(), {1, 4}) == {1, 2, 4}
    assert len(read) == LEAST_MASKS
    masks[0].write_bytes(b"damaged")
    assert labels_in_masks(masks, {9}) == {1, 2, 4}


def test_pretrained_makes_all_patients_test_patients(brats, tmp_path, capsys):
    out = tmp_path / "experiment"
    arguments = ["init", str(out), "--cohort", str(brats), "--region", "tumor=1,4", "--pretrained"]
    assert exit_code(arguments) == 0
    assert "5 test patients" in capsys.readouterr().out
    assert yaml.safe_load((out / "experiment.yaml").read_text())["training"]["models"] == "pretrained"
    assert exit_code([*arguments[:1], str(tmp_path / "other"), *arguments[2:], "--paper"]) == 2
