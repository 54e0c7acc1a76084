# SPDX-License-Identifier: Apache-2.0
"""One plane for all scans of a session: a strip that is cut off in one scan alone would look like enhancement."""

from __future__ import annotations

from threading import Lock

import numpy as np

from lessgad.dicom.candidate import Candidate
from lessgad.dicom.deface import FacePlane, deface, find_face_plane
from lessgad.dicom.nifti_conversion import convert
from lessgad.errors import RegistrationError, SeriesError, StudyError
from lessgad.preparation.rigid_transform import RigidTransform
from lessgad.volume import Volume

_ONE_AT_A_TIME = Lock()  # a registration takes a gigabyte


class SessionFace:
    """The plane of a session, found when the first of its images is written.

    Scans that share the frame of reference share the plane by their coordinates; another scan is registered first.

    Args:
        reference: Its T1, or else whichever scan comes first; the same in each import.
    """

    def __init__(self, reference: Candidate) -> None:
        self._reference = reference
        self._plane: FacePlane | None = None
        self._is_known = False
        self._lock = Lock()

    def removed_from(self, scan: Volume, candidate: Candidate) -> Volume:
        """Remove the face from a scan.

        Args:
            scan: The image of `candidate`.
            candidate: Its series, which says in which coordinates it lies.

        Returns:
            The scan without the face.

        Raises:
            SeriesError: No head was found, or the reference cannot be converted.
        """
        plane = self._found()
        if plane is None:  # the reference ends behind the face
            return _without_own_face(scan)
        if _share_coordinates(candidate, self._reference):
            return deface(scan, plane)
        try:
            return deface(scan, plane, self._to_reference(scan))
        except RegistrationError:  # a face that is left would be worse than a strip
            return _without_own_face(scan)

    def _found(self) -> FacePlane | None:
        with self._lock:
            if not self._is_known:
                if self._reference.grid is not None:
                    self._plane = _plane_of(_image(self._reference))
                self._is_known = True
            return self._plane

    def _to_reference(self, scan: Volume) -> RigidTransform:
        """Map points of a scan to points of the reference."""
        from lessgad.preparation.registration import register_rigid

        with _ONE_AT_A_TIME:
            return register_rigid(_in_float(scan), _in_float(_image(self._reference)))


def reference_of(candidates: tuple[Candidate, ...]) -> Candidate:
    """Choose the scan in which the plane of a session is found: the one before contrast if there is one."""
    return min(candidates, key=lambda one: (one.suffix != "T1w", one.suffix, one.series.header.series_uid))


def _share_coordinates(one: Candidate, other: Candidate) -> bool:
    """Whether two series lie in the same coordinates: one series, or one frame of reference that the headers name."""
    mine, theirs = one.series.header, other.series.header
    named = mine.frame_of_reference_uid or mine.series_uid
    return mine.series_uid == theirs.series_uid or named == theirs.frame_of_reference_uid


def _image(candidate: Candidate) -> Volume:
    if candidate.grid is None:
        raise AssertionError("a series without a grid has no role")
    return convert(candidate.grid, candidate.series.header.transfer_syntax_uid)[0]


def _in_float(scan: Volume) -> Volume:
    return scan.with_array(scan.array.astype(np.float32))


def _plane_of(scan: Volume) -> FacePlane | None:
    try:
        return find_face_plane(scan)
    except StudyError as error:
        raise SeriesError(f"The face cannot be removed. {error.problem}") from error


def _without_own_face(scan: Volume) -> Volume:
    plane = _plane_of(scan)
    return scan if plane is None else deface(scan, plane)
