"""THE tables of what each package does when a member is erased, or becomes another.

`app.py` hands them to whoever erases and merges; what `loyalty` holds itself it forgets itself.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from bot import inbox
from content import conversations, customer_messages, faq_chats, reply_decisions
from kernel import idempotency
from loyalty import erasure, members, merges, staff
from loyalty.erasure import Leaving
from products import applications
from pushes import credits, deliveries, duty, push_events, sent_notices


def _erase_messages(session: Session, leaving: Leaving) -> None:
    inbox.forget(session, leaving.openid, leaving.stand_in)


def _erase_answers(session: Session, leaving: Leaving) -> None:
    idempotency.forget(session, f"member:{leaving.member_id}")


def _erase_applications(session: Session, leaving: Leaving) -> None:
    applications.forget(session, leaving.member_id, leaving.at)


def _erase_deliveries(session: Session, leaving: Leaving) -> None:
    deliveries.forget(session, leaving.openid, leaving.stand_in, leaving.at)
    credits.forget(session, leaving.openid)
    push_events.forget(session, leaving.openid)
    duty.forget(session, leaving.openid)
    sent_notices.forget(session, leaving.member_id, leaving.at)


def _dismiss(session: Session, leaving: Leaving) -> None:
    staff.dismiss(session, leaving.openid, leaving.stand_in)


def _erase_talks(session: Session, leaving: Leaving) -> None:
    _forget_talks(session, leaving.openid, leaving.stand_in, leaving.at)


def _forget_talks(session: Session, openid: str, stand_in: str, at: datetime) -> None:
    conversations.forget(session, openid, stand_in)
    customer_messages.forget(session, openid, at)
    faq_chats.forget(session, openid)
    reply_decisions.forget(session, openid)


ERASE_STEPS: tuple[erasure.Step, ...] = (
    _erase_messages,
    _erase_talks,
    _erase_answers,
    _erase_applications,
    _erase_deliveries,
    _dismiss,
)


def _drop_messages(session: Session, from_id: int, to_id: int, at: datetime) -> None:
    # The source's openid goes with the merge: an erasure of the target could not find it again.
    del to_id
    openid = members.get_by_id(session, from_id).openid
    inbox.forget(session, openid, f"merged:{from_id}")
    _forget_talks(session, openid, f"merged:{from_id}", at)
    idempotency.forget(session, f"member:{from_id}")


def _move_applications(session: Session, from_id: int, to_id: int, at: datetime) -> None:
    del at
    applications.hand_over(session, from_id, to_id)


def _drop_deliveries(session: Session, from_id: int, to_id: int, at: datetime) -> None:
    del to_id
    sent_notices.forget(session, from_id, at)
    openid = members.get_by_id(session, from_id).openid
    deliveries.forget(session, openid, f"merged:{from_id}", at)
    credits.forget(session, openid)
    push_events.forget(session, openid)
    duty.forget(session, openid)


def _move_staff(session: Session, from_id: int, to_id: int, at: datetime) -> None:
    del at
    source, target = (members.get_by_id(session, one) for one in (from_id, to_id))
    staff.hand_over(session, source.openid, target.openid)


MERGE_STEPS: tuple[merges.Step, ...] = (
    _drop_messages,
    _move_applications,
    _drop_deliveries,
    _move_staff,
)
