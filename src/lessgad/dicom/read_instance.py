# SPDX-License-Identifier: Apache-2.0
"""Read the header of one file of any name and check that its pixel data are complete."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from lessgad.dicom.functional_groups import n_frames, number_of, numbers_of, value_of, words_of
from lessgad.dicom.series import Contrast, DicomFrame, Instance, PatientHeader, SeriesHeader
from lessgad.errors import DicomError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_PREAMBLE, _PREFIX = 128, b"DICM"
_NO_CONTRAST = re.compile(r"\b(no|none|non|without|nein|w/?o)\b|^[n0-]$", re.IGNORECASE)
_AGE = re.compile(r"(\d{1,3})([DWMY])")
_YEARS = {"D": 1 / 365.25, "W": 7 / 365.25, "M": 1 / 12, "Y": 1.0}
_TAIL_BYTES, _SEQUENCE_END = 1 << 16, b"\xfe\xff\xdd\xe0"
_LARGEST_FRAME_COUNT = 100_000


def is_dicom(path: Path) -> bool:
    """Whether a file begins as DICOM files do."""
    try:
        with path.open("rb") as file:
            return file.read(_PREAMBLE + len(_PREFIX))[_PREAMBLE:] == _PREFIX
    except OSError:
        return False


def read_instance(path: Path) -> Instance:
    """Read the header of one DICOM file.

    Args:
        path: The file to read.

    Returns:
        The header values that lessgad uses.

    Raises:
        DicomError: It cannot be parsed, or names no study, series and instance.
    """
    try:
        with _lenient():
            dataset, damage = _read(path)
            return _instance(dataset, damage, path)
    except DicomError:
        raise
    except Exception as error:  # a damaged file raises anything, also when pydicom converts a value at its first use
        # what it says may quote the header
        raise DicomError(f"The DICOM file is damaged ({type(error).__name__})", path=path) from error


@contextmanager
def _lenient() -> Iterator[None]:
    """Let pydicom read what vendors write, without warnings, which would print values of the header."""
    from pydicom import config

    before = config.settings.reading_validation_mode
    config.settings.reading_validation_mode = config.IGNORE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        config.settings.reading_validation_mode = before


def _instance(dataset: Dataset, damage: str, path: Path) -> Instance:
    missing = [name for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID") if not dataset.get(name)]
    if missing:
        raise DicomError(f"The DICOM header lacks {', '.join(missing)}", path=path)
    count = n_frames(dataset)
    if count > _LARGEST_FRAME_COUNT:
        raise DicomError(f"The DICOM header names {count} frames and does not describe as many", path=path)
    frames = tuple(_frame(dataset, path, index, count) for index in range(count))
    return Instance(_header(dataset), frames, _started(dataset), damage)


def _read(path: Path) -> tuple[Dataset, str]:
    import pydicom

    with path.open("rb") as file:
        dataset = pydicom.dcmread(file, stop_before_pixels=True)
        return dataset, _pixel_damage(dataset, file, path)


def _pixel_damage(dataset: Dataset, file: IO[bytes], path: Path) -> str:
    """Say what is wrong with the pixels of a file that was read up to them; empty where all are there."""
    rows, columns = (int(number_of(dataset, name) or 0) for name in ("Rows", "Columns"))
    if not rows or not columns:
        return "no pixels"
    at, size = file.tell(), path.stat().st_size
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if syntax is not None and syntax.is_compressed:
        file.seek(max(at, size - _TAIL_BYTES))
        return "" if _SEQUENCE_END in file.read() else "a truncated file"
    bits = int(number_of(dataset, "BitsAllocated") or 16) * int(number_of(dataset, "SamplesPerPixel") or 1)
    needed = rows * columns * n_frames(dataset) * bits // 8
    return "" if size - at >= needed else "a truncated file"


def _header(dataset: Dataset) -> SeriesHeader:
    number = number_of(dataset, "SeriesNumber")
    syntax = dataset.file_meta.get("TransferSyntaxUID") or ""
    return SeriesHeader(
        patient=_patient(dataset),
        study_uid=str(dataset.StudyInstanceUID),
        series_uid=str(dataset.SeriesInstanceUID),
        number=None if number is None else int(number),
        description=_text(dataset, "SeriesDescription"),
        protocol=_text(dataset, "ProtocolName"),
        modality=_text(dataset, "Modality").upper(),
        sop_class_uid=str(dataset.get("SOPClassUID") or ""),
        transfer_syntax_uid=str(syntax),
        image_type=tuple(word.upper() for word in words_of(dataset, "ImageType")),
        manufacturer=_manufacturer(_text(dataset, "Manufacturer")),
        scanning_sequence=scanning_sequence(dataset),
        sequence_variant=tuple(word.upper() for word in words_of(dataset, "SequenceVariant")),
        scan_options=_scan_options(dataset),
        is_3d={"3D": True, "2D": False}.get(_text(dataset, "MRAcquisitionType")),
        field_strength_t=number_of(dataset, "MagneticFieldStrength"),
        echo_train_length=int(number_of(dataset, "EchoTrainLength") or 0) or None,
        repetition_time_ms=number_of(dataset, "RepetitionTime"),
        echo_time_ms=number_of(dataset, "EchoTime") or number_of(dataset, "EffectiveEchoTime"),
        inversion_time_ms=number_of(dataset, "InversionTime") or number_of(dataset, "InversionTimes"),
        flip_angle_deg=number_of(dataset, "FlipAngle"),
        contrast=_contrast(dataset),
        frame_of_reference_uid=_text(dataset, "FrameOfReferenceUID"),
    )


def _text(dataset: Dataset, keyword: str) -> str:
    return " ".join(words_of(dataset, keyword))


def _manufacturer(words: str) -> str:
    known = {"siemens": "Siemens", "ge ": "GE", "philips": "Philips", "canon": "Canon", "toshiba": "Canon"}
    return next((name for start, name in known.items() if f"{words.lower()} ".startswith(start)), words)


def scanning_sequence(dataset: Dataset) -> tuple[str, ...]:
    """Read DICOM's sequence codes; those of an enhanced image come from EchoPulseSequence and InversionRecovery.

    Args:
        dataset: Header of the image.

    Returns:
        The codes, such as ``("GR", "IR")``.
    """
    codes = tuple(word.upper() for word in words_of(dataset, "ScanningSequence"))
    if codes:
        return codes
    echo = {"SPIN": ("SE",), "GRADIENT": ("GR",), "BOTH": ("SE", "GR")}.get(_text(dataset, "EchoPulseSequence"), ())
    return (*echo, "IR") if echo and _text(dataset, "InversionRecovery") == "YES" else echo


def _scan_options(dataset: Dataset) -> tuple[str, ...]:
    """ScanOptions, and what an enhanced image says in attributes of its own (PS3.3 C.8.13)."""
    codes = [word.upper() for word in words_of(dataset, "ScanOptions")]
    if _text(dataset, "SpectrallySelectedSuppression") in {"FAT", "FAT AND WATER"}:
        codes.append("FS")
    if _text(dataset, "SpectrallySelectedExcitation") == "WATER":
        codes.append("WE")
    if _text(dataset, "MagnetizationTransfer") in {"ON_RESONANCE", "OFF_RESONANCE"}:
        codes.append("MT")
    return tuple(dict.fromkeys(codes))


def _patient(dataset: Dataset) -> PatientHeader:
    identity = _text(dataset, "PatientID")
    if identity:
        identity = f"{_text(dataset, 'IssuerOfPatientID')}|{identity}"
    elif _text(dataset, "PatientName"):
        identity = f"name|{_text(dataset, 'PatientName')}|{_text(dataset, 'PatientBirthDate')}"
    sex = _text(dataset, "PatientSex").upper()
    weight = number_of(dataset, "PatientWeight")
    return PatientHeader(identity, sex if sex in {"M", "F", "O"} else "", _age_years(dataset), weight or None)


def _age_years(dataset: Dataset) -> float | None:
    said = _AGE.fullmatch(_text(dataset, "PatientAge").upper())
    if said is not None:
        return int(said[1]) * _YEARS[said[2]]
    born, studied = (_text(dataset, name) for name in ("PatientBirthDate", "StudyDate"))
    if not (re.fullmatch(r"\d{8}", born) and re.fullmatch(r"\d{8}", studied)):
        return None
    years = int(studied[:4]) - int(born[:4]) - (studied[4:] < born[4:])
    return float(years) if 0 <= years < 130 else None


def _contrast(dataset: Dataset) -> Contrast:
    agents = value_of(dataset, "ContrastBolusAgentSequence") or []
    words = [_text(dataset, "ContrastBolusAgent"), *(_text(agent, "CodeMeaning") for agent in agents)]
    volumes = [number_of(place, "ContrastBolusVolume") for place in (dataset, *agents)]
    said = " ".join(word for word in words if word)
    volume = next((number for number in volumes if number), None)
    denied = not volume and bool(_NO_CONTRAST.search(said))
    return Contrast(bool(volume or said) and not denied, denied, said, volume)


def _started(dataset: Dataset) -> str:
    whole = _text(dataset, "AcquisitionDateTime") or _text(dataset, "FrameAcquisitionDateTime")
    if re.match(r"\d{14}", whole):
        return re.split(r"[+-]", whole)[0]
    for kind in ("Acquisition", "Series", "Content", "Study"):
        date = _text(dataset, f"{kind}Date") or _text(dataset, "StudyDate")
        time = _text(dataset, f"{kind}Time")
        if re.fullmatch(r"\d{8}", date) and re.match(r"\d{4}", time):
            return date + time
    date = _text(dataset, "StudyDate")
    return date if re.fullmatch(r"\d{8}", date) else ""


def _frame(dataset: Dataset, path: Path, index: int, count: int) -> DicomFrame:
    position = numbers_of(dataset, "ImagePositionPatient", index)
    orientation = numbers_of(dataset, "ImageOrientationPatient", index)
    pixels = numbers_of(dataset, "PixelSpacing", index)
    between = number_of(dataset, "SpacingBetweenSlices", index) or number_of(dataset, "SliceThickness", index)
    return DicomFrame(
        path=path,
        sop_class_uid=str(dataset.get("SOPClassUID") or ""),
        sop_instance_uid=str(dataset.SOPInstanceUID),
        number=index + 1 if count > 1 or "PerFrameFunctionalGroupsSequence" in dataset else None,
        shape=(int(number_of(dataset, "Rows") or 0), int(number_of(dataset, "Columns") or 0)),
        position_mm=(position[0], position[1], position[2]) if len(position) == 3 else None,
        orientation=orientation if len(orientation) == 6 else None,
        pixel_spacing_mm=(pixels[0], pixels[1]) if len(pixels) == 2 and min(pixels) > 0 else None,
        spacing_mm=abs(between) if between else None,
    )
