"""Claims: how a member comes by a coupon, claimed on his own or given for a reason."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session, make_transient_to_detached

from kernel import activity
from kernel.db import TryAgain, insert_once
from kernel.hot import ALONE, Hot, table_of
from kernel.refusals import NotFound
from loyalty import (
    claim_conditions,
    claim_facts,
    claims_postgres,
    coupon_stock,
    coupon_validity,
    ledger,
    partner_codes,
    points,
)
from loyalty.claim_conditions import Ask, Case, OutOfStock
from loyalty.claim_facts import Facts
from loyalty.coupon_validity import Terms
from loyalty.coupons import Coupon, CouponBatch
from loyalty.points import Debit
from loyalty.reasons import Condition

__all__ = [
    "Ask",
    "OutOfStock",
    "Source",
    "batch_id_of",
    "claim",
    "conditions",
    "give",
    "give_many",
]

# The columns of a new coupon, the same for all.
_BLANK: dict[str, Any] = {
    "seq": None,
    "state": "available",
    "source": "",
    "source_reference": None,
    "paid_points": 0,
    "order_reference": None,
    "locked_until": None,
    "used_at": None,
    "void_id": None,
}
SITE = Ask()


class _Overtaken(TryAgain):
    """A rival claim of the same member took the number in the row first."""


@dataclass(frozen=True)
class Source:
    """Where a given coupon comes from; `reference` is the fact behind it, good for one coupon."""

    kind: str
    reference: str | None = None


def conditions(
    session: Session, batch: CouponBatch, member_id: int, at: datetime, *, ask: Ask = SITE
) -> list[Condition]:
    """Why (not) me: what a claim would be judged by, with the member's own values."""
    facts = claim_facts.look(session, batch.id, member_id, at)
    return claim_conditions.explain(Case(session, facts, member_id, at, ask))


def claim(
    session: Session, batch_id: int, member_id: int, at: datetime, *, ask: Ask = SITE
) -> Coupon:
    """The member takes one coupon of the batch for himself.

    Raises NotFound and the refusals of `claim_conditions`; then nothing has changed. The member's
    own rows come first and the shared stock row last, so that the hot row is held shortest.
    """
    if session.get_bind().dialect.name == "postgresql":
        coupon = _claim_at_once(session, batch_id, member_id, at, ask)
        if coupon is not None:
            return coupon
    facts = _judge(session, batch_id, member_id, at, ask)
    if facts.price_points:
        facts = _queue(session, batch_id, member_id, at, ask)
        return _claim_in_steps(session, facts, member_id, at, ask)
    try:
        return _claim_in_steps(session, facts, member_id, at, ask)
    except _Overtaken:
        facts = _queue(session, batch_id, member_id, at, ask)
        return _claim_in_steps(session, facts, member_id, at, ask)


def _judge(session: Session, batch_id: int, member_id: int, at: datetime, ask: Ask) -> Facts:
    facts = claim_facts.look(session, batch_id, member_id, at)
    claim_conditions.enforce(Case(session, facts, member_id, at, ask))
    return facts


def _queue(session: Session, batch_id: int, member_id: int, at: datetime, ask: Ask) -> Facts:
    """Wait for the member's other claims and judge anew: a rival took the number in the row."""
    ledger.hold(session, member_id)
    return _judge(session, batch_id, member_id, at, ask)


def _row(batch_id: int, terms: Terms, member_id: int, at: datetime) -> dict[str, Any]:
    valid_from, valid_until = coupon_validity.window_of(terms, at)
    return {
        **_BLANK,
        "batch_id": batch_id,
        "member_id": member_id,
        "code": secrets.token_hex(12),
        "claimed_at": at,
        "valid_from": valid_from,
        "valid_until": valid_until,
    }


def _claimed(facts: Facts, member_id: int, at: datetime, ask: Ask) -> dict[str, Any]:
    row = _row(facts.batch_id, facts, member_id, at)
    return {**row, "seq": facts.held + 1, "source": ask.channel, "paid_points": facts.price_points}


def _claim_at_once(
    session: Session, batch_id: int, member_id: int, at: datetime, ask: Ask
) -> Coupon | None:
    """An ordinary claim in one statement; None when it is none, is refused or was overtaken."""
    row = {"batch_id": batch_id, "member_id": member_id, "code": secrets.token_hex(12)}
    row["source"] = ask.channel
    done = claims_postgres.claim(session, row, at)
    if done is None:
        return None
    made, taken = done
    row = {**_BLANK, **row, "claimed_at": at, **made}
    if not taken:  # the shard ran dry meanwhile; others may not have
        _note(session, row)
        coupon_stock.take(session, batch_id)
    return _loaded(session, row)


