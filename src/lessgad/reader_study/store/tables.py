# SPDX-License-Identifier: Apache-2.0
"""The tables as Python sees them; the SQL in schema/ makes them. Times are Unix seconds, UTC."""

from __future__ import annotations

from typing import Literal

from sqlmodel import Field, SQLModel

Role = Literal["reader", "coordinator"]


class Account(SQLModel, table=True):
    """Somebody who can log in. Without a password hash the invitation is still open."""

    __tablename__ = "account"
    id: int | None = Field(default=None, primary_key=True)
    name: str
    role: str
    password_hash: str | None = None
    invitation_sha256: str | None = None
    invitation_ends_at: float | None = None
    n_failures: int = 0
    locked_until_at: float = 0.0
    face_notice_at: float | None = None
    created_at: float


class Login(SQLModel, table=True):
    """A browser that is logged in; ended ones stay."""

    __tablename__ = "login"
    token_sha256: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    csrf: str
    created_at: float
    seen_at: float
    ended_at: float | None = None


class ReadingCase(SQLModel, table=True):
    """The grid of a case; whose it is, only the protocol knows."""

    __tablename__ = "reading_case"
    id: str = Field(primary_key=True)
    lesion_slice: int | None = None
    first_slice: int
    n_x: int
    n_y: int
    n_z: int
    spacing_x_mm: float
    spacing_y_mm: float
    spacing_z_mm: float
    tissue: int


class Image(SQLModel, table=True):
    """One volume of a case; kind is ``pre_contrast``, ``standard_dose``, ``repeat`` or a dose label."""

    __tablename__ = "image"
    id: str = Field(primary_key=True)
    case_id: str = Field(foreign_key="reading_case.id")
    kind: str
    sha256: str


class StoredReading(SQLModel, table=True):
    """One reader reads one case once; `panels` is JSON: what is shown where, under which label."""

    __tablename__ = "reading"
    id: str = Field(primary_key=True)
    account_id: int = Field(foreign_key="account.id")
    case_id: str = Field(foreign_key="reading_case.id")
    place: int
    sitting: int
    occasion: int
    panels: str


class Draft(SQLModel, table=True):
    """Answers that are not handed in."""

    __tablename__ = "draft"
    reading_id: str = Field(primary_key=True, foreign_key="reading.id")
    answers: str
    reason: str
    saved_at: float


class PageView(SQLModel, table=True):
    """One time that the page of a reading was open, and for how long somebody was at it."""

    __tablename__ = "page_view"
    id: str = Field(primary_key=True)
    reading_id: str = Field(foreign_key="reading.id")
    opened_at: float
    active_s: float = 0.0


class StoredProtocol(SQLModel, table=True):
    """Design and questionnaire as they were at the first answer."""

    __tablename__ = "frozen_protocol"
    id: int = Field(default=1, primary_key=True)
    content: str
    sha256: str
    frozen_at: float


class AnswerSet(SQLModel, table=True):
    """Answers to one reading as handed in; the highest revision holds. `images` is JSON: kind → SHA-256."""

    __tablename__ = "answer_set"
    id: int | None = Field(default=None, primary_key=True)
    reading_id: str = Field(foreign_key="reading.id")
    revision: int
    answers: str
    reason: str
    images: str
    protocol_sha256: str
    active_s: float
    submission: str
    submitted_at: float


class SignOff(SQLModel, table=True):
    """A reader has finished; their answers no longer change."""

    __tablename__ = "sign_off"
    account_id: int = Field(primary_key=True, foreign_key="account.id")
    signed_at: float


class AuditEvent(SQLModel, table=True):
    """Events of the study, each with the hash of the one before."""

    __tablename__ = "audit_event"
    id: int | None = Field(default=None, primary_key=True)
    happened_at: float
    account_id: int | None = Field(default=None, foreign_key="account.id")
    event: str
    details: str
    previous_sha256: str
    sha256: str
