# SPDX-License-Identifier: Apache-2.0
"""The queue of a node: folders on disk that a study moves through by renaming, so that kill -9 loses nothing.

    incoming/ID/   images that arrive; each is flushed to disk before its sender is told that it arrived
    working/ID/    a study that is complete; its result is in results/ID/, for as long as the study is here
    failed/ID/     a study that failed, with reason.txt; `retry` moves it back to incoming/
    done/ID.json   which images have been worked on; the images themselves are deleted

ID is a digest of StudyInstanceUID and identifies nobody. A rename is one step: a study is in one place at any time.
What was in working/ when the node died is worked on again; as UIDs of results follow from their content, sending them
again adds nothing to an archive.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from hashlib import sha256
from pathlib import Path

from lessgad.atomic_write import replacing, write_text

_ID_LENGTH = 20
_REASON = "reason.txt"


def digest(uid: str) -> str:
    """Name something by its UID without naming it."""
    return sha256(uid.encode()).hexdigest()[:_ID_LENGTH]


class NodeQueue:
    """Studies of a node on disk.

    Args:
        root: The folder; made for its owner alone where it does not exist.

    Attributes:
        listening_since: Time at which the node began to receive; quiet periods start then at the earliest.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.listening_since = 0.0
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(0o700)
        for name in ("incoming", "working", "failed", "done", "results"):
            (root / name).mkdir(exist_ok=True)
        self._moving = threading.Lock()

    def add(self, study_uid: str, sop_uid: str, content: bytes) -> str:
        """Store one image on disk; a repeated image replaces the earlier one.

        Args:
            study_uid: StudyInstanceUID.
            sop_uid: SOPInstanceUID.
            content: The DICOM file.

        Returns:
            ID of the study in the queue.

        Raises:
            StorageError: The disk is full.
        """
        study = digest(study_uid)
        folder = self.root / "incoming" / study
        with self._moving, replacing(folder / f"{digest(sop_uid)}.dcm") as temporary:
            temporary.write_bytes(content)
        return study

    def take_complete(self, quiet_s: float) -> list[str]:
        """Move studies without new images for long enough to working/.

        A study of which every image was worked on before is dropped. One that failed before is joined with what came
        later, and tried again.

        Args:
            quiet_s: Seconds without a new image after which a study is complete.

        Returns:
            IDs of the moved studies.
        """
        taken = []
        for folder in sorted((self.root / "incoming").iterdir()):
            study = folder.name
            with self._moving:
                images = _images(folder)
                newest = max((path.stat().st_mtime for path in images), default=folder.stat().st_mtime)
                newest = max(newest, self.listening_since)  # the sender could not go on while there was no node
                if time.time() - newest < quiet_s or (self.root / "working" / study).exists():
                    continue
                if {path.stem for path in images} <= self.worked_on(study):
                    shutil.rmtree(folder)
                    continue
                failed = self.root / "failed" / study
                if failed.exists():
                    for path in _images(failed):
                        if not (folder / path.name).exists():
                            path.rename(folder / path.name)
                    shutil.rmtree(failed)
                folder.rename(self.root / "working" / study)
                taken.append(study)
        return taken

    def is_done(self, study: str) -> bool:
        """Whether every image of a study in working/ was worked on: the node died before it deleted them."""
        return self._digests(study) <= self.worked_on(study)

    def working(self) -> list[str]:
        """IDs of studies that are complete and not done."""
        return sorted(folder.name for folder in (self.root / "working").iterdir())

    def images(self, study: str) -> Path:
        """Folder with the images of a study that is worked on."""
        return self.root / "working" / study

    def result(self, study: str) -> Path:
        """Folder of its result; if it exists, it is complete."""
        return self.root / "results" / study

    def finish(self, study: str) -> None:
        """Note a study as done and delete its images and its result."""
        seen = self.worked_on(study) | self._digests(study)
        write_text(self.root / "done" / f"{study}.json", json.dumps(sorted(seen)) + "\n")
        self._delete(study)

    def fail(self, study: str, reason: str) -> None:
        """Keep a study that failed, with the reason.

        Args:
            study: ID of the study in the queue.
            reason: The reason, in words.
        """
        folder = self.images(study)
        write_text(folder / _REASON, reason + "\n")
        with self._moving:
            target = self.root / "failed" / study
            if target.exists():
                shutil.rmtree(target)
            folder.rename(target)
        shutil.rmtree(self.result(study), ignore_errors=True)  # images that join the study would not be in it

    def failed(self) -> dict[str, str]:
        """Reasons of the studies that failed, by ID."""
        found = {}
        for folder in sorted((self.root / "failed").iterdir()):
            reason = folder / _REASON
            found[folder.name] = reason.read_text(encoding="utf-8").strip() if reason.exists() else "unknown"
        return found

    def retry(self, study: str) -> None:
        """Move a failed study back to incoming/; later images join it, and the quiet period starts again."""
        with self._moving:
            source, target = self.root / "failed" / study, self.root / "incoming" / study
            if not target.exists():
                source.rename(target)
                return
            for path in _images(source):
                path.touch()
                path.replace(target / path.name)
            shutil.rmtree(source)

    def clean(self) -> None:
        """Delete what a node that died left half-written or half-deleted; for the one node that holds the queue."""
        for path in [*self.root.glob("incoming/*/.tmp-*"), *self.root.glob("*/.tmp-*"), *self.root.glob("*/.trash-*")]:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        for result in (self.root / "results").iterdir():
            if not self.images(result.name).exists():
                shutil.rmtree(result, ignore_errors=True)

    def counts(self) -> dict[str, int]:
        """How many studies are where."""
        return {name: len(list((self.root / name).iterdir())) for name in ("incoming", "working", "failed", "done")}

    def worked_on(self, study: str) -> set[str]:
        """Digests of the images of a study that were worked on."""
        path = self.root / "done" / f"{study}.json"
        return set(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else set()

    def _digests(self, study: str) -> set[str]:
        return {path.stem for path in _images(self.images(study))}

    def _delete(self, study: str) -> None:
        """Images first, so that a study that is half deleted is not worked on again without some of them."""
        trash = self.root / "results" / f".trash-{study}"
        if self.images(study).exists():
            self.images(study).rename(trash)
            shutil.rmtree(trash, ignore_errors=True)
        shutil.rmtree(self.result(study), ignore_errors=True)


def _images(folder: Path) -> list[Path]:
    """Whole images; one that is being written begins with a dot."""
    return [path for path in folder.glob("*.dcm") if not path.name.startswith(".")]
