# SPDX-License-Identifier: Apache-2.0
import json
import math
from pathlib import Path
from typing import Any

import pytest

from lessgad.cohort.acquisition import Acquisition, read_acquisition
from lessgad.errors import CohortError

T1 = "sub-01/ses-a/anat/sub-01_ses-a_T1w.nii.gz"
T1CE = "sub-01/ses-a/anat/sub-01_ses-a_ce-gadolinium_T1w.nii.gz"


def sidecar(root: Path, name: str, **fields: Any) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(fields))


def own(root: Path, **fields: Any) -> Acquisition:
    sidecar(root, T1.replace(".nii.gz", ".json"), **fields)
    return read_acquisition(root / T1, root)


def test_nothing_is_said(tmp_path: Path):
    assert read_acquisition(tmp_path / T1, tmp_path) == Acquisition()


def test_units(tmp_path: Path):
    acquisition = own(
        tmp_path,
        MagneticFieldStrength=1.5,
        EchoTime=0.0046,
        RepetitionTime=1.69,
        InversionTime=1.1,
        FlipAngle=90,
        ScanningSequence="GR\\IR",
        ContrastBolusIngredient="GADOLINIUM",
    )
    assert acquisition.field_strength_t == 1.5
    assert acquisition.echo_time_ms == pytest.approx(4.6)
    assert acquisition.repetition_time_ms == pytest.approx(1690)
    assert acquisition.inversion_time_ms == pytest.approx(1100)
    assert acquisition.flip_angle_rad == pytest.approx(math.pi / 2)
    assert acquisition.scanning_sequence == ("GR", "IR")
    assert acquisition.contrast_agent == "GADOLINIUM"


@pytest.mark.parametrize("spelling", ["GR\\IR", "GR_IR", ["GR", "IR"], " GR \\ IR "])
def test_spellings_of_the_sequence(tmp_path: Path, spelling: str | list[str]):
    assert own(tmp_path, ScanningSequence=spelling).scanning_sequence == ("GR", "IR")


def test_nearer_sidecars_win(tmp_path: Path):
    sidecar(tmp_path, "T1w.json", FlipAngle=10, EchoTime=0.001, RepetitionTime=0.1, MagneticFieldStrength=1.0)
    sidecar(tmp_path, "sub-01/sub-01_T1w.json", EchoTime=0.002, RepetitionTime=0.2, MagneticFieldStrength=1.5)
    sidecar(tmp_path, "sub-01/ses-a/sub-01_ses-a_T1w.json", RepetitionTime=0.3, MagneticFieldStrength=2.0)
    acquisition = own(tmp_path, MagneticFieldStrength=3.0)
    assert math.degrees(acquisition.flip_angle_rad or 0) == pytest.approx(10)
    assert acquisition.echo_time_ms == pytest.approx(2)
    assert acquisition.repetition_time_ms == pytest.approx(300)
    assert acquisition.field_strength_t == 3.0


def test_more_specific_sidecar_of_one_folder_wins(tmp_path: Path):
    sidecar(tmp_path, "T1w.json", EchoTime=0.001)
    sidecar(tmp_path, "ce-gadolinium_T1w.json", EchoTime=0.002)
    assert read_acquisition(tmp_path / T1CE, tmp_path).echo_time_ms == pytest.approx(2)
    assert read_acquisition(tmp_path / T1, tmp_path).echo_time_ms == pytest.approx(1)


@pytest.mark.parametrize(
    "other",
    [
        "sub-02_T1w.json",
        "acq-other_T1w.json",
        "T2w.json",
        "sub-01/ses-b/sub-01_ses-b_T1w.json",
        "sub-01/ses-a/anat/sub-01_ses-a_ce-gadolinium_T1w.json",
        "sub-01/ses-a/anat/._sub-01_ses-a_T1w.json",
        "notT1w.json",
    ],
)
def test_sidecars_of_other_images(tmp_path: Path, other: str):
    sidecar(tmp_path, other, EchoTime=0.009)
    assert read_acquisition(tmp_path / T1, tmp_path) == Acquisition()


