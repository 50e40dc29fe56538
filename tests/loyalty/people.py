"""Members and batches for the loyalty tests, without any WeChat."""

import itertools
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.keyring import _key
from kernel.vault import vault_of
from loyalty import checkin_programmes, coupon_batches, members
from loyalty.checkin_programmes import NewProgramme
from loyalty.ledger import LotUse, PointsAccount, PointsEntry, PointsLot
from loyalty.members import Registration
from loyalty.policy import Policy
from tests.world import NOON

VAULT = vault_of(f"k1:{_key()}", _key())
POLICY = Policy()
PLAIN = {"base": 5, "step": 1, "step_cap": 10, "streaks": [{"days": 3, "points": 20}]}
NEXT_YEAR = NOON + timedelta(days=365)
_numbers = itertools.count(1)


def join(session: Session, openid: str | None = None) -> int:
    """A new member's number."""
    number = next(_numbers)
    form = Registration(openid or f"oJoin{number:022d}", "会员", f"139{number:08d}", "v1")
    return members.admit(session, VAULT, form, NOON).id


def join_many(database: Database, count: int) -> list[int]:
    """Several new members."""
    return database.transaction(lambda session: [join(session) for _ in range(count)])


def open_programme(session: Session, rules: dict[str, Any] | None = None) -> int:
    """Check-ins are paid by these rules since the beginning of the year."""
    new = NewProgramme(f"p{next(_numbers)}", "每日签到", date(2026, 1, 1), rules or PLAIN)
    return checkin_programmes.publish(session, new, NOON).id


def offer(
    session: Session, stock: int, per_member: int = 1, at: datetime = NOON, **terms: Any
) -> int:
    """A batch of coupons that can be claimed now; `terms` are fields of the form."""
    plain: dict[str, Any] = {
        "code": f"batch-{next(_numbers)}",
        "title": "话费抵用券",
        "kind": "bill_credit",
        "worth": "10 元",
        "terms": "",
        "amount_fen": 1000,
        "stock": stock,
        "per_member": per_member,
        "valid_days": 30,
        "starts_at": at - timedelta(days=1),
        "ends_at": at + timedelta(days=7),
    }
    form = coupon_batches.Form(**plain | terms)
    return coupon_batches.create(session, form, at, state="open").id


def books_balance(session: Session) -> bool:
    """Whether balance, entries and lots of every member agree, and each lot with its uses."""
    entries = select(PointsEntry.member_id, func.sum(PointsEntry.delta)).group_by(
        PointsEntry.member_id
    )
    lots = select(PointsLot.member_id, func.sum(PointsLot.remaining)).group_by(PointsLot.member_id)
    by_entry = {row[0]: int(row[1]) for row in session.execute(entries)}
    by_lot = {row[0]: int(row[1]) for row in session.execute(lots)}
    accounts = session.execute(select(PointsAccount.member_id, PointsAccount.balance)).all()
    used = {
        row[0]: int(row[1])
        for row in session.execute(
            select(LotUse.lot_id, func.sum(LotUse.amount)).group_by(LotUse.lot_id)
        )
    }
    whole = all(
        lot.remaining == lot.amount - used.get(lot.id, 0)
        for lot in session.scalars(select(PointsLot))
    )
    return whole and all(
        balance == by_entry.get(member, 0) == by_lot.get(member, 0) for member, balance in accounts
    )
