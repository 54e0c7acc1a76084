# SPDX-License-Identifier: Apache-2.0
"""How an image was acquired, from its BIDS sidecars."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lessgad.cohort.scanner_limits import check_limits
from lessgad.cohort.selection import entities, image_stem
from lessgad.cohort.sidecar_json import read_sidecar
from lessgad.errors import CohortError

_REPAIR = "Repair its sidecar"
_LARGEST = 1e12
_TIMES_S = ("EchoTime", "RepetitionTime", "InversionTime", "RepetitionTimeExcitation", "RepetitionTimePreparation")
_WHOLE = re.compile(r"(\w+?)_(GEMS)(?![A-Z])|(?<=FAT)_(?=SAT)", re.IGNORECASE)  # codes that hold a _ themselves


@dataclass(frozen=True)
class Acquisition:
    """Parameters of one scan; None if the sidecar does not give them.

    Attributes:
        field_strength_t: Field strength in tesla.
        echo_time_ms: TE.
        repetition_time_ms: TR.
        inversion_time_ms: TI.
        flip_angle_rad: Flip angle.
        scanning_sequence: DICOM codes, e.g. ``("GR", "IR")``.
        sequence_variant: DICOM codes, e.g. ``("SK", "SP")``.
        scan_options: DICOM codes, e.g. ``("FS",)`` for fat saturation.
        is_3d: MRAcquisitionType.
        echo_train_length: Echoes per excitation.
        n_excitations: Excitations after one preparation (NumberShots).
        excitation_spacing_ms: Time between two of them (RepetitionTimeExcitation).
        cycle_ms: Time from one preparation to the next (RepetitionTimePreparation).
        contrast_agent: ContrastBolusAgent, or else ContrastBolusIngredient; an absent tag never means "pre-contrast".
    """

    field_strength_t: float | None = None
    echo_time_ms: float | None = None
    repetition_time_ms: float | None = None
    inversion_time_ms: float | None = None
    flip_angle_rad: float | None = None
    scanning_sequence: tuple[str, ...] = ()
    sequence_variant: tuple[str, ...] = ()
    scan_options: tuple[str, ...] = ()
    is_3d: bool | None = None
    echo_train_length: int | None = None
    n_excitations: int | None = None
    excitation_spacing_ms: float | None = None
    cycle_ms: float | None = None
    contrast_agent: str | None = None


def acquisition_from(stored: dict[str, Any]) -> Acquisition:
    """Create an acquisition from the output of `dataclasses.asdict`, also after a round trip through JSON."""
    lists_as_tuples: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in stored.items()}
    return Acquisition(**lists_as_tuples)


class Sidecars:
    """The sidecars of a cohort: each folder is listed once, and each file read once.

    Args:
        root: The BIDS folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._in_folder: dict[Path, list[Path]] = {}
        self._content: dict[Path, dict[str, Any]] = {}

    def in_folder(self, folder: Path) -> list[Path]:
        """Name the files of a folder that may be sidecars of a T1w."""
        if folder not in self._in_folder:
            self._in_folder[folder] = list(folder.glob("*T1w.json"))
        return self._in_folder[folder]

    def content(self, path: Path) -> dict[str, Any]:
        """Read one of them.

        Args:
            path: The file.

        Returns:
            Content of the sidecar.

        Raises:
            CohortError: It is not JSON.
        """
        if path not in self._content:
            self._content[path] = read_sidecar(path)
        return self._content[path]


def read_acquisition(image: Path, sidecars_of: Path | Sidecars) -> Acquisition:
    """Read the sidecars of an image: its own, and those it inherits from folders above (BIDS, inheritance principle).

    Args:
        image: A NIfTI file inside the BIDS folder.
        sidecars_of: The BIDS folder, or its sidecars as far as they were read before.

    Returns:
        The acquisition parameters that the sidecars state.

    Raises:
        CohortError: A sidecar that is not JSON, or a parameter that is not of its kind.
    """
    known = sidecars_of if isinstance(sidecars_of, Sidecars) else Sidecars(sidecars_of)
    fields: dict[str, Any] = {}
    own = entities(image)
    folders = [folder for folder in (image.parent, *image.parents[1:]) if folder.is_relative_to(known.root)]
    for folder in reversed(folders):
        sidecars = [p for p in known.in_folder(folder) if _applies(p, own) and not _is_of_another(p, image)]
        for sidecar in sorted(sidecars, key=lambda path: len(entities(path))):
            fields |= known.content(sidecar)
    return _acquisition(fields, image)


