"""Transfers: a merged member's points go over lot by lot; an erased member's are forfeited."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base
from loyalty import ledger, points
from loyalty.ledger import Account, Movement, OpenLot, PointsLot


class PointsDebtMove(Base):
    """Debt that went from one member to another, or away: `points` more (or less) are owed."""

    __tablename__ = "points_debt_move"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    points: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


def move_all(session: Session, from_id: int, to_id: int, at: datetime) -> int:
    """Move every point that is still worth something, each lot with its expiry; how many moved.

    Debt moves too, and is paid at once where it can be. A second time moves what came since.
    """
    accounts = {one: ledger.hold(session, one) for one in sorted((from_id, to_id))}
    lots = ledger.lots_of(session, from_id)
    gone = [lot for lot in lots if lot.expires_at <= at]
    left = points.expire(session, from_id, accounts[from_id], gone, at)
    live = lots[len(gone) :]
    if left:
        taken = _take(session, from_id, to_id, live, at)
        _bring(session, to_id, taken, live, at)
    debt = accounts[from_id].debt
    if debt:
        _owe(session, from_id, -debt, at)
        _owe(session, to_id, debt, at)
    there = accounts[to_id]
    account = Account(there.balance + left, there.debt + debt, there.qualified)
    points.repay(session, to_id, account, at)
    return left


def forfeit(session: Session, member_id: int, at: datetime) -> int:
    """Let every point of an erased member expire and the debt go; how many went."""
    account = ledger.hold(session, member_id)
    points.expire(session, member_id, account, ledger.lots_of(session, member_id), at)
    if account.debt:
        _owe(session, member_id, -account.debt, at)
    return account.balance


def _owe(session: Session, member_id: int, change: int, at: datetime) -> None:
    ledger.owe(session, member_id, change)
    row = {"member_id": member_id, "points": change, "created_at": at}
    session.execute(insert(PointsDebtMove), row)


def _take(session: Session, from_id: int, to_id: int, lots: list[OpenLot], at: datetime) -> int:
    total = sum(lot.remaining for lot in lots)
    ledger.move(session, from_id, -total)
    # Named by what was booked last: a refund may fill a lot again that was moved before.
    reference = f"transfer:{from_id}:{to_id}:{points.last_entry(session, from_id)}"
    movement = Movement("transfer", -total, reference, "并入另一会员", at)
    entry_id = ledger.enter(session, from_id, movement, 0)
    ledger.use_lots(session, entry_id, [(lot.id, lot.remaining) for lot in lots])
    return entry_id


def _bring(session: Session, to_id: int, taken_id: int, lots: list[OpenLot], at: datetime) -> None:
    total = sum(lot.remaining for lot in lots)
    account = ledger.move(session, to_id, total)
    assert account is not None, "a member without a points account"
    running = account.balance - total
    for lot in lots:
        running += lot.remaining
        reference = f"transfer-in:{taken_id}:{lot.id}"
        movement = Movement("transfer", lot.remaining, reference, "会员合并转入", at)
        entry_id = ledger.enter(session, to_id, movement, running)
        ledger.open_lot(session, to_id, entry_id, lot.remaining, lot.expires_at)


def worth_moving(session: Session, member_id: int, at: datetime) -> int:
    """How many points a merge would move."""
    lots = session.execute(
        select(PointsLot.remaining).where(
            PointsLot.member_id == member_id, PointsLot.remaining > 0, PointsLot.expires_at > at
        )
    )
    return sum(lot.remaining for lot in lots)
