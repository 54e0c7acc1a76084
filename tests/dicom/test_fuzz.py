# SPDX-License-Identifier: Apache-2.0
"""Mutated files: a result or one clear error; no traceback, no hang, nothing half-written.

Each mutant is made by one to four of: bits flipped, bytes cut off, a piece moved, a tag swapped, a length changed.
"""

import time

import numpy as np
import pytest
from small_export import files, write_export

from lessgad.cli.main import exit_code
from lessgad.dicom.export import gather
from lessgad.dicom.import_rules import read_rules
from lessgad.dicom.read_instance import is_dicom, read_instance
from lessgad.dicom.roles import assign_roles
from lessgad.errors import DicomError, VolumeError
from lessgad.volume import Volume, read_volume, write_volume

LONGEST_S = 20
IN_MAKE_TEST, IN_SOAK = 200, 2000


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        kind, at = rng.integers(5), int(rng.integers(len(data)))
        if rng.random() < 0.7:
            at = min(at, int(rng.integers(132, 3000)), len(data) - 1)  # most of the header is there
        if kind == 0:
            for place in rng.integers(at, min(at + 40, len(data)), 8):
                data[place] ^= 1 << int(rng.integers(8))
        elif kind == 1 and len(data) > 200:
            del data[max(at, 140) :]
        elif kind == 2:
            piece = data[at : at + int(rng.integers(1, 60))]
            data[at:at] = piece
        elif kind == 3:
            other = int(rng.integers(132, min(3000, len(data)))) if len(data) > 140 else 0
            data[at : at + 4], data[other : other + 4] = data[other : other + 4], data[at : at + 4]
        else:
            data[at : at + 4] = int(rng.integers(2**32)).to_bytes(4, "little")
    return bytes(data)


pytestmark = pytest.mark.filterwarnings("error:.*VR")


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """A file of each vendor, read."""
    folder = tmp_path_factory.mktemp("originals")
    write_export(folder)
    return [next(files(vendor)).read_bytes() for vendor in sorted(folder.iterdir())]


def check_headers(tmp_path, originals, count, seed):
    """Read the headers of mutants and decide on them, as an import does before it writes."""
    rules, rng = read_rules(), np.random.default_rng(seed)
    path, n_read = tmp_path / "mutant", 0
    for number in range(count):
        path.write_bytes(mutated(originals[number % len(originals)], rng))
        began = time.monotonic()
        try:
            if is_dicom(path):  # a warning would be an error, as it prints what the header holds
                for candidate in assign_roles(gather([read_instance(path)]), rules):
                    assert candidate.reason
                    n_read += 1
        except DicomError as error:
            assert "\n" not in str(error)
        assert time.monotonic() - began < LONGEST_S, number
    assert count / 10 < n_read < count  # some are unharmed, some are not


def check_volumes(tmp_path, count, seed):
    rng = np.random.default_rng(seed)
    source = tmp_path / "image.nii"
    write_volume(source, Volume(rng.integers(0, 900, (6, 7, 5)).astype(np.int16), np.diag([1.0, 2.0, 3.0, 1.0])))
    content, n_read = source.read_bytes(), 0
    for number in range(count):
        flat = bytearray(mutated(bytes(132) + content, rng)[132:])
        path = tmp_path / f"mutant.{'nii.gz' if number % 7 == 0 else 'nii'}"
        path.write_bytes(flat)
        began = time.monotonic()
        try:
            n_read += np.isfinite(read_volume(path).array).all()
        except VolumeError as error:
            assert "\n" not in str(error)
        assert time.monotonic() - began < LONGEST_S, number
    assert 0 < n_read < count


def check_imports(tmp_path, capfd, count, seed):
    """Import whole exports of which some files are mutants."""
    rng = np.random.default_rng(seed)
    write_export(tmp_path / "export")
    before = {path: path.read_bytes() for path in files(tmp_path / "export")}
    for number in range(count):
        for path, content in before.items():
            path.write_bytes(mutated(content, rng) if rng.random() < 0.3 else content)
        cohort = tmp_path / f"cohort{number}"
        assert exit_code(["import-dicom", str(tmp_path / "export"), str(cohort)]) in (0, 1, 2)
        said = capfd.readouterr().err
        assert "Traceback" not in said
        assert "arning" not in said
        assert "Invalid value" not in said  # pydicom's would print values of the header
        for image in cohort.rglob("*.nii.gz"):
            assert np.isfinite(read_volume(image).array).all()
            assert image.with_name(image.name.replace(".nii.gz", ".json")).exists()
        assert list(cohort.rglob(".tmp*")) == []


def test_mutated_headers(tmp_path, originals):
    check_headers(tmp_path, originals, IN_MAKE_TEST * 3 // 4, seed=1)


def test_mutated_volumes(tmp_path):
    check_volumes(tmp_path, IN_MAKE_TEST // 4, seed=1)


def test_exports_with_mutated_files(tmp_path, capfd):
    check_imports(tmp_path, capfd, 3, seed=1)


@pytest.mark.soak
def test_many_mutants(tmp_path, originals, capfd):
    for name in ("headers", "volumes", "imports"):
        (tmp_path / name).mkdir()
    check_headers(tmp_path / "headers", originals, IN_SOAK * 3 // 4, seed=2)
    check_volumes(tmp_path / "volumes", IN_SOAK // 4, seed=2)
    check_imports(tmp_path / "imports", capfd, 40, seed=2)