def test_nothing_above_the_cohort_counts(tmp_path: Path):
    sidecar(tmp_path, "T1w.json", EchoTime=0.009)
    assert read_acquisition(tmp_path / "cohort" / T1, tmp_path / "cohort") == Acquisition()


def test_agent_is_not_guessed(tmp_path: Path):
    sidecar(tmp_path, T1CE.replace(".nii.gz", ".json"), EchoTime=0.004, ContrastBolusIngredient=None)
    assert read_acquisition(tmp_path / T1CE, tmp_path).contrast_agent is None


def test_an_agent_of_which_nothing_was_injected_is_none(tmp_path: Path):
    assert own(tmp_path, ContrastBolusAgent="Gadovist", ContrastBolusVolume=0).contrast_agent == "none"
    assert own(tmp_path, ContrastBolusAgent="Gadovist", ContrastBolusVolume=7.5).contrast_agent == "Gadovist"


@pytest.mark.parametrize(
    "fields",
    [
        {"EchoTime": "0.004"},
        {"EchoTime": True},
        {"EchoTime": [0.004]},
        {"FlipAngle": math.nan},
        {"RepetitionTime": math.inf},
        {"ScanningSequence": 3},
        {"ScanningSequence": ["GR", 1]},
        {"ContrastBolusIngredient": ["GADOLINIUM"]},
    ],
)
def test_values_of_another_kind(tmp_path: Path, fields: dict[str, Any]):
    with pytest.raises(CohortError) as caught:
        own(tmp_path, **fields)
    assert next(iter(fields)) in str(caught.value)
    assert "Repair its sidecar" in str(caught.value)


@pytest.mark.parametrize("text", [b"", b"{", b"[1, 2]", b"\xff\xfe", b'"words"'])
def test_sidecars_that_are_not_json_objects(tmp_path: Path, text: bytes):
    path = tmp_path / T1.replace(".nii.gz", ".json")
    path.parent.mkdir(parents=True)
    path.write_bytes(text)
    with pytest.raises(CohortError, match=r"sub-01_ses-a_T1w\.json: The sidecar"):
        read_acquisition(tmp_path / T1, tmp_path)


def test_the_sidecar_of_the_t1_says_nothing_of_the_t1ce(tmp_path: Path):
    """As dcm2niix lays them out: each beside its image, the one's name a part of the other's."""
    t1, t1ce = tmp_path / "sub-01_T1w.nii.gz", tmp_path / "sub-01_ce-gadolinium_T1w.nii.gz"
    t1.touch()
    t1ce.touch()
    own = {"ScanningSequence": "GR_IR", "InversionTime": 1.1, "ScanOptions": "FS", "EchoTime": 0.003}
    (tmp_path / "sub-01_T1w.json").write_text(json.dumps(own))
    assert read_acquisition(t1, tmp_path).inversion_time_ms == pytest.approx(1100)
    assert read_acquisition(t1ce, tmp_path) == Acquisition()
    (tmp_path / "sub-01_ce-gadolinium_T1w.json").write_text(json.dumps({"ScanningSequence": "GR"}))
    assert read_acquisition(t1ce, tmp_path) == Acquisition(scanning_sequence=("GR",))


@pytest.mark.parametrize(
    ("spelled", "codes"),
    [
        ("FSS_GEMS", ("FSSGEMS",)),
        ("FAST_GEMS_FS", ("FASTGEMS", "FS")),
        ("PFP\\\\FS", ("PFP", "FS")),
        ("FAT_SAT", ("FATSAT",)),
        (["PFP", "fs"], ("PFP", "FS")),
    ],
)
def test_codes_with_a_line_in_them_stay_whole(tmp_path: Path, spelled: object, codes: tuple[str, ...]):
    image = tmp_path / "sub-01_T1w.nii.gz"
    value = spelled.replace("\\\\", "\\") if isinstance(spelled, str) else spelled
    (tmp_path / "sub-01_T1w.json").write_text(json.dumps({"ScanOptions": value}))
    assert read_acquisition(image, tmp_path).scan_options == codes