def _claim_in_steps(
    session: Session, facts: Facts, member_id: int, at: datetime, ask: Ask
) -> Coupon:
    row = _claimed(facts, member_id, at, ask)
    if facts.price_points:
        debit = Debit(facts.price_points, f"coupon:{row['code']}", "兑换优惠券")
        points.spend(session, member_id, debit, at)
    if not insert_once(session, Coupon, row, "batch_id,member_id,seq"):
        raise _Overtaken
    return _finish(session, facts, row)


def _finish(session: Session, facts: Facts, row: dict[str, Any]) -> Coupon:
    """What follows the coupon's own row: its code, the activity, and last the stock."""
    coupon_id = _id_of(session, row["code"])
    if facts.kind == "partner":
        partner_codes.take(session, facts.batch_id, coupon_id, row["claimed_at"])
    _note(session, row)
    coupon_stock.take(session, facts.batch_id, facts.shard)
    return _loaded(session, {**row, "id": coupon_id})


def _id_of(session: Session, code: str) -> int:
    found = _ID_OF.run(session, {"wanted": code}).scalar()
    assert found is not None, "a row of this very transaction"
    return int(found)


def _note(session: Session, row: dict[str, Any]) -> None:
    kind = "coupon.claimed" if row["seq"] else "coupon.given"
    who = (None, row["member_id"])
    activity.record(session, kind, row["claimed_at"], who=who, batch_id=row["batch_id"])


def _loaded(session: Session, row: dict[str, Any]) -> Coupon:
    """The coupon as the session would have read it, without another trip."""
    coupon = Coupon()
    vars(coupon).update(row)
    if session.info.get(ALONE):
        return coupon  # it outlives this session at once
    make_transient_to_detached(coupon)
    session.add(coupon)
    return coupon


def give(
    session: Session, batch_id: int, member_id: int, at: datetime, source: Source
) -> Coupon | None:
    """Give the member a coupon that he need not claim: a gift, a reward, a prize.

    Once for each `source.reference`: a second call returns the coupon that stands. None when there
    is nothing to give: out of stock, not the batch's time, or no active member. Raises NotFound.
    """
    if source.reference and (found := _given(session, source.reference)):
        return found
    facts = claim_facts.look(session, batch_id, member_id, at)
    if not claim_conditions.is_givable(Case(session, facts, member_id, at, SITE)):
        return None
    row = {
        **_row(facts.batch_id, facts, member_id, at),
        "source": source.kind,
        "source_reference": source.reference,
    }
    if not insert_once(session, Coupon, row, "source_reference"):
        standing = _given(session, source.reference or "")
        if standing is None:
            raise TryAgain
        return standing
    try:
        return _finish(session, facts, row)
    except OutOfStock:
        _take_back(session, row["code"])
        return None


def give_many(
    session: Session, batch: CouponBatch, references: Mapping[int, str], at: datetime
) -> None:
    """Give each member of `references` one coupon for the reference, none of which stands yet.

    All or nothing. Raises TryAgain when the stock shrank since the caller looked at it.
    """
    rows = [
        {
            **_row(batch.id, batch, member_id, at),
            "source": "grant",
            "source_reference": reference,
        }
        for member_id, reference in sorted(references.items())
    ]
    if not rows:
        return
    session.execute(insert(Coupon), rows)
    if batch.kind == "partner":
        written = Coupon.source_reference.in_(references.values())
        for coupon_id in session.scalars(select(Coupon.id).where(written)).all():
            partner_codes.take(session, batch.id, coupon_id, at)
    for row in rows:
        _note(session, row)
    if not coupon_stock.take_many(session, batch.id, len(rows)):
        raise TryAgain


def _given(session: Session, reference: str) -> Coupon | None:
    return session.scalar(select(Coupon).where(Coupon.source_reference == reference))


def _take_back(session: Session, code: str) -> None:
    """Undo a row of this very transaction, which nobody else has seen."""
    partner_codes.free(session, _id_of(session, code))
    session.execute(delete(table_of(Coupon)).where(Coupon.code == code))


def batch_id_of(session: Session, code: str) -> int:
    """The id of the batch with that code. Raises NotFound."""
    found = session.scalar(select(CouponBatch.id).where(CouponBatch.code == code))
    if found is None:
        raise NotFound
    return found


_ID_OF = Hot(select(Coupon.id).where(Coupon.code == bindparam("wanted")))
