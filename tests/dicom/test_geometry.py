# SPDX-License-Identifier: Apache-2.0
"""A regular volume is recognized whatever the order of its slices; every way of being irregular has its reason."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_export import frames

from lessgad.dicom.geometry import regular_grid
from lessgad.errors import SeriesError
from lessgad.phantom.dicom.slices import slices_of
from lessgad.phantom.warp import rigid
from lessgad.volume import Volume


def frames_of(volume):
    """The frames that the phantom's own writer makes of a volume."""
    slices = slices_of(volume)
    rows, columns = slices.pixels.shape[1:]
    usual = frames(1)[0]
    return tuple(
        replace(
            usual,
            shape=(rows, columns),
            position_mm=tuple(map(float, place)),
            orientation=tuple(map(float, slices.orientation)),
            pixel_spacing_mm=tuple(map(float, slices.pixel_spacing_mm)),
            sop_instance_uid=str(number),
        )
        for number, place in enumerate(slices.positions_mm)
    )


@settings(max_examples=60, deadline=None)
@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    places=st.tuples(*[st.floats(-200, 200)] * 3),
    spacing=st.tuples(*[st.floats(0.3, 6)] * 3),
    shape=st.tuples(*[st.integers(2, 9)] * 3),
    seed=st.integers(0, 1000),
)
def test_any_grid_comes_back_from_shuffled_slices(angles, places, spacing, shape, seed):
    affine = rigid(np.array(angles), np.array(places)) @ np.diag([*spacing, 1.0])
    source = Volume(np.arange(np.prod(shape), dtype=np.int16).reshape(shape), affine)
    given_frames = list(frames_of(source))
    np.random.default_rng(seed).shuffle(given_frames)
    grid = regular_grid(tuple(given_frames))
    order = [int(frame.sop_instance_uid) for frame in grid.frames]
    pixels = slices_of(source).pixels[order].transpose(2, 1, 0)
    step = np.linalg.solve(grid.affine, affine)  # takes a voxel of the source to the same place in the grid
    np.testing.assert_allclose(step, np.rint(step), atol=1e-3)
    index = np.rint(step[:3, :3]).astype(int) @ np.indices(shape).reshape(3, -1) + np.rint(step[:3, 3:]).astype(int)
    assert index.min() == 0
    np.testing.assert_array_equal(pixels[tuple(index)], source.array.ravel())


def without(index, *given):
    return tuple(frame for number, frame in enumerate(given) if number != index)


def moved(given, index, place):
    return (*given[:index], replace(given[index], position_mm=place), *given[index + 1 :])


PLAIN = frames(6)
TILTED = tuple(
    replace(frame, position_mm=(-20.0, -15.0 + 0.25 * frame.position_mm[2], frame.position_mm[2])) for frame in PLAIN
)


@pytest.mark.parametrize(
    ("given_frames", "words"),
    [
        (without(3, *PLAIN), "1 missing slice"),
        (without(2, *without(3, *frames(9))), "2 missing slice"),
        ((*PLAIN, PLAIN[2]), "duplicate slices"),
        (tuple(replace(frame, position_mm=(0.0, 0.0, 0.0)) for frame in PLAIN), "6 images at one place"),
        (moved(PLAIN, 5, (-20.0, -15.0, 16.3)), "varying spacing"),
        (TILTED, "gantry tilt \\(the stack leans by 14.0°"),
        ((*PLAIN, replace(PLAIN[0], orientation=(0.0, 1.0, 0.0, 0.0, 0.0, -1.0))), "mixed orientation"),
        ((*PLAIN, replace(PLAIN[0], shape=(9, 9))), "different size"),
        ((*PLAIN, replace(PLAIN[0], pixel_spacing_mm=(0.6, 0.5))), "different pixel spacing"),
        ((*PLAIN, replace(PLAIN[0], position_mm=None)), "without position"),
        ((*PLAIN, replace(PLAIN[0], orientation=None)), "without position"),
        (tuple(replace(frame, orientation=(1.0, 0.0, 0.0, 0.5, 0.5, 0.0)) for frame in PLAIN), "not perpendicular"),
    ],
)
def test_irregular_frames_are_refused_with_the_reason(given_frames, words):
    with pytest.raises(SeriesError, match=words):
        regular_grid(given_frames)


def test_positions_rounded_to_two_decimals_are_regular():
    rounded = tuple(
        replace(frame, position_mm=tuple(round(value, 2) for value in frame.position_mm))
        for frame in frames(40, 0.333333)
    )
    assert regular_grid(rounded).affine[2, 2] == pytest.approx(0.3333, abs=1e-3)


def test_a_single_slice_is_as_thick_as_its_header_says():
    assert regular_grid(frames(1, 4.0)).affine[2, 2] == 4.0
    assert regular_grid((replace(frames(1)[0], spacing_mm=None),)).affine[2, 2] == 1.0
