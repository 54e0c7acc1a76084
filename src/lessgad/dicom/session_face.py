# SPDX-License-Identifier: Apache-2.0
"""One plane for all scans of a session: a strip that is cut off in one scan alone would look like enhancement."""

from __future__ import annotations

from threading import Lock

from lessgad.dicom.candidate import Candidate
from lessgad.dicom.deface import FacePlane, deface, find_face_plane
from lessgad.dicom.nifti_conversion import convert
from lessgad.errors import SeriesError, StudyError
from lessgad.volume import Volume


class SessionFace:
    """The plane of a session, found when the first of its images is written.

    Args:
        reference: Its T1, or else whichever scan comes first; the same in each import.
    """

    def __init__(self, reference: Candidate) -> None:
        self._reference = reference
        self._plane: FacePlane | None = None
        self._is_known = False
        self._lock = Lock()

    def removed_from(self, scan: Volume) -> Volume:
        """Remove the face from a scan; a scan in another head position gets a plane of its own.

        Args:
            scan: The scan.

        Returns:
            The scan without the face.

        Raises:
            SeriesError: No head was found, or the reference cannot be converted.
        """
        shared = self._found()
        try:
            own = find_face_plane(scan)
        except StudyError as error:
            raise SeriesError(f"The face cannot be removed. {error.problem}") from error
        plane = shared if shared is not None and (own is None or shared.like(own)) else own
        return scan if plane is None else deface(scan, plane)

    def _found(self) -> FacePlane | None:
        with self._lock:
            if not self._is_known:
                grid = self._reference.grid
                if grid is not None:
                    volume, _ = convert(grid, self._reference.series.header.transfer_syntax_uid)
                    try:
                        self._plane = find_face_plane(volume)
                    except StudyError as error:
                        raise SeriesError(f"The face cannot be removed. {error.problem}") from error
                self._is_known = True
            return self._plane


def reference_of(candidates: tuple[Candidate, ...]) -> Candidate:
    """The scan that the plane of a session is found in: the one before contrast, where there is one."""
    return min(candidates, key=lambda one: (one.suffix != "T1w", one.suffix, one.series.header.series_uid))
