"""Points: what a member earns and spends, each fact once, for ever."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.db import TryAgain
from kernel.refusals import Refused
from loyalty import ledger
from loyalty.ledger import Account, Movement, OpenLot, PointsAccount, PointsEntry


class NotEnoughPoints(Refused):
    """The balance is below the price; facts: `balance`, `price`."""

    code = "not_enough_points"


class ReferenceReused(Refused):
    """The reference stands already for another member or another number of points."""

    code = "reference_reused"


@dataclass(frozen=True)
class Credit:
    """Points to give: how many, for which fact (once for ever), under which name on statements."""

    points: int
    reference: str
    note: str


@dataclass(frozen=True)
class Debit:
    """Points to take."""

    points: int
    reference: str
    note: str


def open_account(session: Session, member_id: int) -> None:
    """The empty account of a new member."""
    row = {"member_id": member_id, "balance": 0, "debt": 0, "qualified": 0, "streak_version": 0}
    session.execute(insert(PointsAccount), row)


def standing(session: Session, member_id: int, wanted: Sequence[tuple[str, int]]) -> set[str]:
    """Those of the (reference, delta) pairs that are booked already.

    Raises ReferenceReused when one of them is booked for another member or another number.
    """
    found = session.execute(
        select(PointsEntry.reference, PointsEntry.member_id, PointsEntry.delta).where(
            PointsEntry.reference.in_([reference for reference, _ in wanted])
        )
    ).all()
    deltas = dict(wanted)
    if any(row.member_id != member_id or row.delta != deltas[row.reference] for row in found):
        raise ReferenceReused
    return {row.reference for row in found}


def earn(
    session: Session, member_id: int, credits: Sequence[Credit], at: datetime, expires_at: datetime
) -> int:
    """Give points and return the new balance; each credit is its own entry and its own lot.

    A reference that stands already is not paid again; it raises ReferenceReused when it stands
    for another member or another number of points.
    """
    return give(session, member_id, credits, Movement("earn", 0, "", "", at), expires_at)


def give(
    session: Session,
    member_id: int,
    credits: Sequence[Credit],
    like: Movement,
    expires_at: datetime,
) -> int:
    """As `earn`, with the kind, the rule and the operator that `like` names."""
    stands = standing(session, member_id, [(one.reference, one.points) for one in credits])
    new = [one for one in credits if one.reference not in stands]
    if not new:
        return balance_of(session, member_id)
    return book(session, member_id, new, like, expires_at).balance


def book(
    session: Session,
    member_id: int,
    credits: Sequence[Credit],
    like: Movement,
    expires_at: datetime,
) -> Account:
    """Give points whose facts the caller knows to be new; `like` says what they share.

    Returns the account, with the debt paid that it had.
    """
    total = sum(one.points for one in credits)
    qualified = total if like.kind in ledger.QUALIFYING else 0
    account = ledger.move(session, member_id, total, qualified)
    assert account is not None, "a member without a points account"
    running = account.balance - total
    for one in credits:
        running += one.points
        movement = replace(like, delta=one.points, reference=one.reference, note=one.note)
        entry_id = _enter(session, member_id, movement, running)
        ledger.open_lot(session, member_id, entry_id, one.points, expires_at)
    return repay(session, member_id, account, like.at)


def spend(session: Session, member_id: int, debit: Debit, at: datetime) -> int:
    """Take points, soonest to expire first, and return the new balance.

    Lots past their date are no longer worth anything, swept or not. A reference that stands is
    not taken again. Raises NotEnoughPoints; then nothing has changed.
    """
    return take(session, member_id, debit, Movement("spend", 0, "", "", at))


def take(session: Session, member_id: int, debit: Debit, like: Movement) -> int:
    """As `spend`, with the kind and the operator that `like` names."""
    account = ledger.hold(session, member_id)
    if standing(session, member_id, [(debit.reference, -debit.points)]):
        return account.balance
    lots = ledger.lots_of(session, member_id)
    gone = [lot for lot in lots if lot.expires_at <= like.at]
    worth = account.balance - sum(lot.remaining for lot in gone)
    if worth < debit.points:
        raise NotEnoughPoints(balance=worth, price=debit.points)
    expire(session, member_id, account, gone, like.at)
    ledger.move(session, member_id, -debit.points)
    movement = replace(like, delta=-debit.points, reference=debit.reference, note=debit.note)
    entry_id = _enter(session, member_id, movement, worth - debit.points)
    ledger.use_lots(session, entry_id, ledger.take_soonest(lots[len(gone) :], debit.points))
    return worth - debit.points


def expire(
    session: Session, member_id: int, account: Account, gone: Sequence[OpenLot], at: datetime
) -> int:
    """Take what lots past their date still hold; the balance that is left. The caller locked."""
    total = sum(lot.remaining for lot in gone)
    if not total:
        return account.balance
    ledger.move(session, member_id, -total)
    # A refund may fill a lot again that has expired, so neither lot nor day makes it unique.
    reference = f"expire:{member_id}:{last_entry(session, member_id)}"
    movement = Movement("expire", -total, reference, "积分到期", at)
    entry_id = ledger.enter(session, member_id, movement, account.balance - total)
    ledger.use_lots(session, entry_id, [(lot.id, lot.remaining) for lot in gone])
    return account.balance - total


def repay(session: Session, member_id: int, account: Account, at: datetime) -> Account:
    """Pay what the locked account owes from what has just come in; the account that is left."""
    if not account.debt:
        return account
    lots = [lot for lot in ledger.lots_of(session, member_id) if lot.expires_at > at]
    paid = min(account.debt, sum(lot.remaining for lot in lots))
    if not paid:
        return account
    ledger.move(session, member_id, -paid)
    ledger.owe(session, member_id, -paid)
    reference = f"repay:{member_id}:{last_entry(session, member_id)}"
    movement = Movement("repay", -paid, reference, "扣还积分", at)
    entry_id = ledger.enter(session, member_id, movement, account.balance - paid)
    ledger.use_lots(session, entry_id, ledger.take_soonest(lots, paid))
    return Account(account.balance - paid, account.debt - paid, account.qualified)


def last_entry(session: Session, member_id: int) -> int:
    """The number of the member's latest entry; 0 without one."""
    found = session.scalar(
        select(PointsEntry.id)
        .where(PointsEntry.member_id == member_id)
        .order_by(PointsEntry.id.desc())
        .limit(1)
    )
    return int(found or 0)


def _enter(session: Session, member_id: int, movement: Movement, balance_after: int) -> int:
    try:
        return ledger.enter(session, member_id, movement, balance_after)
    except IntegrityError as error:
        # A rival booked the same fact since we looked; a fresh look finds it standing.
        raise TryAgain from error


def balance_of(session: Session, member_id: int) -> int:
    """The member's points."""
    balance = session.scalar(
        select(PointsAccount.balance).where(PointsAccount.member_id == member_id)
    )
    return int(balance or 0)


def entries_of(
    session: Session, member_id: int, *, before: int | None = None, limit: int = 20
) -> list[PointsEntry]:
    """The member's movements, newest first, at most `limit`, with ids below `before`."""
    query = select(PointsEntry).where(PointsEntry.member_id == member_id)
    if before is not None:
        query = query.where(PointsEntry.id < before)
    return list(session.scalars(query.order_by(PointsEntry.id.desc()).limit(limit)))
