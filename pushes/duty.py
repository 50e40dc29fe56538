"""The duty manager: an operator whose WeChat is known, who stops and resumes channels by chat.

He proves that a WeChat is his by sending a code that the console showed him. Who has left, or may
not stop pushes any more, is nobody here.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot import inbox
from content import customer_messages
from content.allowances import LONGEST, Action
from content.reviews import Hand
from kernel import activity, audit
from kernel.db import Base, insert_once
from kernel.operators import Operator
from pushes.pushes import Push

VALID_FOR = timedelta(minutes=10)
MOST_TRIES = 5
_TRIED = "duty.tried"
_WITHIN = timedelta(hours=1)
PERMISSION = "pushes.stop"

# Turns a code into what is kept of it; keyed, so that six digits cannot be looked up.
Digest = Callable[[str], str]


class DutyOperator(Base):
    """An operator's WeChat, or the code by which he is about to prove it."""

    __tablename__ = "duty_operator"

    operator_id: Mapped[int] = mapped_column(
        ForeignKey("operator.id"), primary_key=True, autoincrement=False
    )
    openid: Mapped[str | None] = mapped_column(String(64), unique=True)
    code_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    code_until_at: Mapped[datetime | None]
    bound_at: Mapped[datetime | None]


def new_code(session: Session, digest: Digest, operator_id: int, at: datetime) -> str:
    """Six digits that are good for ten minutes, once; earlier ones of his work no more."""
    row = {"operator_id": operator_id, "openid": None, "code_digest": None}
    insert_once(session, DutyOperator, row, "operator_id")
    mine = session.get_one(DutyOperator, operator_id, with_for_update=True)
    taken = set(session.scalars(select(DutyOperator.code_digest)))
    code = _draw()
    while _digest(digest, code) in taken:
        code = _draw()
    mine.code_digest, mine.code_until_at = _digest(digest, code), at + VALID_FOR
    session.flush()
    return code


def _draw() -> str:
    return f"{secrets.randbelow(10**6):06d}"


def _digest(digest: Digest, code: str) -> str:
    return digest(f"duty-code:{code}")


def bind(
    session: Session, digest: Digest, openid: str, code: str, at: datetime
) -> Operator | None:
    """Bind the WeChat to whoever was shown the code; None for a wrong, used or old one.

    A WeChat belongs to one operator, an operator has one WeChat: the newest binding holds. Five
    wrong codes an hour are all that a WeChat may try.
    """
    if _is_guessing(session, openid, at):
        return None
    found = session.scalar(
        select(DutyOperator).where(
            DutyOperator.code_digest == _digest(digest, code), DutyOperator.code_until_at > at
        )
    )
    operator = session.get(Operator, found.operator_id) if found else None
    if found is None or operator is None or not _may(operator):
        activity.record(session, _TRIED, at, who=(openid, None))
        return None
    # Of two who send it at once, the row lets one through.
    used = session.execute(
        update(DutyOperator)
        .where(
            DutyOperator.operator_id == operator.id,
            DutyOperator.code_digest == found.code_digest,
        )
        .values(code_digest=None, code_until_at=None)
        .execution_options(synchronize_session=False)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        return None
    forget(session, openid)
    session.refresh(found)
    found.openid, found.bound_at = openid, at
    session.flush()
    _note(session, "duty.bound", operator.id, Hand(operator.id, at))
    return operator


def _is_guessing(session: Session, openid: str, at: datetime) -> bool:
    tried = select(activity.Activity.id).where(
        activity.Activity.kind == _TRIED,
        activity.Activity.at > at - _WITHIN,
        activity.Activity.openid == openid,
    )
    return len(session.scalars(tried.limit(MOST_TRIES)).all()) == MOST_TRIES


def _may(operator: Operator) -> bool:
    return operator.active and operator.may(PERMISSION)


def of_operator(session: Session, operator_id: int) -> DutyOperator | None:
    """His binding, or the code that he was shown."""
    return session.get(DutyOperator, operator_id)


def find(session: Session, openid: str) -> Operator | None:
    """The operator who writes from this WeChat, if he may stop pushes."""
    operator = session.scalar(
        select(Operator)
        .join(DutyOperator, DutyOperator.operator_id == Operator.id)
        .where(DutyOperator.openid == openid)
    )
    return operator if operator is not None and _may(operator) else None


def unbind(session: Session, operator_id: int, hand: Hand) -> bool:
    """His WeChat is nobody's any more; False when none was known."""
    found = session.get(DutyOperator, operator_id, with_for_update=True)
    if found is None:
        return False
    was_bound = found.openid is not None
    session.delete(found)
    session.flush()
    if was_bound:
        _note(session, "duty.unbound", operator_id, hand)
    return was_bound


def forget(session: Session, openid: str) -> None:
    """This WeChat is bound to nobody, such as because its holder is gone."""
    session.execute(
        delete(DutyOperator)
        .where(DutyOperator.openid == openid)
        .execution_options(synchronize_session=False)
    )


def tell_paused(session: Session, push: Push, reason: str, at: datetime) -> int:
    """Tell every bound operator who wrote within 48 hours that a push stopped; how many."""
    rows = session.scalars(select(DutyOperator).where(DutyOperator.openid.is_not(None))).all()
    told = 0
    for row in rows:
        openid = row.openid or ""
        if find(session, openid) is None or not _is_open(session, openid, at):
            continue
        reference = f"push-paused:{push.id}:{int(at.timestamp())}:{row.operator_id}"
        text = f"推送“{push.title}”自动暂停：{reason}。请到后台查看。"
        body = {"msgtype": "text", "text": {"content": text}}
        told += customer_messages.post(session, openid, reference, body, at)
    return told


def _is_open(session: Session, openid: str, at: datetime) -> bool:
    actions = [Action(kind, when) for kind, when in inbox.actions(session, openid, at - LONGEST)]
    return customer_messages.left_for(session, openid, actions, at).left > 0


def _note(session: Session, action: str, operator_id: int, hand: Hand) -> None:
    audit.write(session, action, f"operator:{operator_id}", hand.at, by=(hand.by, None))
