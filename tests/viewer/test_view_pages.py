# SPDX-License-Identifier: Apache-2.0
"""What the viewer answers: nothing without the link's token, and the images as they lie on disk."""

import json
import re
from contextlib import contextmanager

import nibabel
import numpy as np
import pytest

from lessgad.cli.main import exit_code
from lessgad.errors import InputError, SettingsError, VolumeError
from lessgad.experiment_view.experiment_source import ExperimentSource
from lessgad.viewer.app import create_viewer
from lessgad.viewer.browser_images import N_LEVELS, browser_map, browser_voxels
from lessgad.viewer.file_source import FileSource
from lessgad.viewer.shown_study import lesion_of

TOKEN = "a token of a test"


@contextmanager
def client(source, token=TOKEN):
    from starlette.testclient import TestClient

    with TestClient(create_viewer(source, TOKEN, ["testserver"])) as visitor:
        if token:
            visitor.get(f"/enter?token={token}")
        yield visitor


def save(path, array, spacing=(1.0, 1.0, 2.0)):
    nibabel.save(nibabel.nifti1.Nifti1Image(array, np.diag([*spacing, 1.0])), path)
    return path


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(1)
    image = np.where(np.arange(12)[:, None, None] > 2, 100.0, 0.0) + rng.uniform(0, 5, (12, 10, 6))
    mask = np.zeros((12, 10, 6), np.uint8)
    mask[8:11, 2:4, 4] = 2
    return [
        save(tmp_path / "t1.nii.gz", image.astype(np.float32)),
        save(tmp_path / "restored.nii.gz", (3 * image).astype(np.float32)),
        save(tmp_path / "tumor_mask.nii.gz", mask),
    ]


def geometry(page):
    return json.loads(re.search(r'id="geometry">(.*?)</script>', page.text)[1])


class WithFaces(FileSource):
    notice = "Faces <are> present."


def test_the_list_says_whether_faces_are_shown(files):
    with client(WithFaces(files)) as visitor:
        assert "Faces &lt;are&gt; present." in visitor.get("/").text
    with client(FileSource(files)) as visitor:
        assert "Faces" not in visitor.get("/").text


@pytest.mark.parametrize("address", ["/", "/studies/0", "/studies/0/images/0"])
@pytest.mark.parametrize("token", ["", "wrong", "ä"])
def test_nothing_is_shown_without_the_token(files, address, token):
    with client(FileSource(files), token) as visitor:
        assert visitor.get(address).status_code == 403
        assert visitor.get("/enter", params={"token": token}).status_code == 403


def test_other_names_and_methods_are_refused(files):
    with client(FileSource(files)) as visitor:
        assert visitor.get("/", headers={"host": "elsewhere"}).status_code == 400
        for method in ("post", "put", "delete"):
            assert getattr(visitor, method)("/studies/0").status_code == 405
        assert "default-src 'none'" in visitor.get("/").headers["content-security-policy"]


def test_files_are_shown_on_their_grid(files):
    with client(FileSource(files)) as visitor:
        page = visitor.get("/studies/0")
        assert page.status_code == 200
        shown = geometry(page)
        assert shown["shape"] == [12, 10, 6]
        assert shown["spacing_mm"] == [1, 1, 2]
        assert [image["kind"] for image in shown["images"]] == ["image", "image", "labels"]
        assert shown["first_slice"] == shown["lesion"]["slice"] == 4
        one, other = (
            np.frombuffer(visitor.get(f"/studies/0/images/{key}").content, "<i2").reshape(6, 10, 12) for key in "01"
        )
        assert np.array_equal(one, other)  # each image is scaled by its own tissue level
        assert np.median(one[one > 500]) == pytest.approx(shown["tissue"], abs=60)
        labels = np.frombuffer(visitor.get("/studies/0/images/2").content, "<i2").reshape(6, 10, 12)
        assert np.argwhere(labels).min(axis=0).tolist() == [4, 10 - 4, 12 - 11]
        assert set(np.unique(labels)) == {0, 2}
        assert visitor.get("/studies/0/images/3").status_code == 404
        assert visitor.get("/studies/1").status_code == 404


