"""Small helps of the calendar's tests: hands, batches, programmes, an editor of pushes."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.reviews import Hand
from kernel.audit import AuditEntry
from kernel.clock import SHANGHAI, day_start
from loyalty import checkin_programmes, coupon_batches
from loyalty.checkin_programmes import FOR_EVER, CheckInProgramme, NewProgramme
from loyalty.coupons import CouponBatch
from pushes import drafts
from pushes.proposal_decisions import Draft

MARKETER = 1


def noon(day: str) -> datetime:
    """Noon of a day in Shanghai."""
    return datetime.combine(date.fromisoformat(day), time(12), SHANGHAI)


def hand(day: str = "2026-11-20", by: int = MARKETER) -> Hand:
    """An operator at noon of that day; the marketer unless said otherwise."""
    return Hand(by, noon(day))


@dataclass
class Editor:
    """Writes drafts as the console does, and keeps what it was asked."""

    asked: list[Draft] = field(default_factory=list)

    def __call__(self, session: Session, draft: Draft) -> int:
        self.asked.append(draft)
        form = replace(drafts.text_form(draft.title, draft.body), send_at=draft.send_at)
        return drafts.write(session, form, Hand(draft.author_id, draft.send_at)).id


def begun(session: Session, title: str, at: datetime, state: str = "finished") -> int:
    """A push that began at that instant; its number."""
    push = drafts.write(session, drafts.text_form(title, "文字"), Hand(MARKETER, at))
    push.state, push.started_at = state, at
    session.flush()
    return push.id


def acts(session: Session) -> list[tuple[str, str]]:
    """(action, subject) of the audit log, in order."""
    query = select(AuditEntry.action, AuditEntry.subject).order_by(AuditEntry.id)
    return [(row.action, row.subject) for row in session.execute(query)]


def add_batch(
    session: Session, code: str, starts_on: str, days: int, state: str = "closed"
) -> CouponBatch:
    """A batch for so many days, with the festival itself as a day without use."""
    starts_at = day_start(date.fromisoformat(starts_on))
    form = coupon_batches.Form(
        code=code,
        title="中秋话费券",
        kind="bill_credit",
        worth="5 元",
        terms="每户一张",
        stock=100,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(days=days),
        amount_fen=500,
        valid_days=30,
    )
    return coupon_batches.create(session, form, noon(starts_on), state=state)


def add_programme(
    session: Session, code: str, starts_on: str, at: str, ends_on: date = FOR_EVER
) -> CheckInProgramme:
    """A version of the check-in rules with a base of 5 points and the code as its name."""
    starts = date.fromisoformat(starts_on)
    new = NewProgramme(code, code, starts, {"base": 5}, ends_on)
    return checkin_programmes.publish(session, new, noon(at))
