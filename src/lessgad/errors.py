# SPDX-License-Identifier: Apache-2.0
"""Every error that lessgad raises on purpose.

The tree::

    LessgadError                     one clear line; never shown with a traceback
    ├── InputError                   what the user gave cannot be used           (exit code 2)
    │   ├── SettingsError            experiment.yaml or an option
    │   ├── CohortError              the BIDS folder, its files, its split
    │   ├── VolumeError              an image: unreadable, 4D, NaN, wrong grid
    │   ├── DoseError                a dose outside 0–1, or a wrong one for this model
    │   ├── ModelError               a model that is missing, damaged, or made for other inputs
    │   ├── DicomError               a DICOM file or export that cannot be read, or written
    │   ├── ReaderStudyError         a reader study that is missing, damaged, or not what it was when reading began
    │   └── StorageError             a disk that is full or a folder that cannot be written
    ├── StudyError                   one study cannot be prepared; the others go on (exit code 1)
    │   ├── RegistrationError        the images could not be brought into alignment
    │   ├── CalibrationError         the histograms do not say how the intensities relate
    │   └── SeriesError              a DICOM series that is no regular volume
    └── LockedError                  another run is at work on the same thing       (exit code 2)

Anything else that surfaces is a bug: it shows its traceback in the log and ends with exit code 3.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


class LessgadError(Exception):
    """An error that a user reads as one line: the file, what is wrong, what to do.

    Args:
        problem: What is wrong, as a full sentence with or without a period ("The image has 4 dimensions").
        path: The file or folder concerned, where there is one.
        remedy: What the user can do about it, as an imperative sentence.
    """

    def __init__(self, problem: str, *, path: Path | str | None = None, remedy: str | None = None) -> None:
        self.problem = problem
        self.path = path
        self.remedy = remedy
        super().__init__(problem)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.problem, self.path, self.remedy)

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path is not None else ""
        remedy = f" {_sentence(self.remedy)}" if self.remedy else ""
        line = f"{where}{_sentence(self.problem)}{remedy}"
        return " ".join(line.split())  # libraries put line breaks into what they say


def _restored(kind: type[LessgadError], problem: str, path: Path | str | None, remedy: str | None) -> LessgadError:
    return kind(problem, path=path, remedy=remedy)


def _sentence(words: str) -> str:
    return words if words.endswith(("?", "!")) else f"{words.rstrip('.')}."


class InputError(LessgadError):
    """What the user gave cannot be used."""


class SettingsError(InputError):
    """experiment.yaml or an option of a command is not valid."""


class CohortError(InputError):
    """The cohort is not one that lessgad can read."""


class VolumeError(InputError):
    """An image cannot be used as it is."""


class DoseError(InputError):
    """A dose is not a fraction of the standard dose, or not one that a model knows."""


class ModelError(InputError):
    """A model is missing, damaged, or made for other inputs."""


class DicomError(InputError):
    """A DICOM file or export cannot be read, or a series cannot be written."""


class ReaderStudyError(InputError):
    """A reader study is missing, damaged, or not what it was when reading began."""


class StorageError(InputError):
    """A result could not be written."""


class StudyError(LessgadError):
    """One study cannot be used; the other studies are processed."""


class RegistrationError(StudyError):
    """Two images could not be brought into alignment."""


class CalibrationError(StudyError):
    """The histograms of two images do not say how their intensities relate."""


class SeriesError(StudyError):
    """A DICOM series is no regular volume, or cannot be converted."""


class LockedError(LessgadError):
    """Another run is at work on the same thing."""
