# SPDX-License-Identifier: Apache-2.0
"""Heads, tumors and their scans."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import affine_transform, binary_erosion, binary_fill_holes, gaussian_filter, label, map_coordinates
from scipy.signal import find_peaks

from lessgad.phantom.anatomy import build_head
from lessgad.phantom.canal import canal_points
from lessgad.phantom.growth import largest_transverse_diameter_mm, place
from lessgad.phantom.patient import _draw_tissue, draw_patient, scan_patient
from lessgad.phantom.schwannoma import KANZAKI_CLASSES, Schwannoma
from lessgad.phantom.tissues import Tissue


@pytest.fixture(scope="module")
def head():
    return build_head(np.random.default_rng(3))


@pytest.fixture(scope="module")
def studies():
    """Patient 2 of cohort 1: two sessions, with an extrameatal part; patient 1: intrameatal only."""
    return {number: (draw_patient(number, 1), scan_patient(draw_patient(number, 1), ())) for number in (1, 2)}


def on_t1_grid(study, motion=None):
    """The T1ce resampled by the true motion, or another."""
    motion = study.scans[1.0].motion if motion is None else motion
    to_after = np.linalg.inv(study.standard_dose.affine) @ motion @ study.pre_contrast.affine
    image = study.standard_dose.array.astype(np.float64)
    return affine_transform(image, to_after, order=1, output_shape=study.pre_contrast.array.shape)


def brain_of(study):
    """Voxels around the tumor's level of middling T1 signal, well inside the head."""
    t1 = gaussian_filter(study.pre_contrast.array.astype(np.float64), 1)
    indices = np.indices(t1.shape).reshape(3, -1)
    x, y, z = (study.pre_contrast.affine[:3, :3] @ indices + study.pre_contrast.affine[:3, 3:]).reshape(3, *t1.shape)
    middle = (np.abs(x) < 38) & (np.abs(y - 4) < 46) & (np.abs(z - 16) < 17)
    inner = t1[middle]
    common = np.median(inner)
    return middle & (np.abs(t1 - common) < 0.25 * common) & (study.mask.array == 0)


def test_all_tissues_are_there_on_both_sides(head):
    for tissue in Tissue:
        if tissue in (Tissue.TUMOR, Tissue.CYST, Tissue.GRAY):
            continue
        found = np.argwhere(head.labels == tissue)[:, 0]
        assert (found < 98).any() and (found > 98).any(), tissue.name
    assert head.gray.sum() > 400_000
    assert head.white.sum() > 250_000
    assert (head.gray + head.white).max() <= 1 + 1e-5


def test_brain_does_not_touch_air_or_bone(head):
    brain = head.gray + head.white > 0.5
    assert not brain[head.labels != Tissue.CSF].any()


@pytest.mark.parametrize("side", [1, -1])
def test_the_canal_opens_into_the_cistern_and_lies_in_bone(head, side):
    porus, fundus = canal_points(side)
    index = lambda point: tuple(np.rint(point - np.array([-98, -134, -84])).astype(int))  # noqa: E731
    fluid = np.isin(head.labels, [Tissue.CSF, Tissue.WHITE])
    pieces, _ = label(fluid)
    assert pieces[index(fundus)] == pieces[index(porus)] == np.argmax(np.bincount(pieces[fluid]))
    middle = (porus + fundus) / 2
    for away in ([0, 4, 0], [0, -4, 0], [0, 0, 4], [0, 0, -4]):
        assert head.labels[index(middle + away)] in (Tissue.BONE, Tissue.AIR, Tissue.MARROW, Tissue.MUCOSA, Tissue.DURA)


def test_the_head_keeps_its_two_halves_apart(head):
    outline = binary_fill_holes((head.labels > 0)[:, :, 60])
    assert label(outline)[1] == 1


@pytest.mark.parametrize("diameter", [6.0, 15.0, 25.0, 34.0])
def test_tumors_have_the_diameter_asked_for(head, diameter):
    tumor = Schwannoma(1, diameter, 0.8, 0.33, 0.0, 11)
    growth, _ = place(tumor, head, 1.0)
    assert largest_transverse_diameter_mm(growth.extrameatal) == pytest.approx(diameter, abs=2.0)
    assert not (growth.extrameatal & growth.intrameatal).any()
    assert label(growth.extrameatal | growth.intrameatal, np.ones((3, 3, 3)))[1] == 1


def test_tumors_grow_into_fluid_and_brain_but_not_into_bone(head):
    growth, around = place(Schwannoma(-1, 24.0, 0.9, 0.33, 0.2, 5), head, 1.0)
    before = head.labels[growth.box]
    assert np.isin(before[growth.extrameatal], [Tissue.CSF, Tissue.WHITE, Tissue.ARTERY]).all()
    assert 0.05 < growth.cysts.sum() / growth.extrameatal.sum() < 0.35
    changed = around.labels != head.labels
    assert set(np.unique(around.labels[changed])) == {Tissue.TUMOR, Tissue.CYST}
    lost = 1 - (around.gray.sum() + around.white.sum()) / (head.gray.sum() + head.white.sum())
    assert 0 < lost < 0.02  # squeezed, not erased: far less than the tumor would cover


