# SPDX-License-Identifier: Apache-2.0
import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lessgad.atomic_write import replacing, saying_why, write_text
from lessgad.errors import StorageError, VolumeError
from lessgad.volume import Volume, read_volume, write_volume

SMALL_DISK = """
import sys
from pathlib import Path
from lessgad.errors import StorageError
folder = Path(sys.argv[1])
for name, write in WRITERS.items():
    path = folder / name
    path.write_text("old")
    try:
        write(path)
    except StorageError as error:
        print(name, error.problem)
    assert path.read_text() == "old", name
    path.unlink()
    assert not list(folder.iterdir()), list(folder.iterdir())
"""
PLAIN_WRITERS = """
import numpy as np
from lessgad.atomic_write import write_text
from lessgad.volume import Volume, write_volume
noise = Volume(np.random.default_rng(0).normal(size=(64, 64, 64)).astype(np.float32), np.eye(4))
WRITERS = {
    "a.txt": lambda path: write_text(path, "x" * 10**6),
    "a.nii": lambda path: write_volume(path, noise),
    "a.nii.gz": lambda path: write_volume(path, noise),
}
"""
TORCH_WRITERS = """
import torch
from safetensors.torch import save_file
from lessgad.atomic_write import replacing
def tensors(path):
    with replacing(path) as temporary:
        save_file({"a": torch.ones(10**6)}, temporary)
def pickled(path):
    with replacing(path) as temporary:
        torch.save({"a": torch.ones(10**6)}, temporary)
WRITERS = {"a.safetensors": tensors, "a.pt": pickled}
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_writes_and_replaces(tmp_path: Path):
    path = tmp_path / "new" / "folder" / "a.txt"
    write_text(path, "old")
    write_text(path, "new é\n")
    assert path.read_bytes() == "new é\n".encode()
    assert names(path.parent) == ["a.txt"]


@pytest.mark.parametrize("error", [RuntimeError("bug"), KeyboardInterrupt(), VolumeError("a"), OSError("x")])
def test_exception_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: BaseException):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(error)), replacing(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_old_file_is_whole_while_the_new_one_is_written(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_block_that_writes_nothing_does_not_empty_the_file(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), replacing(path):
        pass
    assert path.read_text() == "old"


def test_temporary_keeps_the_suffixes_and_hides(tmp_path: Path):
    with replacing(tmp_path / "a.nii.gz") as temporary:
        assert temporary.suffixes[-2:] == [".nii", ".gz"]
        assert temporary.name.startswith(".")
        assert temporary.parent == tmp_path
        temporary.touch()


@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077, 0o027])
def test_permissions_are_those_of_a_new_file(tmp_path: Path, umask: int):
    before = os.umask(umask)
    try:
        (tmp_path / "plain").touch()
        with replacing(tmp_path / "ours") as temporary:
            temporary.touch()
            temporary.chmod(0o600)  # as safetensors does
    finally:
        os.umask(before)
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EFBIG])
def test_operating_system_says_no(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def refuse(_descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError) as caught:
        write_text(path, "new")
    assert os.strerror(code).lower() in str(caught.value)
    assert str(path) in str(caught.value)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_full_disk_of_a_volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.nii.gz"
    old = Volume(np.arange(8, dtype=np.float32).reshape(2, 2, 2), np.eye(4))
    write_volume(path, old)
    import nibabel

    streams = []

    def full(_image: object, stream: Any) -> None:
        streams.append(stream)
        stream.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(nibabel.nifti1.Nifti1Image, "to_stream", full)
    with pytest.raises(StorageError, match="no space left"):
        write_volume(path, old.with_array(old.array + 1))
    assert [stream.closed for stream in streams] == [True]
    np.testing.assert_array_equal(read_volume(path).array, old.array)
    assert names(tmp_path) == ["a.nii.gz"]


def test_parent_that_is_a_file(tmp_path: Path):
    (tmp_path / "a").write_text("a file")
    with pytest.raises(StorageError):
        write_text(tmp_path / "a" / "b.txt", "x")
    assert (tmp_path / "a").read_text() == "a file"


def test_target_that_is_a_folder(tmp_path: Path):
    (tmp_path / "a").mkdir()
    with pytest.raises(StorageError):
        write_text(tmp_path / "a", "x")
    assert names(tmp_path) == ["a"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_saying_why_names_the_path():
    with pytest.raises(StorageError, match=r"somewhere.*no space left"), saying_why(Path("somewhere")):
        Path("/dev/full").write_text("x")


def test_saying_why_leaves_other_errors_alone():
    for error in (
        ValueError("x"),
        FileNotFoundError(errno.ENOENT, "x"),
        VolumeError("a"),
        KeyError("os error 28"),
    ):
        with pytest.raises(type(error)), saying_why(Path("somewhere")):
            raise error


def test_cause_of_another_library_is_found():
    for error in (RuntimeError("I/O error: No space left on device (os error 28)"), _wrapped()):
        with pytest.raises(StorageError, match="no space left"), saying_why(Path("somewhere")):
            raise error


def _wrapped() -> Exception:
    error = RuntimeError("write failed")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    return error


def on_a_disk(options: str, writers: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Run the writers in a namespace of their own, where a small disk can be mounted."""
    probe = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", str(tmp_path)]
    try:
        allowed = subprocess.run(probe, capture_output=True).returncode == 0
    except FileNotFoundError:
        allowed = False
    if not allowed:
        pytest.skip("no disk can be mounted here")
    mount = f'mount -t tmpfs -o {options} none "$1" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "-rm", "sh", "-c", mount, "sh", str(tmp_path), sys.executable, writers + SMALL_DISK]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize(
    "writers", [PLAIN_WRITERS, pytest.param(TORCH_WRITERS, marks=pytest.mark.slow)], ids=["plain", "torch"]
)
def test_disk_that_is_really_full(tmp_path: Path, writers: str):
    result = on_a_disk("size=128k", writers, tmp_path)
    assert result.returncode == 0, result.stderr
    told = result.stdout.splitlines()
    assert len(told) >= 2
    assert all("no space left" in line for line in told)


def test_disk_that_is_really_read_only(tmp_path: Path):
    (tmp_path / "a.txt").write_text("old")
    script = (
        "import sys; from pathlib import Path; from lessgad.atomic_write import write_text\n"
        "from lessgad.errors import StorageError\n"
        "try: write_text(Path(sys.argv[1]) / 'a.txt', 'new')\n"
        "except StorageError as error: print(error.problem)\n"
    )
    mount = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "-rm", "sh", "-c", mount, "sh", str(tmp_path), sys.executable, script]
    try:
        result = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if result.returncode == 32 or "unshare" in result.stderr or "mount" in result.stderr:
        pytest.skip("nothing can be mounted here")
    assert result.stdout.strip() == "This file cannot be written: read-only file system", result.stderr
    assert (tmp_path / "a.txt").read_text() == "old"
