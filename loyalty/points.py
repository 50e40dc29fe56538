"""Points: append-only entries, lots that expire, and a balance that always equals both.

One writer a member at a time: every change begins with the account row, which is the lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base
from kernel.hot import table_of
from kernel.refusals import Refused


class PointsAccount(Base):
    """A member's balance; made with the member."""

    __tablename__ = "points_account"
    __table_args__ = (CheckConstraint("balance >= 0", name="balance_not_negative"),)

    member_id: Mapped[int] = mapped_column(
        ForeignKey("member.id"), primary_key=True, autoincrement=False
    )
    balance: Mapped[int] = mapped_column(BigInteger, default=0)


class PointsEntry(Base):
    """One movement. `reference` is the business fact behind it and stands once, for ever."""

    __tablename__ = "points_entry"
    __table_args__ = (
        CheckConstraint("delta <> 0", name="delta_moves"),
        Index("ix_points_entry_member_id_id", "member_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(String(20))
    delta: Mapped[int] = mapped_column(BigInteger)
    balance_after: Mapped[int] = mapped_column(BigInteger)
    reference: Mapped[str] = mapped_column(String(120), unique=True)
    note: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime]


class PointsLot(Base):
    """The points of one credit, and how many of them are left until they expire."""

    __tablename__ = "points_lot"
    __table_args__ = (
        CheckConstraint("remaining >= 0 AND remaining <= amount", name="remaining_in_lot"),
        Index("ix_points_lot_member_id_expires_at", "member_id", "expires_at", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("points_entry.id"), unique=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    remaining: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[datetime]


class LotUse(Base):
    """How much of a debit came from which lot."""

    __tablename__ = "lot_use"

    entry_id: Mapped[int] = mapped_column(ForeignKey("points_entry.id"), primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("points_lot.id"), primary_key=True)
    amount: Mapped[int] = mapped_column(Integer)


class NotEnoughPoints(Refused):
    """The balance is below the price; facts: `balance`, `price`."""

    code = "not_enough_points"


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
    session.execute(insert(PointsAccount), {"member_id": member_id, "balance": 0})


def earn(
    session: Session, member_id: int, credits: Sequence[Credit], at: datetime, expires_at: datetime
) -> int:
    """Give points and return the new balance; each credit is its own entry and its own lot.

    A reference that stands already raises IntegrityError: callers decide "once" before they pay.
    """
    balance = _move(session, member_id, sum(credit.points for credit in credits))
    running = balance - sum(credit.points for credit in credits)
    for credit in credits:
        running += credit.points
        entry_id = _enter(
            session,
            {
                "member_id": member_id,
                "kind": "earn",
                "delta": credit.points,
                "balance_after": running,
                "reference": credit.reference,
                "note": credit.note,
                "created_at": at,
            },
        )
        session.execute(
            _INSERT_LOT,
            {
                "member_id": member_id,
                "entry_id": entry_id,
                "amount": credit.points,
                "remaining": credit.points,
                "expires_at": expires_at,
            },
        )
    return balance


def spend(session: Session, member_id: int, debit: Debit, at: datetime) -> int:
    """Take points, soonest to expire first, and return the new balance.

    Raises NotEnoughPoints; then nothing has changed.
    """
    balance = _move(session, member_id, -debit.points)
    entry_id = _enter(
        session,
        {
            "member_id": member_id,
            "kind": "spend",
            "delta": -debit.points,
            "balance_after": balance,
            "reference": debit.reference,
            "note": debit.note,
            "created_at": at,
        },
    )
    _use_lots(session, member_id, entry_id, debit.points)
    return balance


def _move(session: Session, member_id: int, delta: int) -> int:
    connection = session.connection()
    if connection.dialect.update_returning:
        row = connection.execute(_MOVE_RETURNING, {"owner": member_id, "delta": delta}).first()
        if row is not None:
            return int(row[0])
    elif connection.execute(_MOVE, {"owner": member_id, "delta": delta}).rowcount == 1:
        return balance_of(session, member_id)
    raise NotEnoughPoints(balance=balance_of(session, member_id), price=-delta)


def _enter(session: Session, row: dict[str, Any]) -> int:
    key = session.connection().execute(_INSERT_ENTRY, row).inserted_primary_key
    assert key is not None
    return int(key[0])


def _use_lots(session: Session, member_id: int, entry_id: int, needed: int) -> None:
    lots = session.execute(
        select(PointsLot.id, PointsLot.remaining)
        .where(PointsLot.member_id == member_id, PointsLot.remaining > 0)
        .order_by(PointsLot.expires_at, PointsLot.id)
    )
    for lot in lots.all():
        taken = min(lot.remaining, needed)
        session.execute(
            update(PointsLot)
            .where(PointsLot.id == lot.id)
            .values(remaining=PointsLot.remaining - taken)
        )
        session.execute(insert(LotUse), {"entry_id": entry_id, "lot_id": lot.id, "amount": taken})
        needed -= taken
        if needed == 0:
            return
    raise AssertionError("the lots hold less than the balance")  # books are broken: stop here


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


_MOVE = (
    update(table_of(PointsAccount))
    .where(
        PointsAccount.member_id == bindparam("owner"),
        PointsAccount.balance + bindparam("delta") >= 0,
    )
    .values(balance=PointsAccount.balance + bindparam("delta"))
)
_MOVE_RETURNING = _MOVE.returning(PointsAccount.balance)
_INSERT_ENTRY = insert(table_of(PointsEntry))
_INSERT_LOT = insert(table_of(PointsLot))
