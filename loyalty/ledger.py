"""The ledger of points: accounts, entries, lots and lot uses, and the writes they are made of.

One writer a member at a time: every change begins with the account row, which is the lock.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    bindparam,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.activity import BigId
from kernel.db import Base
from kernel.hot import Hot, inserting, table_of

# What counts for a tier.
QUALIFYING = frozenset({"earn", "release"})


class PointsAccount(Base):
    """A member's balance; made with the member.

    `debt` is owed after a claw-back of spent points and is paid by the next credits; `qualified`
    is what was earned in the tiers' window, exact as of the last tier run and kept up since;
    `streak_version` changes with the member's streaks: who read them under an older one reads
    them again.
    """

    __tablename__ = "points_account"
    __table_args__ = (
        CheckConstraint("balance >= 0", name="balance_not_negative"),
        CheckConstraint("debt >= 0", name="debt_not_negative"),
        Index("ix_points_account_balance_member_id", "balance", "member_id"),
    )

    member_id: Mapped[int] = mapped_column(
        ForeignKey("member.id"), primary_key=True, autoincrement=False
    )
    balance: Mapped[int] = mapped_column(BigInteger, default=0)
    debt: Mapped[int] = mapped_column(BigInteger, default=0)
    qualified: Mapped[int] = mapped_column(BigInteger, default=0)
    streak_version: Mapped[int] = mapped_column(Integer, default=0)


class PointsEntry(Base):
    """One movement. `reference` is the business fact behind it and stands once, for ever.

    `kind`: earn, release (of pending points), adjust, spend, expire, reverse, repay (of debt),
    transfer (of a merged member). `rule` is the earn rule that paid.
    """

    __tablename__ = "points_entry"
    __table_args__ = (
        CheckConstraint("delta <> 0", name="delta_moves"),
        Index("ix_points_entry_member_id_id", "member_id", "id"),
        Index("ix_points_entry_member_id_created_at", "member_id", "created_at"),
        Index("ix_points_entry_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    kind: Mapped[str] = mapped_column(String(20))
    delta: Mapped[int] = mapped_column(BigInteger)
    balance_after: Mapped[int] = mapped_column(BigInteger)
    reference: Mapped[str] = mapped_column(String(120), unique=True)
    note: Mapped[str] = mapped_column(String(60))
    rule: Mapped[str | None] = mapped_column(String(40))
    operator_id: Mapped[int | None] = mapped_column(BigInteger)
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
    """How much of a debit came from which lot; negative where a refund gave it back."""

    __tablename__ = "lot_use"
    __table_args__ = (Index("ix_lot_use_lot_id", "lot_id"),)

    entry_id: Mapped[int] = mapped_column(ForeignKey("points_entry.id"), primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("points_lot.id"), primary_key=True)
    amount: Mapped[int] = mapped_column(Integer)


class Account(NamedTuple):
    """An account as it stands, its row locked until the transaction ends."""

    balance: int
    debt: int
    qualified: int


class OpenLot(NamedTuple):
    """A lot that still holds points."""

    id: int
    remaining: int
    expires_at: datetime


@dataclass(frozen=True)
class Movement:
    """What an entry says; `delta` in points."""

    kind: str
    delta: int
    reference: str
    note: str
    at: datetime
    rule: str | None = None
    operator_id: int | None = None


def move(session: Session, member_id: int, delta: int, qualified: int = 0) -> Account | None:
    """Change the balance and return the account, locked; None when it would go below zero."""
    values = {"owner": member_id, "delta": delta, "gained": qualified}
    connection = session.connection()
    if connection.dialect.update_returning:
        row = _MOVE_RETURNING.run(session, values).first()
        return None if row is None else Account(*row)
    if connection.execute(_MOVE, values).rowcount != 1:
        return None
    return Account(*session.execute(_ACCOUNT, {"owner": member_id}).one())


def hold(session: Session, member_id: int) -> Account:
    """Lock the account and return it as it stands."""
    row = _HOLD.run(session, {"owner": member_id}).first()
    assert row is not None, "a member without a points account"
    return Account(*row)


def owe(session: Session, member_id: int, change: int) -> None:
    """Change what the locked account owes."""
    session.execute(
        update(PointsAccount)
        .where(PointsAccount.member_id == member_id)
        .values(debt=PointsAccount.debt + change)
        .execution_options(synchronize_session=False)
    )


def enter(session: Session, member_id: int, movement: Movement, balance_after: int) -> int:
    """Append an entry; its id."""
    row = {
        "member_id": member_id,
        "kind": movement.kind,
        "delta": movement.delta,
        "balance_after": balance_after,
        "reference": movement.reference,
        "note": movement.note,
        "rule": movement.rule,
        "operator_id": movement.operator_id,
        "created_at": movement.at,
    }
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        made = _INSERT_ENTRY_RETURNING.run(session, row).first()
        assert made is not None
        return int(made[0])
    key = connection.execute(table_of(PointsEntry).insert(), row).inserted_primary_key
    assert key is not None
    return int(key[0])


def open_lot(
    session: Session, member_id: int, entry_id: int, amount: int, expires_at: datetime
) -> None:
    """The lot of a credit."""
    row = {"member_id": member_id, "entry_id": entry_id, "amount": amount}
    _INSERT_LOT.run(session, {**row, "remaining": amount, "expires_at": expires_at})


def lots_of(session: Session, member_id: int) -> list[OpenLot]:
    """The lots that hold points, soonest to expire first."""
    rows = session.execute(_OPEN_LOTS, {"owner": member_id}).all()
    return [OpenLot(*row) for row in rows]


def use_lots(session: Session, entry_id: int, uses: Iterable[tuple[int, int]]) -> None:
    """Take from lots, by (lot id, points); points below zero give back."""
    for lot_id, amount in uses:
        _USE_LOT.run(session, {"lot": lot_id, "taken": amount})
        _INSERT_USE.run(session, {"entry_id": entry_id, "lot_id": lot_id, "amount": amount})


def take_soonest(lots: Iterable[OpenLot], needed: int) -> list[tuple[int, int]]:
    """Which lots a debit of so many points takes from: (lot id, points), soonest first."""
    uses = []
    for lot in lots:
        if needed == 0:
            break
        taken = min(lot.remaining, needed)
        uses.append((lot.id, taken))
        needed -= taken
    assert needed == 0, "the lots hold less than the balance"  # books are broken: stop here
    return uses


_MOVE = (
    update(table_of(PointsAccount))
    .where(
        PointsAccount.member_id == bindparam("owner"),
        PointsAccount.balance + bindparam("delta") >= 0,
    )
    .values(
        balance=PointsAccount.balance + bindparam("delta"),
        qualified=PointsAccount.qualified + bindparam("gained"),
    )
)
_MOVE_RETURNING = Hot(
    _MOVE.returning(PointsAccount.balance, PointsAccount.debt, PointsAccount.qualified)
)
_ACCOUNT = select(PointsAccount.balance, PointsAccount.debt, PointsAccount.qualified).where(
    PointsAccount.member_id == bindparam("owner")
)
_HOLD = Hot(_ACCOUNT.with_for_update())
_INSERT_ENTRY_RETURNING = Hot(
    inserting(
        table_of(PointsEntry),
        (
            "member_id", "kind", "delta", "balance_after", "reference", "note", "rule",
            "operator_id", "created_at",
        ),
    ).returning(PointsEntry.id)
)  # fmt: skip
_INSERT_LOT = Hot(
    inserting(table_of(PointsLot), ("member_id", "entry_id", "amount", "remaining", "expires_at"))
)
_OPEN_LOTS = (
    select(PointsLot.id, PointsLot.remaining, PointsLot.expires_at)
    .where(PointsLot.member_id == bindparam("owner"), PointsLot.remaining > 0)
    .order_by(PointsLot.expires_at, PointsLot.id)
)
_USE_LOT = Hot(
    update(table_of(PointsLot))
    .where(PointsLot.id == bindparam("lot"))
    .values(remaining=PointsLot.remaining - bindparam("taken"))
)
_INSERT_USE = Hot(inserting(table_of(LotUse), ("entry_id", "lot_id", "amount")))
