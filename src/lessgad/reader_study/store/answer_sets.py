# SPDX-License-Identifier: Apache-2.0
"""Answers as handed in: added, never changed; and drafts, which are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, select

from lessgad.errors import ReaderStudyError
from lessgad.reader_study.design import Reading
from lessgad.reader_study.responses import ReaderResponse
from lessgad.reader_study.store.assignments import image_kind, images_of
from lessgad.reader_study.store.audit import append_event, canonical, digest
from lessgad.reader_study.store.page_views import active_seconds
from lessgad.reader_study.store.tables import AnswerSet, Draft, SignOff


@dataclass(frozen=True)
class Submission:
    """The answers that a reader submits.

    Attributes:
        token: Token of the page that was submitted; the same page submitted twice is one submission.
        based_on: Revision that the page showed; 0 for none.
        answers: Valid ones.
        reason: Why a revision is made; of the first answers nothing is asked.
    """

    token: str
    based_on: int
    answers: Mapping[str, ReaderResponse]
    reason: str = ""


def submit(
    session: Session, at: float, account_id: int, reading: Reading, submission: Submission, protocol_sha256: str
) -> int:
    """Append answers as the next revision.

    Args:
        session: Session of the database.
        at: Current time, in seconds since 1970.
        account_id: ID of the account.
        reading: The reading: case, sitting and images.
        submission: The submitted answers.
        protocol_sha256: SHA-256 of the frozen protocol.

    Returns:
        Number of the revision; the earlier number if the page was already submitted.

    Raises:
        ReaderStudyError: Signed off, answered elsewhere in the meantime, or a revision without a reason.
    """
    sets = revisions(session, reading.id)
    for known in sets:
        if known.submission == submission.token:
            return known.revision
    if signed_off_at(session, account_id) is not None:
        raise ReaderStudyError("You have signed off; answers can no longer be changed")
    if submission.based_on != len(sets):
        raise ReaderStudyError(
            "This case was answered in another window in the meantime", remedy="Load it again to see the newest answers"
        )
    if sets and not submission.reason.strip():
        raise ReaderStudyError("A change needs a reason")
    shown = images_of(session, reading.case.id)
    images = {kind: shown[kind].sha256 for kind in sorted({image_kind(panel) for panel in reading.panels})}
    answers = canonical(dict(submission.answers))
    revision = len(sets) + 1
    session.add(
        AnswerSet(
            reading_id=reading.id,
            revision=revision,
            answers=answers,
            reason=submission.reason.strip(),
            images=canonical(images),
            protocol_sha256=protocol_sha256,
            active_s=active_seconds(session, reading.id),
            submission=submission.token,
            submitted_at=at,
        )
    )
    draft = session.get(Draft, reading.id)
    if draft is not None:
        session.delete(draft)
    append_event(
        session, at, account_id, "answers", reading=reading.id, revision=revision, sha256=answer_digest(answers, images)
    )
    return revision


def answer_digest(answers: str, images: Mapping[str, str]) -> str:
    """Compute the hash by which the audit log identifies an answer set: of the answers and of their images.

    Args:
        answers: Answers as JSON.
        images: SHA-256 of each image.

    Returns:
        The hash as hexadecimal digits.
    """
    return digest(canonical([answers, dict(images)]))


def revisions(session: Session, reading_id: str) -> list[AnswerSet]:
    """List all revisions of the answers to a reading, oldest first.

    Args:
        session: Session of the database.
        reading_id: ID of the reading.

    Returns:
        The revisions.
    """
    return list(
        session.exec(select(AnswerSet).where(AnswerSet.reading_id == reading_id).order_by(col(AnswerSet.revision)))
    )


def save_draft(
    session: Session, at: float, account_id: int, reading_id: str, answers: Mapping[str, ReaderResponse], reason: str
) -> None:
    """Keep answers that are not handed in; what is signed off has no draft.

    Args:
        session: Session of the database.
        at: Current time, in seconds since 1970.
        account_id: ID of the account.
        reading_id: ID of the reading.
        answers: Answers by item.
        reason: The reason, in words.
    """
    if signed_off_at(session, account_id) is not None:
        return
    draft = session.get(Draft, reading_id) or Draft(reading_id=reading_id, answers="{}", reason="", saved_at=at)
    draft.answers, draft.reason, draft.saved_at = canonical(dict(answers)), reason, at
    session.add(draft)


def answers_to_show(session: Session, reading_id: str) -> tuple[dict[str, ReaderResponse], str]:
    """Give the content of the form: the draft, or the newest answers without a draft.

    Args:
        session: Session of the database.
        reading_id: ID of the reading.

    Returns:
        Answers by item, and the reason in the draft.
    """
    draft = session.get(Draft, reading_id)
    if draft is not None:
        return dict(json.loads(draft.answers)), draft.reason
    sets = revisions(session, reading_id)
    return (dict(json.loads(sets[-1].answers)) if sets else {}), ""


def sign_off(session: Session, at: float, account_id: int) -> None:
    """Close a reader's answers for good; a second time changes nothing.

    Args:
        session: Session of the database.
        at: Current time, in seconds since 1970.
        account_id: ID of the account.
    """
    if signed_off_at(session, account_id) is None:
        session.add(SignOff(account_id=account_id, signed_at=at))
        append_event(session, at, account_id, "signed off")


def signed_off_at(session: Session, account_id: int) -> float | None:
    """Give the time at which a reader signed off.

    Args:
        session: Session of the database.
        account_id: ID of the account.

    Returns:
        Seconds since 1970; None if they have not.
    """
    row = session.get(SignOff, account_id)
    return row.signed_at if row is not None else None