def test_size_classes_have_the_frequencies_of_the_paper():
    diameters = np.array([draw_patient(number, 1).tumors[0].diameter_mm for number in range(1, 204)])
    for count, smallest, largest in KANZAKI_CLASSES.values():
        drawn = int(((diameters >= smallest) & (diameters <= largest)).sum())
        assert abs(drawn - count) <= 3


def test_patients_do_not_depend_on_the_cohort_but_on_the_seed():
    assert draw_patient(5, 1) == draw_patient(5, 1)
    assert draw_patient(5, 1) != draw_patient(5, 2)
    assert sum(len(draw_patient(number, 1).tumors) == 2 for number in range(1, 25)) == 8


@pytest.mark.parametrize("number", [1, 2])
def test_masks_lie_inside_the_head_and_sessions_have_their_parts(studies, number):
    patient, scans = studies[number]
    for tumor, study in zip(patient.tumors, scans, strict=True):
        mask = study.mask.array
        inside = binary_fill_holes(study.pre_contrast.array.max(axis=2) > 40)
        assert (mask == 1).sum() > 10
        assert ((mask == 2).sum() > 10) == (tumor.diameter_mm > 0)
        assert binary_erosion(inside, iterations=10)[(mask > 0).any(axis=2)].all()
        assert study.pre_contrast.array.dtype == study.standard_dose.array.dtype == np.int16


@pytest.mark.parametrize("number", [1, 2])
def test_the_tumor_enhances_and_the_brain_does_not(studies, number):
    for study in studies[number][1]:
        ratio = on_t1_grid(study) / np.maximum(study.pre_contrast.array, 1)
        brain = brain_of(study)
        windows = np.median(ratio[brain])
        inner = study.mask.array > 0
        assert np.quantile(ratio[inner] / windows, 0.9) > 1.5
        assert np.median(ratio[inner] / windows) < 3
        assert np.quantile(np.abs(gaussian_filter(ratio, 1)[brain] / windows - 1), 0.75) < 0.15


def test_the_stored_motion_aligns_the_two_scans_best(studies):
    study = studies[2][1][0]
    skull = study.pre_contrast.array.astype(np.float64)

    def likeness(shift_mm):
        motion = study.scans[1.0].motion.copy()
        motion[0, 3] += shift_mm
        moved = on_t1_grid(study, motion)
        return np.corrcoef(moved.ravel(), skull.ravel())[0, 1]

    center = likeness(0.0)
    assert all(likeness(shift) < center for shift in (-1.0, 1.0))


def test_both_histograms_have_a_second_peak(studies):
    for _, scans in studies.values():
        for image in (scans[0].pre_contrast.array, scans[0].standard_dose.array):
            counts, edges = np.histogram(image, bins=128, range=(0, np.quantile(image, 0.998)))
            smooth = gaussian_filter(counts.astype(float), 2)
            peaks, _ = find_peaks(smooth[8:], prominence=0.1 * smooth[8:].max())
            brain = np.median(image[brain_of(scans[0])]) if image is scans[0].pre_contrast.array else None
            highest = 8 + peaks[np.argmax(smooth[8 + peaks])]
            assert edges[highest] > 0.2 * edges[-1]
            if brain is not None:
                assert edges[highest] == pytest.approx(brain, rel=0.15)


def test_the_second_session_is_the_same_head_with_a_larger_tumor(studies):
    _, (first, second) = studies[2]
    voxel = [np.prod(study.mask.spacing_mm) for study in (first, second)]
    volumes = [(study.mask.array > 0).sum() * size for study, size in zip((first, second), voxel, strict=True)]
    assert volumes[1] > 1.1 * volumes[0]
    heads = [(study.pre_contrast.array > 60).sum() * size for study, size in zip((first, second), voxel, strict=True)]
    assert heads[1] == pytest.approx(heads[0], rel=0.25)


def test_two_patients_differ(studies):
    world = np.stack(np.meshgrid(*(np.linspace(-60, 60, 41),) * 2, np.linspace(-20, 20, 9), indexing="ij")).reshape(
        3, -1
    )
    images = []
    for number in (1, 2):
        scan = studies[number][1][0].pre_contrast
        index = np.linalg.inv(scan.affine) @ np.vstack([world, np.ones(world.shape[1])])
        images.append(map_coordinates(scan.array.astype(float), index[:3], order=1))
    assert np.corrcoef(*images)[0, 1] < 0.97


@pytest.mark.parametrize(("agent", "share"), [("gadoterate", 1.0), ("gadopiclenol", 0.5), ("gadoxetate", 0.25)])
def test_uptake_is_that_after_the_standard_dose_of_the_agent(agent, share):
    patient = draw_patient(3, 1)
    uptake = {}
    for name in (agent, "gadobutrol"):
        with_agent = replace(patient, protocol=replace(patient.protocol, agent=name))
        uptake[name] = _draw_tissue(with_agent, np.random.default_rng(0)).uptake_mm
    np.testing.assert_allclose(uptake[agent], share * uptake["gadobutrol"])
    assert uptake["gadobutrol"][Tissue.TUMOR] == patient.tumors[0].uptake_mm
