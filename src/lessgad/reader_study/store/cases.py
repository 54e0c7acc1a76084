# SPDX-License-Identifier: Apache-2.0
"""Cases as they are put into a new database: their grid and their images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from lessgad.reader_study.store.tables import Image, ReadingCase
from lessgad.viewer.browser_images import Grid


@dataclass(frozen=True)
class NewCase:
    """A case whose images are written.

    Attributes:
        id: Opaque.
        grid: Grid of all its images.
        images: Name and SHA-256 of each, by kind.
    """

    id: str
    grid: Grid
    images: Mapping[str, tuple[str, str]]


def add_case(session: Session, case: NewCase) -> None:
    """Store a case with its images.

    Args:
        session: Session of the database.
        case: The case to add.
    """
    n_x, n_y, n_z = case.grid.shape
    x_mm, y_mm, z_mm = case.grid.spacing_mm
    session.add(
        ReadingCase(
            id=case.id,
            lesion_slice=case.grid.lesion_slice,
            first_slice=case.grid.first_slice,
            n_x=n_x,
            n_y=n_y,
            n_z=n_z,
            spacing_x_mm=x_mm,
            spacing_y_mm=y_mm,
            spacing_z_mm=z_mm,
            tissue=case.grid.tissue,
        )
    )
    session.flush()
    for kind, (name, sha256) in case.images.items():
        session.add(Image(id=name, case_id=case.id, kind=kind, sha256=sha256))
    session.flush()