@pytest.mark.parametrize(
    "text",
    [
        '{"EchoTime": 0.004, "Comment": "Kopf\tm\xfcde\n"}'.encode("latin-1"),
        '\ufeff{"EchoTime": 0.004}'.encode(),
        '{"EchoTime": 0.004}'.encode("utf-16"),
        b'{"EchoTime": 0.004, "A": [1, 2,], "Text": "a, ]",}',
        b'{"EchoTime": 0.004, "SAR": -nan, "B": inf, "Text": "nan, inf"}',
        b'// by hand\n{"EchoTime": 0.004, /* s, not ms */ "Url": "http://x/*y*/"}',
        b'{"EchoTime": 0.004, "Path": "C:\\data\\x"}',
        b'{"EchoTime": 0.004, "EchoTrainLength": null, "Other": {"EchoTime": "x"}, "Slices": [[]]}\0\0',
    ],
)
def test_a_sidecar_is_read_for_what_it_says_of_the_sequence(tmp_path: Path, text: bytes):
    path = tmp_path / T1.replace(".nii.gz", ".json")
    path.parent.mkdir(parents=True)
    path.write_bytes(text)
    assert read_acquisition(tmp_path / T1, tmp_path).echo_time_ms == pytest.approx(4)


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b"EchoTime: 4", b"\x1f\x8b\x00"])
def test_a_sidecar_that_is_none_is_an_error(tmp_path: Path, text: bytes):
    path = tmp_path / T1.replace(".nii.gz", ".json")
    path.parent.mkdir(parents=True)
    path.write_bytes(text)
    with pytest.raises(CohortError, match=r"T1w\.json: The sidecar"):
        read_acquisition(tmp_path / T1, tmp_path)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"ScanningSequence": "GR", "RepetitionTime": 25}, "Did you mean 0.025?"),
        ({"ScanningSequence": "GR", "RepetitionTime": 8.1}, "Did you mean 0.0081?"),
        ({"ScanningSequence": "SE", "RepetitionTime": 550}, "Did you mean 0.55?"),
        ({"RepetitionTime": 25}, "Did you mean 0.025?"),
        ({"RepetitionTime": 8.1, "FlipAngle": 12}, "Did you mean 0.0081?"),
        ({"ScanningSequence": "SE", "RepetitionTime": 5}, "The RepetitionTime of this image is"),
        ({"FlipAngle": 0.262}, "Did you mean 15?"),
        ({"FlipAngle": 1.5708}, "Did you mean 90?"),
        ({"MagneticFieldStrength": 30}, "Did you mean 3?"),
        ({"MagneticFieldStrength": 15}, "Did you mean 1.5?"),
        ({"EchoTime": 4.6}, "Did you mean 0.0046?"),
        ({"EchoTime": -0.004}, "The EchoTime of this image is"),
        ({"InversionTime": 1100}, "Did you mean 1.1?"),
        ({"FlipAngle": 370}, "The FlipAngle of this image is"),
        ({"MagneticFieldStrength": 15000}, "Did you mean 1.5?"),
        ({"MagneticFieldStrength": 1500}, "Did you mean 1.5?"),
        ({"MagneticFieldStrength": 63.87}, "Did you mean 1.5?"),
        ({"EchoTime": 0.03, "RepetitionTime": 0.02}, "EchoTime of this image"),
        ({"EchoTime": 10**400}, "for EchoTime, which must be a number"),
    ],
)
def test_parameters_that_no_scanner_has(tmp_path: Path, fields: dict[str, Any], words: str):
    with pytest.raises(CohortError) as caught:
        own(tmp_path, **fields)
    assert words in str(caught.value)
    assert "T1w" in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"ScanningSequence": "GR_IR", "RepetitionTime": 5.0, "InversionTime": 0.9, "EchoTime": 0.003, "FlipAngle": 4},
        {"ScanningSequence": "SE", "RepetitionTime": 0.37, "EchoTime": 0.024, "MagneticFieldStrength": 0.064},
        {"ScanningSequence": "GR", "RepetitionTime": 2.2, "EchoTime": 0.0024, "MagneticFieldStrength": 11.7},
        {"ScanningSequence": "GR", "RepetitionTime": 0, "EchoTime": 0, "MagneticFieldStrength": 0, "FlipAngle": 0},
    ],
)
def test_parameters_that_scanners_have(tmp_path: Path, fields: dict[str, Any]):
    own(tmp_path, **fields)
