# SPDX-License-Identifier: Apache-2.0
"""lessgad bids-app: participants one by one, then the group, in the conventional words."""

import pytest
import yaml


@pytest.fixture
def cohort(tiny, tmp_path):
    root = tmp_path / "cohort"
    for patient in ("01", "02"):
        tiny.write_study(root, patient)
    (root / "derivatives" / tiny.DERIVATIVE / "dseg.tsv").write_text("index\tname\n1\tintrameatal\n2\textrameatal\n")
    return root


def test_participants_are_prepared_one_by_one(cohort, tmp_path, lessgad):
    out = tmp_path / "out"
    code, _, err = lessgad(
        "bids-app", cohort, out, "participant", "--participant_label", "sub-01", "--skip_bids_validation"
    )
    assert code == 0, err
    assert yaml.safe_load((out / "experiment.yaml").read_text())["training"]["models"] == "pretrained"
    assert (out / "prepared" / "sub-01").is_dir()
    assert not (out / "prepared" / "sub-02").exists()
    assert (out / "prepared" / "dataset_description.json").is_file()
    assert lessgad("bids-app", cohort, out, "participant", "--participant-label", "02")[0] == 0
    assert (out / "prepared" / "sub-02").is_dir()


def test_wrong_use_is_said_in_a_line(cohort, tiny, tmp_path, lessgad):
    assert lessgad("bids-app", cohort, tmp_path / "out", "everything")[0] == 2
    assert lessgad("bids-app", tmp_path / "nowhere", tmp_path / "out", "participant")[0] == 2
    assert not (tmp_path / "out").exists()
    code, _, err = lessgad("bids-app", cohort, tmp_path / "out", "group", "--participant-label", "01")
    assert code == 2
    assert "the level participant" in err
    tiny.write_experiment(tmp_path / "other", "../elsewhere")
    code, _, err = lessgad("bids-app", cohort, tmp_path / "other", "participant")
    assert code == 2
    assert "belongs to another BIDS folder" in err