def acquisition_beside(image: Path | str) -> Acquisition | None:
    """Read the sidecar of the same name beside an image outside a cohort.

    Args:
        image: The image file.

    Returns:
        The acquisition parameters; None without a sidecar.

    Raises:
        CohortError: A sidecar that is not JSON, or a parameter that is not of its kind.
    """
    image = Path(image)
    sidecar = image.with_name(image_stem(image) + ".json")
    return _acquisition(read_sidecar(sidecar), image) if sidecar.is_file() else None


def _acquisition(fields: dict[str, Any], image: Path) -> Acquisition:
    numbers = {key: _number(fields, key, image) for key in (*_TIMES_S, "FlipAngle", "MagneticFieldStrength")}
    echo, repetition, inversion, excitation, cycle = (numbers[key] for key in _TIMES_S)
    flip_angle_deg = numbers["FlipAngle"]
    codes, variant = (_codes(fields, key, image) for key in ("ScanningSequence", "SequenceVariant"))
    is_prepared = "IR" in codes or "MP" in variant or bool(inversion)
    check_limits(numbers, is_prepared=is_prepared, image=image)
    return Acquisition(
        field_strength_t=numbers["MagneticFieldStrength"],
        echo_time_ms=_ms(echo),
        repetition_time_ms=_ms(repetition),
        inversion_time_ms=_ms(inversion),
        flip_angle_rad=None if flip_angle_deg is None else math.radians(flip_angle_deg),
        scanning_sequence=codes,
        sequence_variant=variant,
        scan_options=_codes(fields, "ScanOptions", image),
        is_3d={"3D": True, "2D": False}.get(str(fields.get("MRAcquisitionType", "")).upper()),
        echo_train_length=_count(fields, "EchoTrainLength", image),
        n_excitations=_count(fields, "NumberShots", image),
        excitation_spacing_ms=_ms(excitation),
        cycle_ms=_ms(cycle),
        contrast_agent=_agent(fields, image),
    )


def _applies(sidecar: Path, own: dict[str, str]) -> bool:
    """Whether a file is a sidecar (not the ``._`` twin that macOS leaves) and names nothing that the image does not."""
    is_sidecar = sidecar.name == "T1w.json" or (sidecar.name.endswith("_T1w.json") and sidecar.name[0] != ".")
    return is_sidecar and entities(sidecar).items() <= own.items()


def _is_of_another(sidecar: Path, image: Path) -> bool:
    """Whether a sidecar belongs to another image with its own name; the sidecar of a T1 does not describe the T1ce."""
    stem = sidecar.name.removesuffix(".json")
    if stem == image_stem(image):
        return False
    return any(sidecar.with_name(stem + suffix).exists() for suffix in (".nii.gz", ".nii"))


def _number(fields: dict[str, Any], key: str, image: Path) -> float | None:
    value = fields.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST:
        raise CohortError(
            f"The sidecar of this image gives {value!r} for {key}, which must be a number", path=image, remedy=_REPAIR
        )
    return float(value)


def _count(fields: dict[str, Any], key: str, image: Path) -> int | None:
    value = fields.get(key)
    if isinstance(value, list) and value:  # NumberShots may name the halves before and after the center of k-space
        total = sum(_number({key: part}, key, image) or 0 for part in value)
        return round(total)
    number = _number(fields, key, image)
    return None if number is None else round(number)


def _codes(fields: dict[str, Any], key: str, image: Path) -> tuple[str, ...]:
    r"""``GR\IR`` as DICOM, ``GR_IR`` as dcm2niix, or a list."""
    value = fields.get(key)
    if value is None:
        return ()
    codes = _WHOLE.sub(r"\1\2", value).replace("\\", "_").split("_") if isinstance(value, str) else value
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise CohortError(
            f"The sidecar of this image gives {value!r} for {key}, which must be a code or a list of codes",
            path=image,
            remedy=_REPAIR,
        )
    return tuple(code.strip().upper() for code in codes if code.strip())


def _agent(fields: dict[str, Any], image: Path) -> str | None:
    """Give the agent; "none" if the header says that 0 ml of it were injected."""
    agent = _words(fields.get("ContrastBolusAgent", fields.get("ContrastBolusIngredient")), image)
    return "none" if fields.get("ContrastBolusVolume") in (0, "0", "0.0") else agent


def _words(value: object, image: Path) -> str | None:
    if value is not None and not isinstance(value, str):
        raise CohortError(
            f"The sidecar of this image gives {value!r} as ContrastBolusAgent or ContrastBolusIngredient, "
            "which must be text",
            path=image,
            remedy=_REPAIR,
        )
    return value


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1000 * seconds
