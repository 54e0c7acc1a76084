# SPDX-License-Identifier: Apache-2.0
"""How a NIfTI header places its voxels: units, sform and qform, and what is known of the frame.

A header can place an image three times: sform (a matrix with a code), qform (a rotation with a code, and the voxel
sizes in pixdim), and pixdim alone. Where these contradict each other, the choice of a library is a guess.

Source: the NIfTI-1 standard (nifti1.h, "3D image (volume) orientation and location in space", "units").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from lessgad.errors import VolumeError

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Header, Nifti1Image

Affine = Float[np.ndarray, "4 4"]
UNKNOWN_CODE, SCANNER_CODE = 0, 1
_KNOWN_CODES = range(6)
#: Of xyzt_units, its three lowest bits; what is not named is taken for millimeters, as everybody does.
_MM_PER_UNIT = {1: 1000.0, 3: 0.001}
#: Relative; three axes that are off by this make a volume that is off by 1.5 %.
SAME_SPACING_WITHIN = 0.005
SAME_DIRECTION_WITHIN_DEG = 1.0
REPAIR = "Repair the header (sform, qform and pixdim) of this file, or convert it again from DICOM"


@dataclass(frozen=True)
class Frame:
    """Facts of the coordinates that an affine leads to.

    Attributes:
        code: NIfTI's code of the frame: 1 the scanner's, 2 aligned to another image, 3 to 5 a standard space; 0 where
            the orientation is unknown.
        cautions: Reasons to doubt the header, in words.
    """

    code: int = SCANNER_CODE
    cautions: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether left and right, front and back are known."""
        return self.code != UNKNOWN_CODE


def affine_and_frame(header: Nifti1Header, path: Path) -> tuple[Affine, Frame]:
    """Find the affine of an image in millimeters, and what is known of its frame.

    The sform is taken where it has a code, else the qform. Without either the array is taken as Analyze had it: its
    first axis runs to the left, its middle is the origin.

    Args:
        header: Header of the image.
        path: File, for the error.

    Returns:
        Affine from voxel indices to RAS+ mm, and what is known of its frame.

    Raises:
        VolumeError: sform, qform and pixdim disagree on the size of a voxel, or sform and qform on left and right; or
            they place several voxels at one point.
    """
    to_mm = _MM_PER_UNIT.get(int(header["xyzt_units"]) % 8, 1.0)
    sform_code, qform_code = (_code(header, key) for key in ("sform_code", "qform_code"))
    with np.errstate(all="ignore"):
        affines = {
            name: _in_mm(affine, to_mm)
            for name, affine in (
                ("sform", header.get_sform() if sform_code else None),
                ("qform", _qform(header, path, needed=not sform_code) if qform_code else None),
            )
            if affine is not None
        }
    if not affines:
        affine = _in_mm(header.get_base_affine(), to_mm)
        _check_invertible(affine, path)
        return affine, Frame(UNKNOWN_CODE)
    for affine in affines.values():
        _check_invertible(affine, path)
    spacings = {name: np.linalg.norm(affine[:3, :3], axis=0) for name, affine in affines.items()}
    pixdim = np.asarray(header["pixdim"][1:4], dtype=np.float64) * to_mm
    if "qform" not in spacings and (pixdim > 0).all():
        spacings["pixdim"] = pixdim
    _check_same_spacing(spacings, path)
    cautions: tuple[str, ...] = ()
    if len(affines) == 2:
        cautions = _compared(affines["sform"], affines["qform"], same_code=sform_code == qform_code, path=path)
    return (affines["sform"] if sform_code else affines["qform"]), Frame(sform_code or qform_code, cautions)


def check_voxel_size(image: Nifti1Image, path: Path) -> None:
    """Raise VolumeError where no part of a header gives the size of a voxel; nibabel takes a pixdim of 0 for 1 mm.

    Args:
        image: The opened file.
        path: File, for the error.
    """
    holder = image.file_map.get("header", image.file_map["image"])
    with holder.get_prepare_fileobj(mode="rb") as stream:
        stored = type(image.header).from_fileobj(stream, check=False)
    if _code(image.header, "sform_code") == UNKNOWN_CODE and not (np.abs(stored["pixdim"][1:4]) > 0).all():
        came = f"{_times(stored['pixdim'][1:4])} (pixdim)"
        raise VolumeError(f"The header does not give the size of a voxel: {came}", path=path, remedy=REPAIR)


def set_frame(header: Nifti1Header, affine: Affine, frame: Frame) -> None:
    """Write affine and code into a header in millimeters; an unknown frame gets no code.

    Args:
        header: The header to change.
        affine: Affine from voxel indices to RAS+ mm.
        frame: Facts of the frame.
    """
    header.set_xyzt_units("mm")
    header.set_qform(affine, code=frame.code)
    header.set_sform(affine, code=frame.code)


def _code(header: Nifti1Header, key: str) -> int:
    code = int(header[key])
    return code if code in _KNOWN_CODES else UNKNOWN_CODE


def _qform(header: Nifti1Header, path: Path, *, needed: bool) -> Affine | None:
    from nibabel.spatialimages import HeaderDataError

    try:
        return header.get_qform()
    except (HeaderDataError, ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        if not needed:
            return None
        raise VolumeError(f"The qform is not a rotation ({error})", path=path, remedy=REPAIR) from error


def _in_mm(affine: Affine, to_mm: float) -> Affine:
    scaled = np.array(affine, dtype=np.float64)
    scaled[:3] *= to_mm
    return scaled


def _check_invertible(affine: Affine, path: Path) -> None:
    with np.errstate(all="ignore"):
        lengths = np.linalg.norm(affine[:3, :3], axis=0)
        singular = not np.isfinite(affine).all() or not np.isfinite(lengths).all() or (lengths < 1e-9).any()
        if singular or abs(np.linalg.det(affine[:3, :3] / lengths)) < 1e-3:
            raise VolumeError(
                "The affine is singular: it puts several voxels at one point",
                path=path,
                remedy="Repair the header (sform and qform) of this file",
            )


def _check_same_spacing(spacings: dict[str, Float[np.ndarray, " 3"]], path: Path) -> None:
    """Refuse a header with two voxel sizes: one of them would make every volume and distance wrong."""
    (one, size), *others = spacings.items()
    for other, other_size in others:
        if (np.abs(np.log(size / other_size)) > SAME_SPACING_WITHIN).any():
            raise VolumeError(
                f"The header gives two voxel sizes: {_times(size)} mm in its {one} and {_times(other_size)} "
                f"mm in its {other}",
                path=path,
                remedy=REPAIR,
            )


def _compared(sform: Affine, qform: Affine, *, same_code: bool, path: Path) -> tuple[str, ...]:
    """Refuse two frames that are mirror images; warn of two that differ by a rotation under one code."""
    if np.linalg.det(sform[:3, :3]) * np.linalg.det(qform[:3, :3]) < 0:
        raise VolumeError(
            "The sform mirrors what the qform says, so left and right are uncertain", path=path, remedy=REPAIR
        )
    if not same_code:
        return ()
    directions = [affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0) for affine in (sform, qform)]
    cosines = np.clip((directions[0] * directions[1]).sum(axis=0), -1, 1)
    turned = float(np.degrees(np.arccos(cosines)).max())
    if turned <= SAME_DIRECTION_WITHIN_DEG:
        return ()
    return (f"the header turns the image in two ways, {turned:.0f}° apart (sform, qform); the sform was used",)


def _times(size: Float[np.ndarray, " 3"]) -> str:
    return "×".join(f"{mm:.3g}" if math.isfinite(mm) else "?" for mm in size)
