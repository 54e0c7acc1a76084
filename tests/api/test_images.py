# SPDX-License-Identifier: Apache-2.0
"""Images come as volumes, paths, or images of nibabel, with the same result."""

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lessgad
from lessgad.errors import VolumeError
from lessgad.image_like import as_volume, optional_volume
from lessgad.volume import same_grid


@settings(max_examples=30, deadline=None)
@given(
    shape=st.tuples(*[st.integers(1, 5)] * 3),
    spacing=st.tuples(*[st.floats(0.3, 6)] * 3),
    kind=st.sampled_from(["f4", "i2", "u1", "i4"]),
)
def test_nibabel_gives_back_what_it_was_given(shape, spacing, kind):
    array = np.arange(np.prod(shape)).reshape(shape).astype(kind)
    volume = lessgad.Volume(array, np.diag([*spacing, 1.0]))
    image = volume.to_nibabel()
    back = lessgad.Volume.from_nibabel(image, labels=kind in ("u1", "i4"))
    assert same_grid(back, volume)
    assert np.array_equal(back.array, array)
    assert back.array.dtype == (np.int32 if kind in ("u1", "i4") else np.float32)
    assert np.allclose(image.affine, volume.affine)


def test_a_path_a_volume_and_an_image_of_nibabel_are_one(tmp_path, lopsided):
    t1, _ = lopsided.pair()
    path = tmp_path / "t1.nii.gz"
    lessgad.write_volume(path, t1)
    forms = [t1, path, str(path), nibabel.load(path), t1.to_nibabel()]
    volumes = [as_volume(form) for form in forms]
    assert all(np.array_equal(volume.array, t1.array) and same_grid(volume, t1) for volume in volumes)
    assert optional_volume(None) is None
    levels = [lessgad.estimate_noise(form).sigma for form in forms]
    assert levels == [levels[0]] * len(forms)


def test_an_image_that_is_no_nifti_is_converted():
    image = nibabel.MGHImage(np.arange(24, dtype=np.float32).reshape(2, 3, 4), np.diag([1.0, 2.0, 3.0, 1.0]))
    volume = lessgad.Volume.from_nibabel(image)
    assert volume.spacing_mm == (1.0, 2.0, 3.0)
    assert np.array_equal(volume.array, image.get_fdata())


def test_an_image_of_four_dimensions_is_refused():
    image = nibabel.Nifti1Image(np.zeros((2, 2, 2, 3), np.float32), np.eye(4))
    with pytest.raises(VolumeError, match="3D"):
        lessgad.Volume.from_nibabel(image)
