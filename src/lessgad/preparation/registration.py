# SPDX-License-Identifier: Apache-2.0
"""Rigid registration of one scan to another with elastix."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from lessgad.errors import RegistrationError
from lessgad.preparation.alignment import LOWEST_INFORMATION, AlignmentQuality, check_alignment
from lessgad.preparation.elastix import new_parameters, new_registration
from lessgad.preparation.resampling import INTERPOLATED_PX, Interpolation, covered, resample
from lessgad.preparation.rigid_transform import LPS_TO_RAS, RigidTransform
from lessgad.volume import Volume

N_DECIMALS = 9  # of the transform: radians, and mm
FEWEST_VOXELS = 4  # along an axis; the B-splines of elastix need them

# Scans of one visit share the scanner's coordinates, so they start where the headers put them. Where the
# headers are of no use (another visit, coordinates lost), the centers of mass are put on each other. Headers
# 80 mm off made elastix converge, without an error, on a wrong place; from the centers of mass it found home.
_STARTS: tuple[dict[str, list[str]], ...] = (
    {"AutomaticTransformInitialization": ["false"]},
    {
        "AutomaticTransformInitialization": ["true"],
        "AutomaticTransformInitializationMethod": ["CenterOfGravity"],
    },
)


class RegisteredScan(NamedTuple):
    """A scan on the grid of another one.

    Attributes:
        transform: Maps points of the fixed scan to points of the moving one, RAS+ mm.
        moved: The moving scan on the grid of the fixed one.
        alignment: How well the two are aligned.
        covered: Voxels of the fixed scan that the moving one covers.
    """

    transform: RigidTransform
    moved: Volume
    alignment: AlignmentQuality
    covered: Bool[np.ndarray, "i j k"]


def register_rigid(
    fixed: Volume, moving: Volume, *, n_threads: int = 1, lowest_information: float = LOWEST_INFORMATION
) -> RigidTransform:
    """Find the rotation and translation that bring one scan of a head onto another; see `registered`.

    Args:
        fixed: Scan that stays, any axis order.
        moving: Scan to bring onto it, any axis order.
        n_threads: Threads of elastix; the result does not depend on their number.
        lowest_information: Least mutual information of the scans, as in `check_alignment`.

    Returns:
        Maps points of `fixed` to points of `moving`, RAS+ mm, as `resample` takes it.

    Raises:
        RegistrationError: elastix fails, or neither result passes `check_alignment`.
    """
    found = registered(fixed, moving, "linear", n_threads=n_threads, lowest_information=lowest_information)
    return found.transform


def registered(
    fixed: Volume,
    moving: Volume,
    interpolation: Interpolation,
    *,
    n_threads: int = 1,
    lowest_information: float = LOWEST_INFORMATION,
) -> RegisteredScan:
    """Bring one scan of a head onto another by a rotation and a translation.

    elastix with its default rigid parameter map (Mattes mutual information, four resolutions, adaptive
    stochastic gradient descent with a fixed seed: the same input gives the same transform). It starts from
    the scanner's coordinates; when the result does not pass `check_alignment`, from the centers of mass.

    Args:
        fixed: Scan that stays, any axis order.
        moving: Scan to bring onto it, any axis order.
        interpolation: Of the moved scan, as for `resample`.
        n_threads: Threads of elastix and of the interpolation; the result does not depend on their number.
        lowest_information: Least mutual information of the scans, as in `check_alignment`.

    Returns:
        The transform, the scan on the other grid, how well the two are aligned, and what the scan covers there.

    Raises:
        RegistrationError: elastix fails, or neither result passes `check_alignment`.

    Source: Klein et al., IEEE TMI 2010 (elastix); METHOD: "rigid registration of T1ce to T1 with elastix".
    """
    least = min(*fixed.array.shape, *moving.array.shape)
    if least < FEWEST_VOXELS:  # elastix would end the process, not raise
        raise RegistrationError(
            f"Registration needs {FEWEST_VOXELS} voxels along each axis; a volume has only {least}",
            remedy="Scans of fewer slices must be aligned already: preparation: {alignment: aligned}",
        )
    failures = []
    for start in _STARTS:
        try:
            transform = _elastix(fixed, moving, start, n_threads)
            moved = resample(moving, fixed, transform, interpolation, n_threads=n_threads)
            quality = check_alignment(fixed, moved, lowest_information)
            return RegisteredScan(transform, moved, quality, covered(moving, fixed, transform, INTERPOLATED_PX))
        except RegistrationError as error:
            failures.append(error)
    raise failures[0]


def _elastix(fixed: Volume, moving: Volume, start: dict[str, list[str]], n_threads: int) -> RigidTransform:
    parameters = new_parameters()
    rigid = parameters.GetDefaultParameterMap("rigid")
    rigid["WriteResultImage"] = ["false"]
    for name, value in start.items():
        rigid[name] = value
    parameters.AddParameterMap(rigid)
    with tempfile.TemporaryDirectory() as folder:
        method = new_registration(_itk_image(fixed), _itk_image(moving))
        method.SetParameterObject(parameters)
        method.SetNumberOfThreads(n_threads)
        # The exception only says "see the log", so there is one, where nobody has to clean up after it.
        method.SetLogToConsole(False)
        method.SetLogToFile(True)
        method.SetOutputDirectory(folder)
        try:
            method.UpdateLargestPossibleRegion()
        except RuntimeError as error:
            raise RegistrationError(
                f"elastix cannot register the two scans: “{_reason(Path(folder), error)}”"
            ) from error
        result = method.GetTransformParameterObject().GetParameterMap(0)
    return RigidTransform.from_elastix(
        [float(value) for value in result["CenterOfRotationPoint"]],
        # elastix adds in another order with another number of threads: differences of 1e-14, which are rounded away.
        [round(float(value), N_DECIMALS) for value in result["TransformParameters"]],
        compute_zyx=result["ComputeZYX"][0] == "true",
    )


def _itk_image(volume: Volume) -> object:
    import itk

    image = itk.image_from_array(np.ascontiguousarray(volume.array.T, dtype=np.float32))
    lps = LPS_TO_RAS @ volume.affine
    image.SetSpacing(volume.spacing_mm)
    image.SetOrigin([float(mm) for mm in lps[:3, 3]])
    image.SetDirection(itk.matrix_from_array(lps[:3, :3] / np.array(volume.spacing_mm)))
    return image


def _reason(folder: Path, error: RuntimeError) -> str:
    log = folder / "elastix.log"
    text = log.read_text(errors="replace") if log.is_file() else str(error)
    described = [line.split("Description:", 1)[1] for line in text.splitlines() if "Description:" in line]
    return " ".join((described[-1] if described else str(error)).split())
