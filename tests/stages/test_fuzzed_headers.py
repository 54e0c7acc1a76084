# SPDX-License-Identifier: Apache-2.0
"""Random headers, sidecars and masks of one study: never a traceback, and what is accepted is measured right.

Oracle: the volume of the tumor in ml and its mean enhancement, of the same study written plainly.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nibabel.orientations import apply_orientation, inv_ornt_aff

from lessgad.cohort.acquisition import read_acquisition
from lessgad.cohort.study import Study
from lessgad.dose.simulation import SimulationSettings
from lessgad.errors import CohortError, LessgadError
from lessgad.preparation.prepared_study import PreparedFiles
from lessgad.preparation.settings import PreparationSettings
from lessgad.stages.prepare import PreparationTask, prepared

REGIONS = {"intrameatal": (1,), "extrameatal": (2,)}
UNITS_MM = {0: 1.0, 1: 1e-3, 2: 1.0, 3: 1e3}

PLAIN: dict[str, Any] = {
    "codes": (1, 1),
    "units": 2,
    "said_units": None,
    "sform_scale": 1.0,
    "mirrored_qform": False,
    "mirrored_both": False,
    "wraps": False,
    "axes": ((0, 1, 2), (1, 1, 1)),
    "dtype": "f4",
    "slope": 1.0,
    "inter": 0.0,
    "extra_axis": False,
}

NOTHING_ELSE: dict[str, Any] = {"t1_sidecar": None, "t1ce_sidecar": None, "label_dtype": "i2", "trust": False}


axes = st.tuples(st.permutations(range(3)), st.tuples(*[st.sampled_from([1, -1])] * 3))
IMAGES = ("t1", "t1ce", "mask")
#: What every reader must cope with, in each image by itself.
harmless = st.fixed_dictionaries(
    {
        "codes": st.tuples(st.integers(0, 5), st.integers(1, 5)) | st.tuples(st.integers(1, 5), st.integers(0, 5)),
        "units": st.sampled_from([0, 1, 2, 3]),
        "axes": axes,
        "dtype": st.sampled_from(["f4", ">f4", "f8", "i2", ">i2", "u2", "i4"]),
        "slope": st.sampled_from([1.0, 0.5, 0.25, 7e-2]),
        "inter": st.sampled_from([0.0, 2.0, -2.0]),
        "extra_axis": st.booleans(),
    }
)
#: What may make a study wrong, one or two at a time.
faults = st.one_of(
    st.tuples(st.just("codes"), st.tuples(st.integers(-1, 7), st.integers(-1, 7))),
    st.tuples(st.just("said_units"), st.integers(0, 255)),
    st.tuples(st.just("sform_scale"), st.sampled_from([1.002, 0.997, 1.02, 0.9, 0.2, 1000.0])),
    st.tuples(st.just("mirrored_qform"), st.just(True)),
    st.tuples(st.just("mirrored_both"), st.just(True)),
    st.tuples(st.just("inter"), st.sampled_from([30.0, 150.0, -30.0, -150.0, 1e4])),
    st.tuples(st.just("slope"), st.sampled_from([0.0, -1.0, float("nan"), 1e30, 1e-30])),
    st.tuples(st.just("wraps"), st.just(True)),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
keys = st.sampled_from(
    ["EchoTime", "RepetitionTime", "FlipAngle", "MagneticFieldStrength", "ScanningSequence", "ContrastBolusAgent", "X"]
)
sensible = st.fixed_dictionaries(
    {},
    optional={
        "EchoTime": st.floats(0.002, 0.02),
        "FlipAngle": st.integers(5, 90),
        "MagneticFieldStrength": st.sampled_from([1.5, 3, 7]),
        "Comment": st.text(),
    },
).map(lambda content: json.dumps(content).encode())
odd = st.one_of(
    st.dictionaries(keys, json_values, max_size=3).map(lambda content: json.dumps(content).encode()),
    st.just('{"Comment": "M\xfcnchen\t",}'.encode("latin-1")),
    st.binary(max_size=20),
)


@st.composite
def fuzzed_studies(draw) -> dict[str, Any]:
    """A study with harmless variations, no, one or two faults, and sidecars that are most often sensible."""
    drawn: dict[str, Any] = {name: PLAIN | draw(harmless) for name in IMAGES}
    for key, value in draw(st.lists(faults, max_size=2)):
        for name in draw(st.sampled_from([*((name,) for name in IMAGES), ("t1", "t1ce"), IMAGES])):
            drawn[name] = drawn[name] | {key: value}
    for name in ("t1", "t1ce"):
        drawn[f"{name}_sidecar"] = draw(st.none() | sensible | sensible | odd)
    return drawn | {
        "label_dtype": draw(st.sampled_from(["u1", "i2", ">i2", "f4", "f8"])),
        "trust": draw(st.booleans()),
    }


def write(path: Path, array: np.ndarray, affine: np.ndarray, how: dict[str, Any]) -> None:
    order = np.column_stack([np.argsort(how["axes"][0]), how["axes"][1]]).astype(float)
    turned, placed = apply_orientation(array, order), affine @ inv_ornt_aff(order, array.shape)
    unit = np.diag([UNITS_MM[how["units"]]] * 3 + [1.0])
    header = nibabel.nifti1.Nifti1Header(endianness=">" if how["dtype"].startswith(">") else "<")
    kind = np.dtype(how["dtype"])
    header.set_data_dtype(kind)
    header.set_data_shape(turned.shape + ((1,) if how["extra_axis"] else ()))
    header["scl_slope"], header["scl_inter"], header["vox_offset"] = how["slope"], how["inter"], 352
    proper = how["slope"] if 1e-3 < how["slope"] < 10 else 1.0
    stored = (turned.astype(np.float64) - (how["inter"] if abs(how["inter"]) < 10 else 0.0)) / proper
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        stored = np.rint(stored * 60 % 65536 - 32768 if how["wraps"] else np.clip(stored, limits.min, limits.max))
    mirrors = [np.diag([-1.0 if how[name] else 1.0, 1, 1, 1]) for name in ("mirrored_qform", "mirrored_both")]
    header.set_qform(unit @ placed @ mirrors[0] @ mirrors[1], 1)
    header.set_sform(unit @ placed @ mirrors[1] @ np.diag([how["sform_scale"]] * 3 + [1.0]), 1)
    header["sform_code"], header["qform_code"] = how["codes"]
    header["xyzt_units"] = how["units"] if how["said_units"] is None else how["said_units"]
    path.write_bytes(header.binaryblock + b"\0\0\0\0" + stored.astype(kind).tobytes(order="F"))


@cache
def scene(tiny) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return tiny.head(40)


def outcome(tiny, folder: Path, drawn: dict[str, Any]) -> tuple[float, float] | LessgadError:
    """Volume of the tumor in ml and its mean enhancement, or why the study is refused."""
    anat = folder / "sub-1" / "anat"
    anat.mkdir(parents=True)
    files = {name: anat / f"sub-1_{kind}.nii" for name, kind in (("t1", "T1w"), ("t1ce", "ce-gadolinium_T1w"))}
    files["mask"] = folder / "sub-1_dseg.nii"
    *images, labels = scene(tiny)
    for (name, path), array in zip(files.items(), (*images, labels), strict=True):
        how = drawn[name] | ({"dtype": drawn["label_dtype"], "slope": 1.0, "inter": 0.0} if name == "mask" else {})
        write(path, array, tiny.AFFINE, how)
    for name in ("t1", "t1ce"):
        if (content := drawn[f"{name}_sidecar"]) is not None:
            files[name].with_suffix(".json").write_bytes(content)
    study = Study("1", "", files["t1"], files["t1ce"], files["mask"])
    try:
        acquisitions = read_acquisition(files["t1"], folder), read_acquisition(files["t1ce"], folder)
    except CohortError as error:
        return error
    task = PreparationTask(
        study=study,
        files=PreparedFiles(folder, "sub-1"),
        acquisitions=acquisitions,
        settings=PreparationSettings(alignment="aligned"),
        simulation=SimulationSettings(model="linear", noise="none"),
        regions=REGIONS,
        known_labels=(),
        orientation_unknown="trust" if drawn["trust"] else "refuse",
        n_threads=1,
    )
    try:
        done = prepared(task)
    except LessgadError as error:
        return error
    volume_ml = float(done.tumor.sum() * np.prod(done.study.spacing_mm) / 1000)
    return volume_ml, float((done.study.standard_dose - done.study.pre_contrast)[done.tumor].mean())


@cache
def plain_outcome(tiny, folder: Path) -> tuple[float, float]:
    return outcome(tiny, folder, dict.fromkeys(IMAGES, PLAIN) | NOTHING_ELSE)


def holds(tiny, tmp_path_factory, drawn: dict[str, Any]) -> None:
    plain = plain_outcome(tiny, tmp_path_factory.getbasetemp() / "plain")
    found = outcome(tiny, tmp_path_factory.mktemp("fuzzed"), drawn)
    if isinstance(found, LessgadError):
        assert "\n" not in str(found)
        assert str(found)
    else:
        np.testing.assert_allclose(found, plain, rtol=0.02)


LIMITS = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}


@pytest.mark.slow
@settings(max_examples=300, **LIMITS)
@given(fuzzed_studies())
def test_accepted_studies_are_measured_as_the_plain_one(tiny, tmp_path_factory, drawn):
    holds(tiny, tmp_path_factory, drawn)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(max_examples=3000, **LIMITS)
@given(fuzzed_studies())
def test_accepted_studies_are_measured_as_the_plain_one_many_times(tiny, tmp_path_factory, drawn):
    holds(tiny, tmp_path_factory, drawn)


def test_one_fault_or_none_is_often_accepted(tiny, tmp_path):
    """Not every fuzzed study is refused: codes, units that are said, axes, types, and slopes are all read."""
    ways = {
        "codes": (0, 3),
        "units": 3,
        "axes": ((2, 0, 1), (-1, 1, -1)),
        "dtype": ">i2",
        "slope": 0.5,
        "extra_axis": True,
    }
    drawn = dict.fromkeys(("t1", "t1ce", "mask"), PLAIN | ways) | NOTHING_ELSE
    found = outcome(tiny, tmp_path / "all", drawn)
    np.testing.assert_allclose(found, plain_outcome(tiny, tmp_path / "plain"), rtol=0.02)
