# SPDX-License-Identifier: Apache-2.0
"""Problem files as people have them, made of a plain generated study; what each must come to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
from nibabel.orientations import apply_orientation, inv_ornt_aff

Files = dict[str, Path]


@dataclass(frozen=True)
class Problem:
    """A kind of problem file.

    Attributes:
        spoil: Changes the files of a plain study.
        failed: Words of the reason why the study is left out; None where it is used.
        caution: Words of the caution; None where there is none.
        plain: Whether tumor volume and enhancement must be those of the plain study.
    """

    spoil: Callable[[Files], None]
    failed: str | None = None
    caution: str | None = None
    plain: bool = False


def load(path: Path) -> tuple[np.ndarray, np.ndarray]:
    image = nibabel.load(path)
    return np.asanyarray(image.dataobj), image.affine


def save(path: Path, array: np.ndarray, affine: np.ndarray, change: Callable[..., None] = lambda _header: None) -> None:
    """Write a NIfTI; `change` is given the header last, so that nothing mends it on the way."""
    image = nibabel.nifti1.Nifti1Image(array, affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    header = image.header.copy()
    change(header)
    path.unlink(missing_ok=True)
    nibabel.save(nibabel.nifti1.Nifti1Image(array, None, header), path)


def change_headers(files: Files, change: Callable[..., None], *names: str) -> None:
    for name in names or tuple(files):
        array, affine = load(files[name])
        save(files[name], array, affine, change)


def sidecar(image: Path) -> Path:
    return image.with_name(image.name.replace(".nii.gz", ".json"))


def units(code: int, factor: float) -> Callable[[Files], None]:
    def change(header) -> None:
        affine = header.get_sform()
        affine[:3] *= factor
        header.set_sform(affine, 1)
        header.set_qform(affine, 1)
        header["xyzt_units"] = code

    return lambda files: change_headers(files, change)


def wrapped(name: str) -> Callable[[Files], None]:
    def spoil(files: Files) -> None:
        array, affine = load(files[name])
        values = np.round(array * (45000 / array.max())).astype(np.uint16)
        save(files[name], values.view(np.int16), affine)

    return spoil


def wrapped_unsigned(files: Files) -> None:
    """Stored without a sign in 12 bits: scalp and tumor come out dark."""
    array, affine = load(files["t1ce"])
    save(files["t1ce"], (np.round(array * (6000 / array.max())).astype(int) % 4096).astype(np.int16), affine)


def coils(n: int, snr: float) -> Callable[[Files], None]:
    """Sums of squares over receiver coils: the noise of all of them is in the air, that of one in tissue."""

    def spoil(files: Files) -> None:
        rng = np.random.default_rng(3)
        for name in ("t1", "t1ce"):
            array, affine = load(files[name])
            parts = rng.normal(0, np.median(array[array > 0.3 * array.max()]) / snr, (2 * n, *array.shape))
            parts[0] += array
            save(files[name], np.sqrt((parts**2).sum(axis=0)).astype(np.float32), affine)

    return spoil


def slab(files: Files) -> None:
    for path in files.values():
        array, affine = load(path)
        save(path, array[:, :, 3:7], affine @ np.diag([1, 1, 0.08, 1]))


def padded(*names: str) -> Callable[[Files], None]:
    """These scans were made up to the middle of the tumor, and filled up with zeros."""

    def spoil(files: Files) -> None:
        labels, affine = load(files["mask"])
        middle = int(np.flatnonzero((labels > 0).any(axis=(1, 2))).mean())
        scanned = np.arange(labels.shape[0])[:, None, None] >= middle
        for name in names:
            save(files[name], np.where(scanned, load(files[name])[0], 0).astype(np.float32), affine)

    return spoil


def padded_more(files: Files) -> None:
    (t1ce, affine), (labels, _) = load(files["t1ce"]), load(files["mask"])
    end = int(np.flatnonzero((labels > 0).any(axis=(1, 2))).max())
    save(files["t1ce"], np.where(np.arange(t1ce.shape[0])[:, None, None] >= end, t1ce, 0).astype(np.float32), affine)


def codes(value: int, *names: str) -> Callable[[Files], None]:
    def change(header) -> None:
        header["sform_code"] = header["qform_code"] = value

    return lambda files: change_headers(files, change, *names)


def sform_identity(files: Files) -> None:
    change_headers(files, lambda header: header.set_sform(np.eye(4), 1))


def copy_of_t1(factor: float) -> Callable[[Files], None]:
    def spoil(files: Files) -> None:
        array, affine = load(files["t1"])
        save(files["t1ce"], (factor * array).astype(np.float32), affine)

    return spoil


def moved_copy_of_t1(files: Files) -> None:
    array, affine = load(files["t1"])
    moved = affine.copy()
    moved[:3, 3] += (3.0, -2.0, 5.0)
    save(files["t1ce"], array, moved)


def swapped(files: Files) -> None:
    (t1, affine), (t1ce, _) = load(files["t1"]), load(files["t1ce"])
    save(files["t1"], t1ce, affine)
    save(files["t1ce"], t1, affine)


def offset(by: float) -> Callable[[Files], None]:
    def spoil(files: Files) -> None:
        for name in ("t1", "t1ce"):
            array, affine = load(files[name])
            save(files[name], (array + by).astype(np.float32), affine)

    return spoil


def capped(files: Files) -> None:
    (t1ce, affine), (labels, _) = load(files["t1ce"]), load(files["mask"])
    save(files["t1ce"], np.minimum(t1ce, np.quantile(t1ce[labels > 0], 0.3)).astype(np.float32), affine)


def says(name: str, text: bytes | dict) -> Callable[[Files], None]:
    content = text if isinstance(text, bytes) else json.dumps(text).encode()
    return lambda files: void(sidecar(files[name]).write_bytes(content))


def void(_result: object) -> None:
    return None


def turned(names: tuple[str, ...], axes: list[tuple[int, int]]) -> Callable[[Files], None]:
    def spoil(files: Files) -> None:
        for name in names:
            array, affine = load(files[name])
            order = np.array(axes, dtype=float)
            save(files[name], apply_orientation(array, order), affine @ inv_ornt_aff(order, array.shape))

    return spoil


def not_there(name: str) -> Callable[[Files], None]:
    def spoil(files: Files) -> None:
        files[name].unlink()
        files[name].symlink_to("../../.git/annex/objects/x/MD5E-s1--0.nii.gz")

    return spoil


LPS = [(0, -1), (1, -1), (2, 1)]
LATIN = '{"EchoTime": 0.004,\t"PatientComment": "Kopf\tM\xfcnchen", "x": -nan, "y": [1, 2,],}'.encode("latin-1")
PROBLEMS: dict[str, Problem] = {
    "wrappedce": Problem(wrapped("t1ce"), failed="strongly negative"),
    "wrappedt1": Problem(wrapped("t1"), failed="strongly negative"),
    "wrappedunsigned": Problem(wrapped_unsigned, caution="bright values of the T1ce lost"),
    "meters": Problem(units(1, 1e-3), plain=True),
    "microns": Problem(units(3, 1e3), plain=True),
    "notmetres": Problem(units(1, 1.0), failed="the size of a head"),
    "notmicrons": Problem(units(3, 1.0), failed="the size of a head"),
    "nounits": Problem(units(0, 1.0), plain=True),
    "padded": Problem(padded("t1ce"), caution="of the tumor; the rest is left out"),
    "paddedt1": Problem(padded("t1"), caution="of the tumor; the rest is left out"),
    "paddedboth": Problem(padded("t1", "t1ce"), caution="of the tumor; the rest is left out"),
    "paddedmore": Problem(padded_more, failed="at least half is needed"),
    "nocodes": Problem(codes(0), failed="codes of 0"),
    "nocodesmask": Problem(codes(0, "mask"), failed="codes of 0"),
    "template": Problem(codes(4), plain=True),
    "sform": Problem(sform_identity, failed="two voxel sizes"),
    "identical": Problem(copy_of_t1(1.0), failed="one scan under two names"),
    "identicaltwice": Problem(copy_of_t1(2.0), failed="one scan under two names"),
    "identicalmoved": Problem(moved_copy_of_t1, failed="one scan under two names"),
    "swapped": Problem(swapped, caution="may be swapped"),
    "saysno": Problem(says("t1ce", {"ContrastBolusAgent": "NONE"}), caution="no contrast agent", plain=True),
    "zeroml": Problem(
        says("t1ce", {"ContrastBolusAgent": "Gadovist", "ContrastBolusVolume": 0}),
        caution="no contrast agent",
        plain=True,
    ),
    "saysyes": Problem(
        says("t1", {"ContrastBolusIngredient": "Gadovist"}), caution="names a contrast agent", plain=True
    ),
    "offset": Problem(offset(150.0), failed="is not near zero"),
    "smalloffset": Problem(offset(10.0), failed="is not near zero"),
    "negativeoffset": Problem(offset(-80.0), failed="is not near zero"),
    "coils": Problem(coils(8, 30), failed="{noise_floor: keep}"),
    "capped": Problem(capped, caution="saturated"),
    "latin": Problem(says("t1ce", LATIN), plain=True),
    "lpsmask": Problem(turned(("mask",), LPS), plain=True),
    "lpsimages": Problem(turned(("t1", "t1ce"), LPS), plain=True),
    "milliseconds": Problem(
        says("t1ce", {"ScanningSequence": "GR", "RepetitionTime": 25, "EchoTime": 0.004}), failed="Did you mean 0.025?"
    ),
    "flipangle": Problem(says("t1", {"FlipAngle": 370}), failed="is 370; it must lie between 2 and 180"),
    "gauss": Problem(says("t1ce", {"MagneticFieldStrength": 15000}), failed="Did you mean 1.5?"),
    "annexed": Problem(not_there("t1ce"), failed="a link to a file that is not here"),
    "annexedmask": Problem(not_there("mask"), failed="a link to a file that is not here"),
    "seventesla": Problem(says("t1ce", {"MagneticFieldStrength": 7}), caution="7 T", plain=True),
}
#: Whether they can be used is not certain; that they stop nobody else is.
SLAB = slab
