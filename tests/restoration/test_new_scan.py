# SPDX-License-Identifier: Apache-2.0
"""A new scan is made ready exactly as the images of a cohort are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lessgad.preparation.auxiliary_image import prepare_low_dose, prepare_t2
from lessgad.preparation.calibration import IntensityMap
from lessgad.preparation.normalization import Normalization
from lessgad.preparation.settings import PreparationSettings
from lessgad.restoration.new_scan import NewScan, new_scan
from lessgad.volume import Volume


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("method", ["smooth", "robust", "peaks"])
def test_a_low_dose_and_a_t2_as_in_a_cohort(tiny, method):
    t1, t1ce, _ = tiny.head(3)
    t2 = np.where(t1 > 30, 500 - t1, t1).astype(np.float32)
    scans = [Volume(image, tiny.AFFINE) for image in (t1, t1ce, t2)]
    settings = PreparationSettings(calibration=method)
    new = new_scan(scans[1], scans[0], settings, scans[2])
    aligned = PreparationSettings(alignment="aligned", calibration=method)
    np.testing.assert_allclose(new.images["low_dose"], prepare_low_dose(*scans[:2], aligned).image, atol=1e-4)
    np.testing.assert_allclose(new.images["t2"], prepare_t2(scans[0], scans[2], aligned).image, atol=1e-4)


@pytest.mark.usefixtures("at_home")
def test_a_t2_beside_a_low_dose_alone(tiny):
    t1, t1ce, _ = tiny.head(3)
    t2 = np.where(t1 > 30, 500 - t1, t1).astype(np.float32)
    new = new_scan(Volume(t1ce, tiny.AFFINE), None, PreparationSettings(), Volume(t2, tiny.AFFINE))
    assert set(new.images) == {"low_dose", "t2"}
    aligned = PreparationSettings(alignment="aligned")
    expected = prepare_t2(*(Volume(image, tiny.AFFINE) for image in (t1ce, t2)), aligned).image
    np.testing.assert_allclose(new.images["t2"], expected, atol=1e-4)


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize("method", ["smooth", "robust"])
def test_its_unit_takes_what_a_field_sees_back_to_the_scan(tiny, method):
    """A scan that is shaded otherwise than its T1, from left to right."""
    t1, t1ce, _ = tiny.head(3)
    shade = np.linspace(0.9, 1.1, t1.shape[0], dtype=np.float32)[:, None, None]
    scan = Volume(4 * t1ce * shade, tiny.AFFINE)
    new = new_scan(scan, Volume(t1, tiny.AFFINE), PreparationSettings(calibration=method))
    seen = new.images["low_dose"]
    inside = (seen > -1) & (seen < 1)
    np.testing.assert_allclose((new.unit * (seen + 1))[inside], new.scan.array[inside], rtol=1e-3, atol=0.1)
    assert (new.gain is not None) == (method == "smooth")


@settings(max_examples=40, deadline=None)
@given(
    cut=st.integers(1, 36),
    oblique=st.floats(-0.6, 0.6),
    spacing=st.tuples(st.floats(0.7, 9.0), st.floats(0.7, 9.0)),
    shaded=st.booleans(),
)
def test_the_unit_of_a_scan_that_the_t1_covers_in_part_is_never_negative_at_any_spacing(
    tiny, cut, oblique, spacing, shaded
):
    """Nothing rings along the edge of the T1's field of view: each place has the unit of its surroundings, or none."""
    t1, _, _ = tiny.head(3)
    x, y, _ = np.indices(t1.shape)
    gain = np.linspace(0.9, 1.1, t1.shape[0], dtype=np.float32)[:, None, None] * np.ones_like(t1)
    new = NewScan(
        scan=Volume(t1, tiny.AFFINE),
        images={},
        head=t1 > 50,
        normalization=Normalization(0.0, 1000.0),
        to_scan=IntensityMap(2.0, 0.0),
        gain=gain if shaded else None,
        covered=x + oblique * y < cut,
    )
    there = new.unit_at(spacing)
    assert there.min() >= 0
    lit = new.unit[new.unit > 0]
    if lit.size:
        everywhere = 1000.0 / (gain if shaded else np.ones(1))  # 2 · 1000 / 2, evened
        assert (there[there > 0] >= everywhere.min() * (1 - 1e-4)).all()
        assert (there[there > 0] <= everywhere.max() * (1 + 1e-4)).all()
    in_both = new.covered.mean(), (there > 0).mean()
    assert abs(in_both[0] - in_both[1]) < 0.2
