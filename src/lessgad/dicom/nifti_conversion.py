# SPDX-License-Identifier: Apache-2.0
"""Convert one regular series with dcm2niix, and hold the result against the geometry of the headers.

dcm2niix decodes every transfer syntax in use, and knows what vendors write where. Its file names, its sidecar and the
header of its NIfTI hold identifying data: they stay in a temporary folder, and what leaves it is rebuilt.

Intensities are those of RescaleSlope and RescaleIntercept, as every DICOM viewer shows them; Philips' private
"precise" scale is not used (``-p n``).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from lessgad.dicom.geometry import SliceGrid
from lessgad.errors import SeriesError, VolumeError
from lessgad.volume import Volume, in_order_of, read_volume

TIMEOUT_S = 1800
_PLACE_TOLERANCE_MM = 0.05
#: What dcm2niix decodes; others are named before it is tried.
DECODED = {
    *("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5"),
    *("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"),
    *("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91"),
}


def convert(grid: SliceGrid, transfer_syntax_uid: str) -> tuple[Volume, dict[str, Any]]:
    """Read the voxels of a series.

    Args:
        grid: Its frames and their grid.
        transfer_syntax_uid: How its pixels are stored.

    Returns:
        The image, axes (column, row, slice) as `grid` has them, rescaled; and dcm2niix' sidecar, which identifies.

    Raises:
        SeriesError: The transfer syntax is unknown, dcm2niix fails, or its volume is not the one of the headers.
    """
    if transfer_syntax_uid and transfer_syntax_uid not in DECODED:
        raise SeriesError(
            f"dcm2niix cannot decode pixels with the transfer syntax {_syntax_name(transfer_syntax_uid)}",
            remedy="Export the series uncompressed, or convert it with gdcmconv --raw",
        )
    with tempfile.TemporaryDirectory(prefix="lessgad-dicom-") as temporary:
        folder = Path(temporary)
        (folder / "in").mkdir()
        (folder / "out").mkdir()
        for number, path in enumerate(dict.fromkeys(frame.path for frame in grid.frames)):
            (folder / "in" / f"{number:06d}.dcm").symlink_to(path.resolve())
        said = _run(folder)
        images = sorted((folder / "out").glob("*.nii"))
        if len(images) != 1:
            words = said.strip().splitlines()[-1] if said.strip() and not images else ""
            raise SeriesError(f"dcm2niix made {len(images)} volumes of the series. {words[:120]}".strip())
        try:
            volume = read_volume(images[0])
        except VolumeError as error:
            raise SeriesError(f"The image that dcm2niix wrote cannot be used. {error.problem}") from error
        sidecar = images[0].with_suffix(".json")
        try:
            fields = json.loads(sidecar.read_text(encoding="utf-8", errors="replace")) if sidecar.exists() else {}
        except ValueError:
            fields = {}
        return _on_grid(volume, grid), fields


def _run(folder: Path) -> str:
    command = [sys.executable, "-m", "dcm2niix", "-b", "y", "-ba", "y", "-z", "n", "-p", "n", "-f", "image"]
    try:
        done = subprocess.run(  # noqa: S603 - a program of this environment, on names of our own
            [*command, "-o", str(folder / "out"), str(folder / "in")],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SeriesError(f"dcm2niix did not finish within {TIMEOUT_S} s") from error
    if done.returncode != 0 and not list((folder / "out").glob("*.nii")):
        raise SeriesError(
            f"dcm2niix ended with exit code {done.returncode}: {_last_line(done.stdout + done.stderr, folder)}"
        )
    return done.stdout


def _last_line(said: str, folder: Path) -> str:
    lines = [line for line in said.strip().splitlines() if line.strip()]
    return lines[-1].replace(str(folder), "")[:160] if lines else "no message"


def _on_grid(volume: Volume, grid: SliceGrid) -> Volume:
    """Give the axes of the headers to dcm2niix' volume, which must lie where the headers say."""
    wanted = Volume(np.broadcast_to(np.float32(0), grid.shape), grid.affine)
    corners = np.array([[i, j, k, 1] for i in (0, 1) for j in (0, 1) for k in (0, 1)]).T
    ends = np.array([*(np.array(grid.shape) - 1), 1])[:, None]
    places = (grid.affine @ (corners * ends))[:3]
    sizes = np.array([*(np.array(volume.array.shape) - 1), 1])[:, None]
    found = (volume.affine @ (corners * sizes))[:3]
    distances = np.linalg.norm(places[:, :, None] - found[:, None, :], axis=0).min(axis=1)
    if sorted(volume.array.shape) != sorted(grid.shape) or distances.max() > _PLACE_TOLERANCE_MM:
        raise SeriesError("The grid that dcm2niix wrote is not the one that the headers describe")
    snapped = Volume(volume.array, _snapped(volume, wanted))
    return in_order_of(snapped, wanted)


def _snapped(volume: Volume, wanted: Volume) -> np.ndarray:
    """Give the affine of the headers, with all digits, in the order of axes of the NIfTI file, which has float32."""
    steps = np.linalg.solve(wanted.affine, volume.affine)
    whole = np.rint(steps)
    return wanted.affine @ whole


def _syntax_name(uid: str) -> str:
    from pydicom import config
    from pydicom.uid import UID

    name = UID(uid, config.IGNORE).name
    return f"{name} ({uid})" if name != uid else "unknown"
