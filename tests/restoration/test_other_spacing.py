# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch
from scipy import ndimage

from lessgad.errors import ModelError
from lessgad.field.build import build_field
from lessgad.field.conditional_field import ConditionalField
from lessgad.field.presets import FieldSettings
from lessgad.preparation.head import HeadBox
from lessgad.restoration.other_spacing import resample_in_plane, restore_at_spacing
from lessgad.restoration.settings import RestorationSettings
from lessgad.restoration.volumes import restore_volume
from lessgad.volume import Volume

FP32 = RestorationSettings(precision="fp32")
SPACING_MM = (1.5, 1.2, 4.0)
BOX = HeadBox(4, 27, 3, 34)


def field(**changes):
    small = {"channels": (4, 8), "n_blocks": 1, "feature_channels": 4, "field_width": 4, "n_hidden_layers": 1}
    torch.manual_seed(0)
    made = ConditionalField(FieldSettings(**{**small, **changes})).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(0, 0.2)
    return made


def images():
    rng = np.random.default_rng(0)
    smooth = [ndimage.gaussian_filter(rng.standard_normal((30, 38, 3)), (2, 2, 0)) for _ in range(2)]
    return dict(
        zip(("pre_contrast", "low_dose"), (np.clip(3 * s, -1, 1).astype(np.float32) for s in smooth), strict=True)
    )


def test_corners_and_places_of_a_resampled_volume():
    """A field that is linear in space keeps its value at each place in the world, but for the outermost half pixel."""
    affine = np.array([[0, -1.2, 0, 5], [1.5, 0, 0, -7], [0, 0, 4.0, 2], [0, 0, 0, 1]])
    ijk = np.stack(np.meshgrid(*map(np.arange, (20, 24, 3)), indexing="ij"))

    def linear(affine, ijk):
        x, y, z = (affine[:3, :3] @ ijk.reshape(3, -1) + affine[:3, 3:]).reshape(3, *ijk.shape[1:])
        return 2 * x - 3 * y + z

    fine = resample_in_plane(Volume(linear(affine, ijk).astype(np.float32), affine), (0.5, 0.6))
    assert fine.array.shape == (60, 48, 3)
    np.testing.assert_allclose(fine.spacing_mm, (0.5, 0.6, 4.0))
    expected = linear(fine.affine, np.stack(np.meshgrid(*map(np.arange, (60, 48, 3)), indexing="ij")))
    inner = np.s_[12:-12, 12:-12]
    np.testing.assert_allclose(fine.array[inner], expected[inner], atol=0.05)
    corners = [a @ np.array([-0.5, -0.5, 0, 1]) for a in (affine, fine.affine)]
    np.testing.assert_allclose(*corners, atol=1e-12)


def test_its_own_spacing_is_the_usual_restoration():
    given = images()
    expected = restore_volume(field(), given, 0.2, BOX, SPACING_MM, FP32)
    onto = restore_at_spacing(field(), given, 0.2, BOX, SPACING_MM, SPACING_MM[:2], FP32)
    # The encoder sees the whole slice here and the head box there: equal where the box's border is out of reach.
    outside = np.ones(given["low_dose"].shape, dtype=bool)
    outside[BOX.slices] = False
    np.testing.assert_allclose(onto.restored[outside], given["low_dose"][outside], atol=1e-6)
    whole = HeadBox(0, 30, 0, 38)
    expected = restore_volume(field(), given, 0.2, whole, SPACING_MM, FP32)
    onto = restore_at_spacing(field(), given, 0.2, whole, SPACING_MM, SPACING_MM[:2], FP32)
    np.testing.assert_allclose(onto.restored, expected.restored, atol=1e-5)
    np.testing.assert_allclose(onto.half_width, expected.half_width, atol=1e-5)


def test_finer_places_are_near_the_interpolated_image():
    given = images()
    whole = HeadBox(0, 30, 0, 38)
    coarse = restore_volume(field(), given, 0.2, whole, SPACING_MM, FP32).restored
    cubic = resample_in_plane(Volume(coarse, np.diag([*SPACING_MM, 1])), (0.75, 0.6)).array
    onto = restore_at_spacing(field(), given, 0.2, whole, SPACING_MM, (0.75, 0.6), FP32).restored
    assert onto.shape == cubic.shape == (60, 76, 3)
    assert np.abs(onto - cubic)[4:-4, 4:-4].mean() < 0.1 * np.abs(onto - np.float32(cubic.mean())).mean()


def test_the_published_network_has_no_other_places():
    with torch.device("meta"):
        paper = build_field(FieldSettings(preset="paper"))
    with pytest.raises(ModelError, match="published network"):
        restore_at_spacing(paper, images(), 0.2, BOX, SPACING_MM, (1.0, 1.0), FP32)


def test_no_t2_is_a_t2_that_is_background_at_any_spacing():
    inputs, given = ("pre_contrast", "low_dose", "t2"), images()
    background = {**given, "t2": np.full_like(given["low_dose"], -1)}
    one, other = (
        restore_at_spacing(field(inputs=inputs), seen, 0.2, BOX, SPACING_MM, (0.7, 0.6), FP32).restored
        for seen in (given, background)
    )
    np.testing.assert_allclose(one, other, atol=1e-6)