def test_files_that_do_not_belong_together_are_refused(files, tmp_path):
    other = save(tmp_path / "other.nii.gz", np.random.default_rng(0).uniform(0, 9, (5, 5, 5)).astype(np.float32))
    with pytest.raises(VolumeError, match=r"other\.nii\.gz: The file is not on the grid of t1\.nii\.gz"):
        FileSource([*files, other])
    with pytest.raises(InputError, match="at least one image"):
        FileSource(files[2:])
    assert exit_code(["view", str(tmp_path / "missing.nii.gz"), "--no-browser"]) == 2
    assert exit_code(["view", str(tmp_path), "--no-browser"]) == 2


def test_the_lesion_is_where_it_is_on_the_screen():
    tumor = np.zeros((20, 30, 5), bool)
    tumor[14:18, 4:6, 3] = True  # to the patient's right and to the back
    tumor[14:15, 4:5, 2] = True
    lesion = lesion_of(tumor, (2.0, 1.0, 5.0))
    voxels = browser_voxels(np.where(tumor, 1.0, -1.0))
    rows, columns = np.nonzero(voxels[lesion.slice] == N_LEVELS - 1)
    center = ((columns.min() + columns.max()) / 2 - 19 / 2) * 2.0, ((rows.min() + rows.max()) / 2 - 29 / 2) * 1.0
    assert lesion.center_mm == pytest.approx(center)
    assert lesion.extent_mm == 8.0
    assert lesion_of(np.zeros((3, 3, 3), bool), (1.0, 1.0, 1.0)) is None


def test_differences_of_images_and_maps_have_one_scale():
    rng = np.random.default_rng(2)
    one, other = rng.uniform(-1, 1, (2, 4, 5, 6))
    steps = browser_voxels(one).astype(int) - browser_voxels(other)
    assert np.abs(steps - browser_map(one - other)).max() <= 1


def test_an_experiment_is_shown_as_it_is_on_disk(tiny_experiment):
    root = tiny_experiment("report")
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}
    source = ExperimentSource(root)
    names = [study.name for study in source.studies]
    assert set(names[:4]) == {"sub-04", "sub-05", "sub-06_ses-a", "sub-06_ses-b"}
    assert {figure.key for figure in source.figures} >= {"psnr", "ssim", "recovery", "false"}
    with client(source) as visitor:
        listing = json.loads(re.search(r'id="listing">(.*?)</script>', visitor.get("/").text)[1])
        assert listing["studies"][0]["figures"]["dose10"]["psnr"] > 0
        shown = geometry(visitor.get("/studies/0"))
        assert [dose["label"] for dose in shown["doses"]] == ["dose0", "dose10", "dose50"]
        sent = {
            key: np.frombuffer(visitor.get(f"/studies/0/images/{key}", params={"dose": "dose50"}).content, "<i2")
            for key in ("pre_contrast", "low_dose", "restored", "standard_dose", "regions")
        }
        middle = (sent["pre_contrast"].astype(float) + sent["standard_dose"]) / 2  # linear, without noise
        assert np.abs(sent["low_dose"] - middle).max() <= 1
        assert set(np.unique(sent["regions"])) == {0, 1, 2}
        assert not np.array_equal(sent["restored"], sent["low_dose"])
        for key in ("restored", "low_dose"):
            assert visitor.get(f"/studies/0/images/{key}", params={"dose": "dose30"}).status_code == 404
        assert visitor.get("/studies/0/images/elsewhere").status_code == 404
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()} == before


def test_an_experiment_without_prepared_studies_says_what_to_do(tiny_experiment):
    with pytest.raises(SettingsError, match="lessgad run"):
        ExperimentSource(tiny_experiment("nothing"))
