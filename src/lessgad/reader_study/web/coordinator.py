# SPDX-License-Identifier: Apache-2.0
"""The coordinator's page: how far everybody is, never what they answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from sqlmodel import Session, col, func, select
from starlette.responses import RedirectResponse, Response

from lessgad.reader_study.store.accounts import account_id_of, accounts
from lessgad.reader_study.store.answer_sets import signed_off_at
from lessgad.reader_study.store.assignments import Assignment, assignments
from lessgad.reader_study.store.logins import Visitor, end_all_logins
from lessgad.reader_study.store.tables import Account, Login, StoredProtocol
from lessgad.reader_study.web.state import State, state_of
from lessgad.reader_study.web.templates import page
from lessgad.reader_study.web.titles import NumberedCase, labels
from lessgad.reader_study.web.visitors import Coordinator, OwnForm

router = APIRouter()
Study = Annotated[State, Depends(state_of)]


@dataclass(frozen=True)
class ReaderProgress:
    """Progress of one reader.

    Attributes:
        account: Account of the reader.
        cases: Cases with their state.
        n_done: Handed in.
        n_revised: Handed in more than once.
        seen_at: Time of the last visit; None if there was none.
        is_logged_in: Whether there is a login to end.
        signed_at: Time of the sign-off; None before.
    """

    account: Account
    cases: tuple[NumberedCase, ...]
    n_done: int
    n_revised: int
    seen_at: float | None
    is_logged_in: bool
    signed_at: float | None


def progress_page(visitor: Visitor, state: State) -> Response:
    """Show the progress of each reader by case.

    Args:
        visitor: The coordinator.
        state: State of the server.

    Returns:
        The page.
    """
    with state.study.store.reading() as session:
        readers = [_progress(session, account, state) for account in accounts(session, "reader")]
        frozen = session.get(StoredProtocol, 1)
    return page(
        "progress",
        visitor,
        readers=readers,
        n_signed=sum(reader.signed_at is not None for reader in readers),
        frozen=frozen,
        settings=state.study.protocol.settings,
        n_cases=sum(not case.practice for case in state.study.protocol.cases),
        n_practice=sum(case.practice for case in state.study.protocol.cases),
        questionnaire=state.study.protocol.questionnaire,
        experiment=state.experiment,
    )


@router.post("/accounts/{account_id}/logout")
def end_logins(account_id: int, _visitor: Coordinator, _form: OwnForm, state: Study) -> Response:
    """Log a reader out everywhere.

    Args:
        account_id: ID of the account.
        _visitor: The coordinator, who must be logged in.
        _form: The checked form.
        state: State of the server, with the reader study.

    Returns:
        A redirect.
    """
    with state.study.store.writing() as session:
        account = session.get(Account, account_id)
        if account is None or account.role != "reader":
            raise HTTPException(404)
        end_all_logins(session, state.now(), account_id)
    return RedirectResponse("/", 303)


def _progress(session: Session, account: Account, state: State) -> ReaderProgress:
    account_id = account_id_of(account)
    given: list[Assignment] = assignments(session, account_id, state.now(), state.study.protocol)
    seen_at = session.exec(select(func.max(Login.seen_at)).where(Login.account_id == account_id)).one()
    is_open = session.exec(select(Login).where(Login.account_id == account_id, col(Login.ended_at).is_(None))).first()
    return ReaderProgress(
        account=account,
        cases=tuple(labels(given)),
        n_done=sum(one.n_revisions > 0 for one in given),
        n_revised=sum(one.n_revisions > 1 for one in given),
        seen_at=seen_at,
        is_logged_in=is_open is not None,
        signed_at=signed_off_at(session, account_id),
    )
