# SPDX-License-Identifier: Apache-2.0
import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from lessgad.cohort.acquisition import Acquisition
from lessgad.dose.noise_level import estimate_noise
from lessgad.errors import ModelError, StudyError
from lessgad.preparation.calibration import IntensityMap
from lessgad.preparation.normalization import Normalization
from lessgad.restoration.new_scan import NewScan
from lessgad.restoration.out_of_distribution import (
    TRAINING_RANGE,
    TrainingRange,
    enhancement_level,
    out_of_distribution_cautions,
    read_training_range,
    write_training_range,
)
from lessgad.volume import Volume

SHAPE, SPACING_MM = (64, 72, 12), (1.0, 1.0, 3.0)
SEEN = TrainingRange(
    sigma=(0.01, 0.02),
    spacing_mm=(0.9, 1.1),
    doses=(0.0, 0.1, 1.0),
    least_enhancement=(0.01, 0.05, 0.3),
    most_enhancement=(0.02, 0.10, 0.6),
    sequence_classes=("spin echo",),
    slice_spacing_mm=(2.5, 3.2),
)


def head():
    x, y = np.meshgrid(*(np.linspace(-1, 1, n) for n in SHAPE[:2]), indexing="ij")
    return np.repeat((x**2 + y**2 < 0.8)[:, :, None], SHAPE[2], axis=2)


def new(enhancement=0.1, sigma=0.015, spacing_mm=SPACING_MM, with_t1=True):
    """A head of even tissue under noise, in which 2 % of the voxels enhance."""
    rng = np.random.default_rng(0)
    inside = head()
    tissue = np.where(inside, 0.57, 0.0)
    enhancing = np.zeros(SHAPE, dtype=bool)
    enhancing[28:36, 28:38] = True

    def scan(image):
        real, imaginary = sigma * rng.standard_normal((2, *SHAPE))
        return (np.hypot(image + real, imaginary) - 1).astype(np.float32)

    images = {"low_dose": scan(tissue + enhancement * enhancing)}
    if with_t1:
        images["pre_contrast"] = scan(tissue)
    volume = Volume(images["low_dose"], np.diag([*spacing_mm, 1.0]))
    noise = estimate_noise(images["low_dose"] + 1, inside)
    return NewScan(volume, images, inside, Normalization(0.0, 2.0), IntensityMap(1.0, 0.0), low_dose_noise=noise)


def test_nothing_to_say_of_what_training_saw():
    assert out_of_distribution_cautions(SEEN, new(0.08), 0.1, Acquisition(scanning_sequence=("SE",))) == ()
    assert out_of_distribution_cautions(SEEN, new(0.45), 1.0, None) == ()


@pytest.mark.parametrize(
    ("scan", "dose", "words"),
    [
        ({"enhancement": 0.45}, 0.1, "enhances more .* at 10 % .* is the dose right"),
        ({"enhancement": 0.08}, 1.0, "enhances less .* at 100 %"),
        ({"sigma": 0.05, "enhancement": 0.08}, 0.1, "noisier than what training saw"),
        ({"spacing_mm": (0.4, 0.4, 3.0), "enhancement": 0.08}, 0.1, r"pixels are 0\.40 × 0\.40 mm"),
        ({"spacing_mm": (1.0, 1.0, 5.0), "enhancement": 0.08}, 0.1, r"slices are 5\.00 mm apart, .* 2\.50–3\.20 mm"),
        ({"spacing_mm": (1.0, 1.0, 1.0), "enhancement": 0.08}, 0.1, r"slices are 1\.00 mm apart"),
    ],
)
def test_what_it_never_saw(scan, dose, words):
    said = out_of_distribution_cautions(SEEN, new(**scan), dose, None)
    assert len(said) >= 1
    assert any(re.search(words, one) for one in said), said


def test_who_sees_one_slice_does_not_care_how_far_the_next_is():
    alone = SEEN.model_copy(update={"slice_spacing_mm": None})
    assert out_of_distribution_cautions(alone, new(0.08, spacing_mm=(1.0, 1.0, 9.0)), 0.1, None) == ()


def test_without_t1_nothing_is_said_of_the_dose():
    assert out_of_distribution_cautions(SEEN, new(0.45, with_t1=False), 0.1, None) == ()


def test_kinds_of_sequence():
    said = out_of_distribution_cautions(
        SEEN, new(0.08), 0.1, Acquisition(scanning_sequence=("GR",), repetition_time_ms=20.0)
    )
    assert len(said) == 1
    assert "gradient echo" in said[0]
    assert out_of_distribution_cautions(SEEN, new(0.08), 0.1, Acquisition()) == ()
    untold = SEEN.model_copy(update={"sequence_classes": ()})
    assert (
        out_of_distribution_cautions(
            untold, new(0.08), 0.1, Acquisition(scanning_sequence=("GR",), repetition_time_ms=20.0)
        )
        == ()
    )


def test_the_level_is_the_percentile_of_the_smoothed_difference():
    rng = np.random.default_rng(1)
    pre, post = (rng.uniform(-1, 1, SHAPE).astype(np.float32) for _ in range(2))
    smooth = np.stack([ndimage.gaussian_filter(s, (1.5, 0.75)) for s in (post - pre).transpose(2, 0, 1)], axis=2)
    expected = np.percentile(smooth[head()], 99.5)
    assert enhancement_level(pre, post, head(), (1.0, 2.0, 3.0)) == pytest.approx(expected, abs=1e-5)
    assert enhancement_level(pre, pre, head(), SPACING_MM) == 0
    with pytest.raises(StudyError, match="shows no head"):
        enhancement_level(pre, post, np.zeros(SHAPE, dtype=bool), SPACING_MM)


def test_on_disk(tmp_path):
    assert read_training_range(tmp_path) is None
    write_training_range(tmp_path, SEEN)
    assert read_training_range(tmp_path) == SEEN
    (tmp_path / TRAINING_RANGE).write_text("sigma: 3")
    with pytest.raises(ModelError, match=r"training_range\.yaml is damaged"):
        read_training_range(tmp_path)


def test_a_scan_is_left_as_it_is():
    scan = new(0.08)
    before = {name: image.copy() for name, image in scan.images.items()}
    out_of_distribution_cautions(SEEN, replace(scan), 0.1, None)
    assert all(np.array_equal(before[name], scan.images[name]) for name in before)
